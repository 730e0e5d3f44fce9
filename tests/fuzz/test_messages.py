"""Any payload on any topic of any registered format: taken in or refused, never an error."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from songhe.gateway import decoders
from songhe.gateway.decoders import formats
from tests.fuzz import targets
from tools.fuzz import read_corpus

numbers = (
    st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from([10**400, 1e308, 5e-324, 2**63, -(2**63) - 1])
)
texts = st.text(max_size=12) | st.sampled_from(
    ["on", "8480-6", "mm[Hg]", "\0", "\ud800", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00Z"]
)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=10,
)
places = st.integers(0, len(targets.topics()) - 1)
types = st.integers(0, 255)


def test_every_registered_decoder_has_a_topic_here() -> None:
    reached = {topic.split("/", 3)[3] for name, topic in targets.topics() if name == formats.OWN}
    assert reached >= set(decoders.KINDS)
    assert {name for name, _ in targets.topics()} == {formats.OWN, *formats.names()}
    assert len(targets.topics()) <= 256


@given(places, types, st.binary(max_size=200))
def test_any_bytes(place: int, type_: int, payload: bytes) -> None:
    targets.message(bytes((place, type_)) + payload)


@given(places, types, json_values)
def test_any_json(place: int, type_: int, value: object) -> None:
    targets.message(bytes((place, type_)) + json.dumps(value).encode())


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(targets.seeds()["message"]), st.data())
def test_a_real_message_with_a_part_exchanged(seed: bytes, data: st.DataObject) -> None:
    """Replace a value somewhere inside a message that is right, or some of its bytes."""
    try:
        body = json.loads(seed[2:])
    except ValueError:
        raw = bytearray(seed)
        for _ in range(data.draw(st.integers(1, 4))):
            raw[data.draw(st.integers(2, max(2, len(raw) - 1)))] = data.draw(st.integers(0, 255))
        targets.message(bytes(raw))
        return
    for _ in range(data.draw(st.integers(1, 3))):
        body = exchanged(body, data)
    targets.message(seed[:2] + json.dumps(body).encode())


def exchanged(body: object, data: st.DataObject) -> object:
    """Return a JSON value with one of its parts, at any depth, replaced by anything."""
    if isinstance(body, dict) and body and data.draw(st.booleans()):
        key = data.draw(st.sampled_from(sorted(body)))
        return {**body, key: exchanged(body[key], data)}
    if isinstance(body, list) and body and data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(body) - 1))
        return [*body[:at], exchanged(body[at], data), *body[at + 1 :]]
    return data.draw(json_values)


@pytest.mark.parametrize("name", sorted(targets.TARGETS))
def test_what_the_fuzzer_found_stays_well(name: str) -> None:
    for data in [*read_corpus(name), *targets.seeds()[name]]:
        targets.TARGETS[name](data)


@pytest.mark.parametrize(
    "payload",
    [b"[" * 60_000, b"{" * 60_000, b'{"a":' * 12_000, b"9" * 60_000, b'"' + b"\\u0000" * 9_000],
    ids=["arrays", "objects", "nested", "digits", "escapes"],
)
def test_payloads_that_are_meant_to_hurt(payload: bytes) -> None:
    for place in range(len(targets.topics())):
        targets.message(bytes((place, 0)) + payload)
