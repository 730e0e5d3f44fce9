"""Events of a device's own judgement, doors and beds at night."""

import pytest

from songhe.kernel.detectors import words
from songhe.kernel.tests.make import (
    BAND,
    CHEN,
    CUFF,
    HALL,
    KITCHEN,
    at,
    evaluator,
    feed,
    of_rule,
    person_scope,
    phases,
    reading,
    tick,
)
from songhe.kernel.time import MINUTE_US, SECOND_US
from songhe.kernel.wire import Reading, RuleChange


@pytest.mark.parametrize("code", ["smoke", "gas", "water_leak"])
def test_a_state_is_raised_and_cleared(code: str) -> None:
    rule = code.replace("_", "-")
    found = feed(
        evaluator(),
        reading(0, subject=KITCHEN, kind=2, person=CHEN, **{code: 1}),
        reading(30, subject=KITCHEN, kind=2, person=CHEN, **{code: 0}),
    )
    assert phases(found, rule) == ["raised", "cleared"]
    assert (found[0].subject, found[0].person) == (KITCHEN, CHEN)
    assert found[1].of == found[0].id


def test_one_of_two_smoke_sensors_going_off_does_not_end_it() -> None:
    found = feed(
        evaluator(),
        reading(0, smoke=1),
        reading(5, smoke=1, device=BAND),
        reading(10, smoke=0),
        reading(20, smoke=0, device=BAND),
    )
    assert [(f.phase, f.device) for f in found] == [("raised", CUFF), ("cleared", BAND)]


def test_every_press_counts_and_a_release_is_no_all_clear() -> None:
    presses = (reading(t, sos=1) for t in (0, 3, 7))
    found = feed(evaluator(), *presses, reading(8, sos=0))
    assert phases(found, "sos") == ["raised", "notice", "notice"]
    assert found[2].summary["count"] == 3


def test_a_press_after_quiet_is_a_new_call() -> None:
    found = feed(evaluator(), reading(0, sos=1), reading(901, sos=1))
    assert phases(found, "sos") == ["raised", "raised"]


def bed(clock: str, inside: int, day: int = 20, device: object = CUFF) -> Reading:
    return reading(at(clock, day), bed=inside, device=device)


def test_bed_empty_too_long_fires_by_time_alone_once_and_clears_on_return() -> None:
    judge = evaluator()
    assert not feed(judge, bed("22:30", 1), bed("23:10", 0))
    assert not tick(judge, at("23:39:59"))
    (raised,) = tick(judge, at("23:40:00"))
    assert (raised.rule, raised.onset_us, raised.late) == ("bed-empty-night", at("23:40"), False)
    assert raised.evidence[0].at_us == at("23:10")
    assert "23:10" in words.why(raised.rule, raised.summary, raised.params, "zh")
    assert not tick(judge, at("23:59"))
    assert not feed(judge, bed("23:59:30", 0))
    (cleared,) = feed(judge, bed("00:20", 1, day=21))
    assert (cleared.phase, cleared.of, cleared.summary["minutes"]) == ("cleared", raised.id, 70)
    feed(judge, bed("00:40", 0, day=21))
    assert [f.onset_us for f in tick(judge, at("01:30", 21))] == [at("01:10", 21)]


def test_bed_return_in_time_says_nothing() -> None:
    judge = evaluator()
    assert not feed(judge, bed("23:00", 1), bed("23:10", 0), bed("23:35", 1))
    assert not tick(judge, at("05:00", 21))


@pytest.mark.parametrize(
    ("inside", "empty", "look"), [("20:00", "21:50", "23:30"), ("23:00", "05:40", "07:00")]
)
def test_bed_outside_the_night_is_nobodys_business(inside: str, empty: str, look: str) -> None:
    judge = evaluator()
    day = 20 if empty > "12" else 21
    assert not feed(judge, bed(inside, 1), bed(empty, 0, day))
    assert not tick(judge, at(look, day))


def test_bed_first_seen_empty_is_not_known_to_have_been_left() -> None:
    judge = evaluator()
    feed(judge, bed("23:00", 0))
    assert not tick(judge, at("03:00", 21))


def test_bed_minutes_by_person_take_effect_for_a_running_deadline() -> None:
    judge = evaluator()
    feed(judge, bed("23:00", 1), bed("23:10", 0))
    short = RuleChange("bed-empty-night", "2", params={"minutes": 10})
    judge.put_scope(person_scope(changes=[short]))
    (found,) = tick(judge, at("23:21"))
    assert (found.rule_version, found.onset_us) == ("bed-empty-night@2026-11+p2", at("23:20"))


def test_away_suspends_bed_and_door_but_not_smoke() -> None:
    away = {"away": [[at("22:00"), at("08:00", 21)]]}
    judge = evaluator(person_scope(away))
    found = feed(judge, bed("22:10", 1), bed("23:00", 0), reading(at("23:01"), door=1, device=BAND))
    assert not found
    assert not tick(judge, at("02:00", 21))
    assert phases(feed(judge, reading(at("02:01", 21), smoke=1)), "smoke") == ["raised"]


def test_nothing_of_the_time_away_rings_after_the_return() -> None:
    judge = evaluator(person_scope({"away": [[at("23:20"), at("23:40")]]}))
    feed(judge, bed("22:30", 1), bed("23:15", 0))
    # The thirty minutes are full at 23:45, but in part she was away: nothing is told of them.
    assert not tick(judge, at("23:50"))
    feed(judge, bed("23:55", 1), bed("23:56", 0))
    (raised,) = tick(judge, at("00:30", 21))
    assert (raised.rule, raised.onset_us) == ("bed-empty-night", at("00:26", 21))


def test_who_was_let_out_before_the_absence_is_not_missed_in_it() -> None:
    judge = evaluator(person_scope({"away": [[at("23:05"), at("23:08")]]}))
    assert phases(feed(judge, door("23:00", 1)), "door-night") == ["raised"]
    assert not tick(judge, at("23:30"))


def door(clock: str, is_open: int, day: int = 20) -> Reading:
    return reading(at(clock, day), subject=HALL, kind=2, person=CHEN, device=BAND, door=is_open)


def motion(clock: str) -> Reading:
    return reading(at(clock), subject=KITCHEN, kind=2, person=CHEN, motion=1)


def test_door_at_night_is_told_at_once_and_missed_after_ten_minutes() -> None:
    judge = evaluator()
    (raised,) = feed(judge, door("23:00", 1))
    assert (raised.rule, raised.level, raised.subject) == ("door-night", "warn", HALL)
    assert not feed(judge, door("23:00:10", 0))
    assert not tick(judge, at("23:09"))
    (missed,) = tick(judge, at("23:10"))
    assert (missed.phase, missed.level, missed.of) == ("notice", "urgent", raised.id)
    assert "10" in words.why(missed.rule, missed.summary, missed.params, "en")
    assert not tick(judge, at("23:50"))
    found = feed(judge, door("23:55", 1))
    assert phases(found, "door-night") == ["cleared"]
    assert found[0].summary["back_s"] == 55 * 60


def test_motion_in_another_room_shows_that_the_person_is_back() -> None:
    judge = evaluator()
    feed(judge, door("23:00", 1), door("23:00:10", 0))
    assert not feed(judge, motion("23:00:20"))
    (cleared,) = feed(judge, motion("23:04"))
    assert (cleared.phase, cleared.summary["back_s"]) == ("cleared", 240)
    assert not tick(judge, at("23:30"))


def test_doors_by_day_and_doors_that_are_no_entrance_say_nothing() -> None:
    assert not feed(evaluator(), door("12:00", 1))
    judge = evaluator(person_scope({"entrance_devices": [str(CUFF)]}))
    assert not feed(judge, door("23:00", 1))


def test_late_door_events_keep_their_own_time() -> None:
    judge = evaluator()
    (raised,) = feed(judge, door("23:00", 1), now_us=at("23:00") + 20 * MINUTE_US)
    assert raised.late
    assert raised.decided_us - raised.onset_us == 1200 * SECOND_US
    assert of_rule([raised], "door-night")
