"""What is not known: silence, stuck values, wrong clocks. Never "normal"."""

import itertools

import pytest

from songhe.kernel.detectors import words
from songhe.kernel.tests.make import (
    BAND,
    CHEN,
    CUFF,
    T0,
    evaluator,
    feed,
    of_rule,
    person_scope,
    phases,
    reading,
    tick,
)
from songhe.kernel.time import HOUR_US, MINUTE_US, SECOND_US
from songhe.kernel.wire import Binding, DeviceSnapshot, Flag


def device(**changes: object) -> DeviceSnapshot:
    given = {
        "id": CUFF,
        "key": "cuff",
        "active": True,
        "type": "bp_monitor",
        "secrets": [],
        "bindings": [Binding(T0, None, 1, CHEN)],
        "silent_after_s": 3600,
    }
    return DeviceSnapshot(**(given | changes))


def test_a_device_never_heard_counts_from_its_binding() -> None:
    judge = evaluator()
    judge.watch(device())
    assert not tick(judge, T0 + HOUR_US - 1)
    (raised,) = tick(judge, T0 + HOUR_US)
    assert (raised.rule, raised.level) == ("device-silent", "unknown")
    assert (raised.subject, raised.device) == (CHEN, CUFF)
    assert raised.summary["never"] is True
    assert raised.evidence == []
    assert not tick(judge, T0 + 9 * HOUR_US)


def test_silence_is_by_our_clock_and_its_evidence_is_the_last_reading() -> None:
    judge = evaluator()
    judge.watch(device())
    tick(judge, T0)
    old = reading(-7200, sbp=120, dbp=80, received_us=T0 + 60 * SECOND_US)
    assert not feed(judge, old, now_us=T0 + 60 * SECOND_US)
    assert not tick(judge, T0 + 60 * SECOND_US + HOUR_US - 1)
    (raised,) = tick(judge, T0 + 61 * SECOND_US + HOUR_US)
    assert raised.onset_us == T0 + 60 * SECOND_US + HOUR_US
    assert [key.at_us for key in raised.evidence] == [old.effective_us]
    (cleared,) = of_rule(feed(judge, reading(7200, sbp=121, dbp=80)), "device-silent")
    assert (cleared.phase, cleared.of) == ("cleared", raised.id)
    assert phases(tick(judge, T0 + 9 * HOUR_US), "device-silent") == ["raised"]


def test_a_status_counts_as_heard_and_clears() -> None:
    judge = evaluator()
    judge.watch(device())
    tick(judge, T0)
    judge.heard(CUFF, T0 + 30 * MINUTE_US)
    assert not tick(judge, T0 + 80 * MINUTE_US)
    (raised,) = tick(judge, T0 + 90 * MINUTE_US)
    judge.heard(CUFF, T0 + 100 * MINUTE_US)
    (cleared,) = tick(judge, T0 + 101 * MINUTE_US)
    assert cleared.of == raised.id


def test_time_in_which_we_were_deaf_or_the_person_away_is_no_silence() -> None:
    judge = evaluator(person_scope({"away": [[T0 + 5 * HOUR_US, T0 + 8 * HOUR_US]]}))
    judge.watch(device(silent_after_s=4 * 3600), seen_us=T0)
    judge.was_deaf(T0 + HOUR_US, T0 + 3 * HOUR_US)
    assert not tick(judge, T0 + 9 * HOUR_US - 1)
    assert len(tick(judge, T0 + 9 * HOUR_US)) == 1


@pytest.mark.parametrize("changes", [{"active": False}, {"bindings": []}, {"silent_after_s": None}])
def test_devices_that_are_not_watched(changes: dict[str, object]) -> None:
    judge = evaluator()
    judge.watch(device())
    judge.watch(device(**changes))
    assert not tick(judge, T0 + 99 * HOUR_US)


def test_the_expected_interval_stands_in() -> None:
    judge = evaluator()
    judge.watch(device(silent_after_s=None, expected_interval_s=600))
    assert not tick(judge, T0 + 29 * MINUTE_US)
    assert tick(judge, T0 + 30 * MINUTE_US)


def test_two_silent_devices_of_one_person_are_two_findings() -> None:
    judge = evaluator()
    judge.watch(device())
    judge.watch(device(id=BAND))
    found = tick(judge, T0 + HOUR_US)
    assert len({f.id for f in found}) == 2


def test_the_same_block_again_and_again_is_no_measurement() -> None:
    same = [reading(60 * n, sbp=128, dbp=77, heart_rate=70) for n in range(8)]
    judge = evaluator()
    (raised,) = feed(judge, *same)
    assert (raised.rule, raised.level) == ("values-frozen", "unknown")
    assert raised.onset_us == same[5].effective_us
    assert raised.summary["count"] == 6
    assert "6" in words.why(raised.rule, raised.summary, raised.params, "zh")
    found = feed(judge, reading(600, sbp=129, dbp=77, heart_rate=70))
    assert phases(found, "values-frozen") == ["cleared"]


def test_steady_single_values_and_changing_blocks_are_fine() -> None:
    steady = [reading(60 * n, spo2=98) for n in range(200)]
    turns = itertools.cycle((70, 71))
    moving = [reading(60 * n, sbp=128, dbp=77, heart_rate=next(turns)) for n in range(40)]
    motion = [reading(60 * n, motion=1, device=BAND) for n in range(40)]
    for stream in (steady, moving, motion):
        assert not feed(evaluator(), *stream)


def test_restamped_readings_are_told_at_once() -> None:
    found = feed(evaluator(), reading(0, sbp=120, dbp=80, heart_rate=70, flags=Flag.RESTAMPED))
    assert phases(found, "values-frozen") == ["raised"]


def test_a_wrong_clock_is_one_notice_to_the_platform_until_it_is_right() -> None:
    wrong = [reading(t, heart_rate=70 + t, flags=Flag.ADJUSTED) for t in range(3)]
    found = feed(evaluator(), *wrong, reading(9, heart_rate=70))
    assert [(f.phase, f.level) for f in found] == [("raised", "info"), ("cleared", "info")]
