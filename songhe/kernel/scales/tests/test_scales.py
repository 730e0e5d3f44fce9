"""Scales: points, bands, and that a missing answer is never a zero."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from songhe.kernel.scales import UnknownScale, UnusableAnswer, scale, scales, score

SUMS = [name for name, known in scales().items() if known.rule == "sum"]
HEALTHY = {
    "respiration": 16, "spo2": 97, "oxygen": 0, "sbp": 120, "pulse": 70, "consciousness": 0,
    "temperature": 36.8,
}  # fmt: skip


def full(name: str, pick: int) -> dict[str, int]:
    """Answer every item with its lowest (0) or highest (-1) points."""
    return {item: sorted(values)[pick] for item, values in scale(name).points.items()}


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("barthel", 0, 100), ("braden", 6, 23), ("norton", 5, 20), ("morse", 0, 125),
        ("phq9", 0, 27), ("gad7", 0, 21), ("fes_i", 16, 64), ("qsofa", 0, 3), ("curb65", 0, 5),
        ("crb65", 0, 4), ("amt4", 0, 4), ("tilburg", 0, 15), ("fresh", 0, 4), ("mnihss", 0, 31),
        ("cirs_g", 0, 56), ("geriatric_risk", 0, 6),
    ],
)  # fmt: skip
def test_the_range_of_a_total_is_the_published_one(name: str, least: int, most: int) -> None:
    assert score(name, full(name, 0)).total == least
    assert score(name, full(name, -1)).total == most


@pytest.mark.parametrize(
    ("name", "answers", "total", "band"),
    [
        ("barthel", full("barthel", -1) | {"stairs": 5}, 95, "slight dependence"),
        ("barthel", full("barthel", 0) | {"feeding": 10, "walking": 15, "transfer": 15}, 40,
         "severe dependence"),
        ("braden", full("braden", -1) | {"mobility": 1, "friction": 1}, 18, "mild risk"),
        ("morse", full("morse", 0) | {"history": 25}, 25, "moderate risk"),
        ("news", HEALTHY | {"sbp": 88, "temperature": 35.0}, 6, "medium"),
        ("news2", HEALTHY | {"spo2": 97, "oxygen": 1, "spo2_scale": 2}, 5, "medium"),
        ("news2", HEALTHY | {"spo2": 90, "spo2_scale": 2}, 0, "low"),
        ("efi", {f"i{n}": int(n <= 11) for n in range(1, 37)}, 0.31, "moderate"),
        ("bmi", {"weight_kg": 50, "height_cm": 150}, 22.22, None),
        ("cha2ds2_vasc", full("cha2ds2_vasc", 0) | {"age_years": 64}, 0, "low"),
        ("cha2ds2_vasc", full("cha2ds2_vasc", 0) | {"age_years": 65}, 1, "intermediate"),
        ("cha2ds2_vasc", full("cha2ds2_vasc", -1) | {"age_years": 75}, 9, "high"),
        ("findrisc", full("findrisc", -1) | {"age_years": 65, "bmi_kg_m2": 31, "waist_cm": 89}, 26,
         "very high"),
        ("findrisc", full("findrisc", 0) | {"age_years": 44, "bmi_kg_m2": 25, "waist_cm": 94}, 4,
         "low"),
        ("mna_sf", full("mna_sf", -1) | {"bmi_kg_m2": 18.9}, 11, "at risk"),
        ("mna_sf", full("mna_sf", -1), 14, "normal"),
    ],
)  # fmt: skip
def test_totals_and_bands_by_hand(
    name: str, answers: dict[str, Any], total: float, band: str | None
) -> None:
    found = score(name, answers)
    assert found.total == total
    assert (found.band.en if found.band else None) == band


@pytest.mark.parametrize("name", sorted(scales()))
def test_a_missing_answer_is_no_zero(name: str) -> None:
    found = score(name, {})
    assert found.total is None
    assert found.band is None
    assert found.missing


def test_item_nine_calls_for_a_human_even_when_the_rest_is_missing() -> None:
    assert score("phq9", {"i9": 1}).urgent
    assert not score("phq9", full("phq9", 0)).urgent


def test_points_that_an_item_does_not_have_are_refused() -> None:
    with pytest.raises(UnusableAnswer, match="7 is not among the points of feeding"):
        score("barthel", full("barthel", 0) | {"feeding": 7})
    with pytest.raises(UnknownScale):
        score("mmse", {})


@given(st.sampled_from(SUMS), st.data())
def test_any_permitted_answers_give_a_total_in_range_with_a_band(name: str, data: Any) -> None:
    known = scale(name)
    answers = {
        item: data.draw(st.sampled_from(values), label=item)
        for item, values in known.points.items()
    }
    found = score(name, answers)
    assert found.total == sum(answers.values())
    assert (found.band is not None) == bool(known.bands)


def test_bands_go_downwards_and_speak_both_languages() -> None:
    for known in scales().values():
        least = [band.least for band in known.bands]
        assert least == sorted(least, reverse=True), known.id
        assert known.en
        assert known.zh
        assert all(band.en and band.zh for band in known.bands)
