"""Sign-in, topics, limits: who may do what, before any message is read."""

from __future__ import annotations

import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from songhe.gateway.decoders import gcj02
from songhe.gateway.intake import Intake
from songhe.gateway.limits import Bucket
from songhe.gateway.registry import Registry
from songhe.gateway.tests.builders import NOW_US, device, snapshot, taken
from songhe.gateway.writer import rows
from songhe.gateway.writer.latest import Latest
from songhe.kernel.ids import uuid7
from songhe.kernel.time import SECOND_US
from songhe.kernel.wire import Reading


def sha(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def test_two_secrets_hold_while_one_is_being_renewed() -> None:
    registry = Registry()
    registry.apply(snapshot("k", secrets=[(sha("old"), NOW_US + SECOND_US), (sha("new"), None)]))
    for secret in (b"old", b"new"):
        assert registry.sign_in("k", secret, NOW_US) is not None
    assert registry.sign_in("k", b"old", NOW_US + SECOND_US) is None
    assert registry.sign_in("k", b"new", NOW_US + SECOND_US) is not None
    for key, secret in (("k", b""), ("k", None), ("other", b"new"), (None, b"new"), ("", b"")):
        assert registry.sign_in(key, secret, NOW_US) is None


def test_an_inactive_or_forgotten_device_has_no_secret() -> None:
    registry = Registry()
    one = snapshot("k", secrets=[(sha("s"), None)])
    registry.apply(one)
    registry.apply(msgspec.structs.replace(one, active=False))
    assert registry.sign_in("k", b"s", NOW_US) is None
    known = registry.apply(one)
    assert known.honours(sha("s"), NOW_US)
    registry.forget(one.id)
    assert registry.sign_in("k", b"s", NOW_US) is None
    assert not known.honours(sha("s"), NOW_US)


def test_loading_all_tells_what_changed_and_what_went() -> None:
    registry = Registry()
    a, b, c = snapshot("a"), snapshot("b"), snapshot("c")
    assert {d.key for d in registry.load([a, b])} == {"a", "b"}
    renamed = msgspec.structs.replace(b, key="b2")
    assert {d.key for d in registry.load([renamed, c])} == {"a", "b2", "c"}
    assert set(registry.by_key) == {"b2", "c"}
    assert registry.load([renamed, c]) == []


@pytest.mark.parametrize(
    ("topic", "kind", "refusal"),
    [
        ("songhe/1/hub/readings", "readings", ""),
        ("songhe/1/kid/events", "events", ""),
        ("songhe/1/stranger/readings", "readings", "not-your-topic"),
        ("songhe/1/nobody/readings", "readings", "not-your-topic"),
        ("songhe/1/stranger/readings/more", "", "not-your-topic"),
        ("songhe/1/hub/commands", "commands", "unknown-topic"),
        ("songhe/1/hub", "", "unknown-topic"),
        ("songhe/2/hub/readings", "", "unknown-topic"),
        ("songhe/1//readings", "readings", "not-your-topic"),
        ("hello", "", "unknown-topic"),
    ],
)
def test_a_topic_is_the_devices_own_or_its_childs(topic: str, kind: str, refusal: str) -> None:
    registry = Registry()
    hub = registry.apply(snapshot("hub", children=["kid", "ghost"]))
    kid = registry.apply(snapshot("kid"))
    registry.apply(snapshot("stranger"))
    route = registry.route(hub, topic)
    assert (route.kind, route.refusal) == (kind, refusal)
    assert route.device is (kid if "kid" in topic else hub)
    assert registry.parent(kid) is hub
    assert registry.route(hub, "songhe/1/ghost/readings").refusal == "not-your-topic"


def test_a_bucket_takes_what_came_and_says_how_long_to_wait() -> None:
    bucket = Bucket(per_s=10, burst=5, now_us=NOW_US)
    assert [bucket.take(1, NOW_US) for _ in range(5)] == [0.0] * 5
    assert bucket.take(1, NOW_US) == pytest.approx(0.1)
    assert bucket.debt_s(NOW_US + 100_000) == pytest.approx(0.0, abs=1e-6)
    assert bucket.take(5, NOW_US + 60 * SECOND_US) == 0.0
    assert bucket.take(1, NOW_US) > 0


def test_dead_letters_of_one_device_are_bounded() -> None:
    one, intake = device(), Intake(letters_per_minute=1)
    batch, sender = taken(one, "readings", [{}] * 500, intake=intake)
    assert (len(batch.letters), sender.overruns, sender.settled) == (500, 0, b"")
    assert bytes(batch.receipts[sender]) == b"ack."
    batch, sender = taken(one, "readings", [{}] * 500, intake=intake)
    assert [letter.reason for letter in batch.letters].count("rate-limited") == 1
    assert sender.overruns > 0
    assert bytes(batch.receipts[sender]) == b""
    batch, sender = taken(one, "readings", b"{", intake=intake)
    assert (batch.letters, bytes(batch.receipts[sender])) == ([], b"")


def test_latest_is_the_newest_by_effective_time_and_waits_for_the_commit() -> None:
    latest, subject, one = Latest(), uuid7(), uuid7()

    def reading(at_us: int, value: float) -> Reading:
        return Reading(1, subject, one, at_us, NOW_US, (1,), (value,))

    planned = latest.plan([reading(20, 2.0), reading(10, 1.0)])
    assert planned[subject.int].cells() == {1: (20, 2.0, one)}
    assert len(latest) == 0
    latest.merge(planned)
    assert latest.plan([reading(15, 1.5), reading(20, 9.9)]) == {}
    assert latest.plan([reading(21, 3.0)])[subject.int].cells() == {1: (21, 3.0, one)}
    assert latest.dirty == {subject.int}


@given(
    st.lists(
        st.tuples(
            st.integers(1, 60),
            st.lists(st.integers(1, 6), min_size=1, max_size=4, unique=True).map(tuple),
            st.booleans(),
        ),
        max_size=60,
    )
)
def test_the_newest_of_every_code_whatever_came_together(
    messages: list[tuple[int, tuple[int, ...], bool]],
) -> None:
    latest, subject, one = Latest(), uuid7(), uuid7()
    newest: dict[int, int] = {}
    waiting: list[Reading] = []
    for at_us, codes, is_end_of_batch in messages:
        waiting.append(Reading(1, subject, one, at_us, NOW_US, codes, (float(at_us),) * len(codes)))
        for code in codes:
            newest[code] = max(newest.get(code, 0), at_us)
        if is_end_of_batch:
            latest.merge(latest.plan(waiting))
            waiting = []
    planned = latest.plan(waiting)
    expected = {code: (at_us, float(at_us), one) for code, at_us in newest.items()}
    row = rows.latest(subject, 1, expected, NOW_US)
    wanted = rows.stream([row]) if messages else b""
    assert latest.packed([subject.int], planned, NOW_US) == wanted


@pytest.mark.parametrize("place", [(39.9042, 116.4074), (22.5431, 114.0579), (30.0, 103.0)])
def test_gcj02_is_taken_back_to_within_a_metre(place: tuple[float, float]) -> None:
    shifted = gcj02.shifted(*place)
    assert max(abs(a - b) for a, b in zip(shifted, place, strict=True)) > 0.001
    assert gcj02.to_wgs84(*shifted) == pytest.approx(place, abs=1e-6)


def test_gcj02_leaves_the_rest_of_the_world_alone() -> None:
    assert gcj02.to_wgs84(51.5, -0.12) == (51.5, -0.12)
