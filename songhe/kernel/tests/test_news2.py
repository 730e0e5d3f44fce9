"""NEWS2: every published vector, partial data, and the score over time."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from songhe.kernel.detectors import news2, words
from songhe.kernel.detectors.news2 import PARTS, tables
from songhe.kernel.tests.make import evaluator, feed, of_rule, person_scope, phases, reading

SHARED = Path(__file__).resolve().parents[4] / "shared"
FULL = {
    "respiration": 16,
    "spo2": 97,
    "sbp": 120,
    "dbp": 75,
    "heart_rate": 70,
    "acvpu": 0,
    "temperature": 36.8,
    "oxygen": 0,
}


def _need(path: Path) -> str:
    if not path.exists():
        pytest.skip("the shared reference data is not beside this checkout")
    return path.read_text("utf-8")


def test_every_vector_of_the_guideline_models() -> None:
    vectors = json.loads(_need(SHARED / "data/clinical_scores_gdl2/score_vectors_dev.json"))
    risks = {"0": "low", "1": "low_medium", "2": "medium", "3": "high"}
    for vector in vectors["NEWS2"]:
        given_ = {key.split("|")[1]: value for key, value in vector["input"].items()}
        number = {key: float(value.split(",")[0].split("|")[0]) for key, value in given_.items()}
        score = news2(
            {
                "respiration": number["Respiration rate"],
                "spo2": number["spO2"],
                "oxygen": number["Supplemental oxygen"],
                "sbp": number["Systolic BP"],
                "pulse": number["Heart rate"],
                "consciousness": number["Consciousness"],
                "temperature": number["Temperature"],
            },
            scale=2 if number["Hypercapnic respiratory failure"] else 1,
        )
        assert score.total == vector["expected"]["gt0019|Total score"], vector["id"]
        assert score.risk == risks[vector["expected"]["gt0021|Clinical risk"][0]], vector["id"]
    assert len(vectors["NEWS2"]) >= 10


def test_every_vector_of_the_reference() -> None:
    reference = yaml.safe_load(_need(SHARED / "reference/02_vital_signs.yaml"))["news2"]
    for vector in reference["test_vectors"]:
        given_ = vector["in"]
        score = news2(
            {
                "respiration": given_["rr"],
                "spo2": given_["spo2"],
                "oxygen": float(given_["oxygen"]),
                "sbp": given_["sbp"],
                "pulse": given_["pulse"],
                "consciousness": "ACVPU".index(given_["acvpu"]),
                "temperature": given_["temp"],
            },
            scale=given_["scale"],
        )
        assert (score.total, score.risk) == (vector["total"], vector["risk"]), vector["id"]


def test_bands_are_those_of_the_reference() -> None:
    reference = yaml.safe_load(_need(SHARED / "reference/02_vital_signs.yaml"))["news2"]
    names = {
        "respiration": "respiration_rate_per_min",
        "sbp": "systolic_mmHg",
        "pulse": "pulse_per_min",
        "temperature": "temperature_C",
    }
    for table in tables():
        if table.part in names:
            rows = reference[names[table.part]]
        elif table.part == "spo2":
            rows = [
                row
                for row in reference[f"spo2_scale{table.scale}_percent"]
                if table.gas is None or row.get("gas", table.gas) == table.gas
            ]
            if table.scale == 2 and table.gas == "air":
                rows = [*rows[:3], {"min": 88, "score": 0}]
        else:
            continue
        shipped = [(low, high, score) for low, high, score in table.bands]
        assert shipped == [(r.get("min"), r.get("max"), r["score"]) for r in rows], table
    assert reference["air_or_oxygen"] == {"air": 0, "oxygen": 2}
    assert reference["consciousness"] == {"A": 0, "C": 3, "V": 3, "P": 3, "U": 3}


VALUES = st.fixed_dictionaries(
    {
        "respiration": st.integers(3, 80),
        "spo2": st.integers(50, 100),
        "oxygen": st.integers(0, 1),
        "sbp": st.integers(50, 280),
        "pulse": st.integers(20, 250),
        "consciousness": st.integers(0, 4),
        "temperature": st.floats(30, 43.5),
    }
)


@given(VALUES, st.sampled_from([1, 2]), st.sampled_from(PARTS))
def test_score_stays_in_range_and_a_missing_part_is_never_normal(
    values: dict[str, float], scale: int, gone: str
) -> None:
    whole = news2(values, scale=scale)
    assert whole.total is not None
    assert 0 <= whole.total <= 20
    assert whole.total == sum(whole.parts.values())
    part = news2({name: value for name, value in values.items() if name != gone}, scale=scale)
    assert part.total is None
    assert part.risk == "incomplete"
    assert gone in part.missing


def test_oxygen_unknown_leaves_only_those_spo2_values_open_that_hang_on_it() -> None:
    assert "spo2" in news2({"spo2": 97}, scale=2).missing
    assert news2({"spo2": 90}, scale=2).parts == {"spo2": 0}


def test_complete_score_is_raised_grows_and_is_cleared() -> None:
    judge = evaluator()
    ill = {**FULL, "respiration": 22, "spo2": 95, "heart_rate": 92, "temperature": 38.2}
    worse = {**ill, "respiration": 26, "heart_rate": 112}
    found = feed(judge, reading(0, **ill), reading(10, **worse), reading(100, **FULL))
    seen = of_rule(found, "news2")
    assert [(f.phase, f.level) for f in seen] == [
        ("raised", "urgent"),
        ("notice", "critical"),
        ("cleared", "urgent"),
    ]
    assert [f.summary["total"] for f in seen] == [5, 7, 0]
    assert "5" in words.why("news2", seen[0].summary, seen[0].params, "zh")


def test_parts_may_come_from_several_devices_within_fifteen_minutes() -> None:
    def parts(gap_s: int) -> list[Any]:
        first = reading(0, sbp=95, dbp=60, heart_rate=115)
        rest = {k: v for k, v in FULL.items() if k not in ("sbp", "dbp", "heart_rate")}
        last = reading(gap_s, **{**rest, "respiration": 22})
        return of_rule(feed(evaluator(), first, last), "news2")

    (raised,) = parts(900)
    assert (raised.phase, raised.summary["total"]) == ("raised", 6)
    assert len(raised.evidence) == 2
    assert parts(901) == []


def test_a_set_completed_by_a_normal_value_is_scored() -> None:
    low = {**FULL, "sbp": 95, "heart_rate": 115, "respiration": 22}
    acvpu = low.pop("acvpu")
    found = feed(evaluator(), reading(0, **low), reading(60, acvpu=acvpu))
    assert [f.summary["total"] for f in of_rule(found, "news2")] == [6]
    temperature = {k: v for k, v in low.items() if k != "temperature"} | {"acvpu": 0}
    found = feed(evaluator(), reading(0, **temperature), reading(60, temperature=36.8))
    assert [f.summary["total"] for f in of_rule(found, "news2")] == [6]


def test_incomplete_gives_a_notice_of_single_threes_and_names_what_is_missing() -> None:
    found = of_rule(feed(evaluator(), *(reading(t, heart_rate=135) for t in (0, 60))), "news2")
    (notice,) = found
    assert (notice.phase, notice.level, notice.of) == ("notice", "info", None)
    assert notice.summary["total"] is None
    assert "temperature" in notice.summary["missing"]
    why = words.why("news2", notice.summary, notice.params, "zh")
    assert "脉搏" in why
    assert "体温" in why


def test_oxygen_as_a_known_fact_completes_the_set() -> None:
    given_ = {k: v for k, v in FULL.items() if k != "oxygen"}
    judge = evaluator(person_scope({"oxygen": True}))
    found = of_rule(feed(judge, reading(0, **{**given_, "respiration": 25})), "news2")
    assert [f.summary["total"] for f in found] == [5]


def test_low_systolic_is_critical_only_with_another_sign() -> None:
    assert "bp-low-sign" not in {f.rule for f in feed(evaluator(), reading(0, sbp=88, dbp=60))}
    judge = evaluator()
    found = feed(judge, reading(0, heart_rate=95), reading(300, sbp=88, dbp=60))
    assert phases(found, "bp-low-sign") == ["raised"]
    found = feed(judge, reading(400, sbp=112, dbp=70))
    assert phases(found, "bp-low-sign") == ["cleared"]
    found = feed(evaluator(), reading(0, sbp=88, dbp=60), reading(300, heart_rate=95))
    assert phases(found, "bp-low-sign") == ["raised"]
