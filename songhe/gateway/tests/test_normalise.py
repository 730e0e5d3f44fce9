"""Clock, units, subjects: what a stored reading says and when."""

from __future__ import annotations

from typing import Any

import pytest

from songhe.gateway.batch import Batch
from songhe.gateway.tests.builders import NOW_US, device, taken
from songhe.kernel.ids import uuid7
from songhe.kernel.time import DAY_US, HOUR_US, MINUTE_US, SECOND_US, from_us
from songhe.kernel.wire import Binding, Flag, Reading, SubjectKind


def message(at_us: int, *, value: float = 120, **more: Any) -> dict[str, Any]:
    """Return a readings message of one value."""
    reading = {"code": "8480-6", "value": value}
    return {"at": from_us(at_us).isoformat(), "readings": [reading], **more}


def only(batch: Batch) -> Reading:
    (reading,) = batch.readings.values()
    return reading


@pytest.mark.parametrize(
    ("age_us", "flags"),
    [
        (0, 0),
        (15 * MINUTE_US, 0),
        (15 * MINUTE_US + 1, Flag.LATE),
        (92 * DAY_US, Flag.LATE),
        (-5 * SECOND_US, 0),
        (-5 * MINUTE_US, Flag.FUTURE),
    ],
)
def test_times_inside_the_window_are_kept_and_marked(age_us: int, flags: int) -> None:
    batch, _ = taken(device(), "readings", message(NOW_US - age_us))
    assert (only(batch).effective_us, only(batch).flags) == (NOW_US - age_us, flags)


@pytest.mark.parametrize(
    ("at_us", "sent_us", "reason"),
    [
        (NOW_US - 92 * DAY_US - 1, None, "too-old"),
        (NOW_US + 92 * DAY_US + SECOND_US, None, "future"),
        (NOW_US + 6 * MINUTE_US, NOW_US, "future"),
        (NOW_US - 10 * HOUR_US, NOW_US + 92 * DAY_US, "too-old"),
    ],
)
def test_times_outside_the_window_are_refused(at_us: int, sent_us: int | None, reason: str) -> None:
    more = {} if sent_us is None else {"sent_at": from_us(sent_us).isoformat()}
    batch, sender = taken(device(), "readings", message(at_us, **more))
    assert [refused.reason for _, refused in sender.refused] == [reason]
    assert not batch.readings


@pytest.mark.parametrize("offset_us", [3 * HOUR_US, -3 * HOUR_US])
def test_sent_at_takes_a_wrong_clock_back(offset_us: int) -> None:
    one = device()
    sent = from_us(NOW_US + offset_us).isoformat()
    batch, _ = taken(one, "readings", message(NOW_US + offset_us - MINUTE_US, sent_at=sent))
    assert only(batch).effective_us == NOW_US - MINUTE_US
    assert only(batch).flags == Flag.ADJUSTED
    assert one.offset_us == offset_us


def test_a_small_difference_of_clocks_is_no_offset() -> None:
    one = device()
    sent = from_us(NOW_US + 120 * SECOND_US).isoformat()
    batch, _ = taken(one, "readings", message(NOW_US, sent_at=sent))
    assert (only(batch).effective_us, only(batch).flags, one.offset_us) == (NOW_US, 0, 0)


def test_a_repeated_adjusted_message_keeps_its_key() -> None:
    one = device()
    first = message(NOW_US + HOUR_US, sent_at=from_us(NOW_US + HOUR_US).isoformat())
    key = only(taken(one, "readings", first)[0]).effective_us
    again, _ = taken(one, "readings", first, received_us=NOW_US + 9 * MINUTE_US, dup=True)
    assert only(again).effective_us == key
    rewritten = {**first, "sent_at": from_us(NOW_US + HOUR_US + 21 * SECOND_US).isoformat()}
    again, _ = taken(one, "readings", rewritten, received_us=NOW_US + 20 * SECOND_US)
    assert only(again).effective_us == key


def test_a_clock_ahead_without_sent_at_is_learnt_and_unlearnt() -> None:
    one = device()
    batch, _ = taken(one, "readings", message(NOW_US + DAY_US))
    assert (only(batch).effective_us, only(batch).flags) == (NOW_US, Flag.ADJUSTED)
    batch, _ = taken(one, "readings", message(NOW_US + DAY_US - HOUR_US))
    assert only(batch).effective_us == NOW_US - HOUR_US
    assert only(batch).flags == Flag.ADJUSTED | Flag.LATE
    batch, _ = taken(one, "readings", message(NOW_US))
    assert (only(batch).effective_us, only(batch).flags, one.offset_us) == (NOW_US, 0, 0)


def test_the_same_id_with_another_time_is_restamped() -> None:
    one = device()
    first, _ = taken(one, "readings", message(NOW_US - MINUTE_US, id="m1"))
    again, _ = taken(one, "readings", message(NOW_US - MINUTE_US, id="m1"))
    later, _ = taken(one, "readings", message(NOW_US, id="m1"))
    assert [only(b).flags for b in (first, again, later)] == [0, 0, Flag.RESTAMPED]


def test_a_changed_binding_does_not_move_what_was_measured_before() -> None:
    before, after = uuid7(), uuid7()
    moved_us = NOW_US - HOUR_US
    bindings = [
        Binding(moved_us, None, SubjectKind.PERSON, after, person=after),
        Binding(0, moved_us - HOUR_US, SubjectKind.PERSON, before, person=before),
    ]
    one = device(bindings=bindings)
    subjects = []
    for at_us in (moved_us - 2 * HOUR_US, moved_us - HOUR_US, moved_us - 1, moved_us, NOW_US):
        reading = only(taken(one, "readings", message(at_us))[0])
        subjects.append((reading.subject_kind, reading.subject, reading.person))
    unbound = (SubjectKind.DEVICE, one.id, None)
    yesterday = (SubjectKind.PERSON, before, before)
    today = (SubjectKind.PERSON, after, after)
    assert subjects == [yesterday, unbound, unbound, today, today]


def test_a_place_keeps_the_person_who_lives_there() -> None:
    room, person = uuid7(), uuid7()
    binding = Binding(0, None, SubjectKind.PLACE, room, person=person, place=room)
    reading = only(taken(device(bindings=[binding]), "readings", message(NOW_US))[0])
    assert (reading.subject_kind, reading.subject) == (SubjectKind.PLACE, room)
    assert (reading.person, reading.place) == (person, room)


@pytest.mark.parametrize(
    ("code", "value", "unit", "stored"),
    [
        ("8480-6", 16.0, "kPa", 120.00992),
        ("8310-5", 98.6, "[degF]", 37.0),
        ("29463-7", 61500, "g", 61.5),
        ("14743-9", 5.6, None, 5.6),
    ],
)
def test_values_are_stored_in_the_codes_own_unit(
    code: str, value: float, unit: str | None, stored: float
) -> None:
    body = {"at": from_us(NOW_US).isoformat(), "readings": [{"code": code, "value": value}]}
    if unit is not None:
        body["readings"][0]["unit"] = unit  # type: ignore[index]
    reading = only(taken(device(), "readings", body)[0])
    assert reading.values == (pytest.approx(stored),)
    if unit is None:
        assert reading.values == (stored,)


def test_of_two_messages_with_one_key_the_first_counts() -> None:
    twice = [message(NOW_US, value=120), message(NOW_US, value=130)]
    batch, sender = taken(device(), "readings", twice)
    assert only(batch).values == (120.0,)
    assert sender.refused == []


def test_wellness_devices_are_marked() -> None:
    one = device(wellness=True)
    assert only(taken(one, "readings", message(NOW_US))[0]).flags == Flag.WELLNESS
