"""Open mHealth: every point that must pass passes, every one that must fail is refused with why."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from songhe.gateway import decoders
from songhe.gateway.decoders import Measurement, Memory, Refused, describe, openmhealth
from songhe.gateway.decoders.messages import REASONS
from songhe.gateway.decoders.openmhealth import shapes
from songhe.gateway.tests.builders import NOW_US, snapshot
from songhe.kernel import codes

ROOT = Path(__file__).resolve().parents[3]
POINTS = ROOT.parent / "shared" / "data" / "openmhealth" / "datapoints_dev.ndjson"
SAMPLES = yaml.safe_load(
    (resources.files("songhe.gateway.decoders") / "samples/openmhealth.yaml").read_text("utf-8")
)


def point(schema: str, body: object) -> dict[str, Any]:
    space, _, rest = schema.partition("/")
    name, _, version = rest.rpartition("-")
    named = {"namespace": space, "name": name, "version": version}
    header = {"id": "p-1", "creation_date_time": "2026-11-21T02:30:00Z", "schema_id": named}
    return {"header": header, "body": body}


def taken(given_point: object) -> list[decoders.Decoded]:
    talk = decoders.own_talk("openmhealth", snapshot("d"), Memory())
    return talk.decode(json.dumps(given_point).encode(), NOW_US)


@pytest.mark.parametrize("row", SAMPLES, ids=lambda row: row["about"])
def test_a_point_becomes_what_the_sample_says(row: dict[str, Any]) -> None:
    assert describe.lines(taken(point(row["schema"], row["body"])), NOW_US) == row["becomes"]


@pytest.mark.skipif(not POINTS.exists(), reason="the data points of Open mHealth are not here")
def test_every_point_that_must_pass_passes_and_every_other_is_refused_with_why() -> None:
    rows = [json.loads(line) for line in POINTS.read_text("utf-8").splitlines()]
    wrong = []
    kept = 0
    for row in rows:
        schema = f"{row['namespace']}/{row['schema']}-{row['version']}"
        try:
            shapes.check(schema, row["body"])
            why = ""
        except shapes.Misfit as error:
            why = str(error)
        if bool(why) != (row["expect"] == "invalid"):
            wrong.append((schema, row["file"], why))
        if not isinstance(row["body"], dict):
            continue
        found = taken(point(schema, row["body"]))
        refused = [item for item in found if isinstance(item, Refused)]
        kept += any(isinstance(item, Measurement) for item in found)
        wholly = any(not item.is_partial for item in refused)
        if wholly != bool(why) or any(not item.detail for item in refused):
            wrong.append((schema, row["file"], describe.lines(found, NOW_US)))
    assert wrong == []
    assert len(rows) > 300
    assert kept > 50


def test_the_table_names_known_codes_units_and_shapes() -> None:
    table = openmhealth.points()
    for name, rules in table.points.items():
        assert shapes.find(f"omh/{name}-1") is not None
        for rule in rules:
            for code in (rule.code, *rule.codes.values()):
                number = codes.by_code(code).number
                assert rule.unit is None or codes.convert(number, 1.0, rule.unit)
    for row in SAMPLES:
        assert row["source"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)
bodies = [row["body"] for row in SAMPLES]


@given(st.data())
def test_no_point_makes_it_fall(data: st.DataObject) -> None:
    schema = data.draw(st.sampled_from([row["schema"] for row in SAMPLES]))
    body = dict(data.draw(st.sampled_from(bodies)))
    for key in data.draw(st.lists(st.sampled_from(sorted(body) or ["x"]), max_size=2)):
        body[key] = data.draw(json_values)
    one = point(schema, body) | data.draw(st.just({}) | st.dictionaries(st.text(), json_values))
    found = taken(data.draw(st.sampled_from([one, [one, one], body])))
    assert 0 < len(found) <= 2
    assert all(item.reason in REASONS for item in found if isinstance(item, Refused))
    assert all(0 < len(item.detail) <= 300 for item in found if isinstance(item, Refused))
    describe.lines(found, NOW_US)


def test_a_deep_body_and_a_long_one_are_refused_at_once() -> None:
    deep = b'{"header":' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b',"body":{}}'
    talk = decoders.own_talk("openmhealth", snapshot("d"), Memory())
    (item,) = talk.decode(deep, NOW_US)
    assert isinstance(item, Refused)
    many = b"[" + b",".join([b"{}"] * 501) + b"]"
    (item,) = talk.decode(many, NOW_US)
    assert isinstance(item, Refused)
    assert item.reason == "too-large"
