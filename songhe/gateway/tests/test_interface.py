"""The published interface: schemas, code table and examples are what the decoders do."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from songhe.gateway import decoders
from songhe.gateway.decoders import Refused, schemas
from songhe.gateway.decoders.messages import REASONS
from songhe.gateway.tests.builders import device, taken
from songhe.kernel.wire import CommandMessage

DOCS = Path(__file__).resolve().parents[3] / "docs" / "interface"
EXAMPLES = sorted(p.name for p in (DOCS / "examples").glob("*.json") if p.stem != "refused")
REFUSED = json.loads((DOCS / "examples/refused.json").read_text("utf-8"))
PAGES = ("device-interface-1.md", "device-interface-1.zh-CN.md")


@pytest.mark.parametrize("name", sorted(schemas.files()))
def test_generated_files_are_current(name: str) -> None:
    assert (DOCS / name).read_text("utf-8") == schemas.files()[name]


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_fit_their_schema_and_are_taken(name: str) -> None:
    raw = (DOCS / "examples" / name).read_bytes()
    kind = name.removesuffix(".json").split("-")[0]
    if kind != "openmhealth":  # its schemas are others'
        jsonschema.validate(json.loads(raw), schemas.schemas()[kind])
    if kind == "commands":
        assert msgspec.json.decode(raw, type=CommandMessage).name == "locate"
        return
    beacons = tuple(device(key=f"{room}-beacon", type="beacon") for room in ("bedroom", "kitchen"))
    batch, sender = taken(device(), kind, raw, others=beacons)
    assert sender.refused == []
    assert batch.readings or batch.waves or batch.statuses or batch.answers


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["payload"][-40:])
def test_refused_examples_are_refused_for_their_reason(case: dict[str, str]) -> None:
    batch, sender = taken(device(), case["kind"], case["payload"].encode())
    assert [refused.reason for _, refused in sender.refused] == [case["reason"]]
    assert [letter.reason for letter in batch.letters] == [case["reason"]]
    assert not batch.readings
    assert not batch.waves
    assert not batch.statuses


@pytest.mark.parametrize("page", PAGES)
def test_pages_name_every_kind_and_every_reason_that_can_occur(page: str) -> None:
    text = (DOCS / page).read_text("utf-8")
    wanted = {*decoders.KINDS, *REASONS} - {"unbound"}
    assert [word for word in wanted if f"`{word}`" not in text] == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@given(st.sampled_from(sorted(decoders.DECODERS)), st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_and_never_raise(kind: str, payload: bytes) -> None:
    for item in decoders.decode(kind, payload):
        assert not isinstance(item, Refused) or item.reason in REASONS


@given(st.sampled_from(sorted(decoders.KINDS)), json_values)
def test_arbitrary_json_never_raises_on_its_way_in(kind: str, value: object) -> None:
    batch, sender = taken(device(), kind, json.dumps(value).encode())
    assert all(refused.reason in REASONS for _, refused in sender.refused)
    assert len(batch.letters) == len(sender.refused)


shaped = st.fixed_dictionaries(
    {
        "at": st.sampled_from(["2026-11-21T02:30:00Z", "2036-01-01T00:00:00Z", "x", 5]),
        "readings": st.lists(
            st.fixed_dictionaries(
                {
                    "code": st.sampled_from(["8480-6", "8462-4", "nope", "songhe:ecg"]),
                    "value": st.integers()
                    | st.floats(allow_nan=False, allow_infinity=False)
                    | st.text(max_size=3),
                },
                optional={"unit": st.sampled_from(["mm[Hg]", "kPa", "kg", "", None])},
            ),
            max_size=4,
        ),
    },
    optional={"sent_at": st.sampled_from(["2026-11-21T02:31:00Z", "1990-01-01T00:00:00Z"])},
)


@given(st.lists(shaped, min_size=1, max_size=5))
def test_near_misses_are_stored_or_refused_each_on_its_own(messages: list[object]) -> None:
    one_device = device()
    batch, sender = taken(one_device, "readings", json.dumps(messages).encode())
    wholly = {index for index, refused in sender.refused if not refused.is_partial}
    assert sender.count == len(messages)
    assert len(batch.readings) <= len(messages) - len(wholly)
    for reading in batch.readings.values():
        assert reading.device == one_device.id
        assert len(reading.codes) == len(reading.values) == len(set(reading.codes))
