"""What is read out of one day, and out of the names of sensors and readings."""

from datetime import timedelta
from uuid import UUID

import pytest

from songhe.kernel import codes
from songhe.kernel.rhythm import Fired, channel_of, channel_of_device, events_of, learn
from songhe.kernel.rhythm.days import Stream, day_so_far
from songhe.kernel.rhythm.sensing import in_order
from songhe.kernel.rhythm.tests.home import FIRST, ZONE, at, days, fired, life
from songhe.kernel.tests.make import BAND, CHEN, HALL, KITCHEN, reading
from songhe.kernel.time import DAY_US, HOUR_US, MINUTE_US
from songhe.kernel.wire import Reading


@pytest.mark.parametrize(
    ("words", "channel"),
    [
        (("HallToiletDoor",), "toilet"),
        (("HallBedroomDoor",), "bedroom"),
        (("ToiletFlush",), "flush"),
        (("Frontdoor", "Hall"), "front"),
        (("Maindoor", "Magnetic", "Entrance"), "front"),
        (("Cabinet", "Magnetic", "Bathroom"), "bathroom"),
        (("Cupboard", "Magnetic", "Kitchen"), "crockery"),
        (("Door", "PIR", "Bedroom"), "bedroom"),
        (("Bed", "Pressure", "Bedroom"), "bed"),
        (("pressure_mat_bed",), "bed"),
        (("LoungeChair",), "seat"),
        (("Washingmachine",), "other"),
        (("冰箱门",), "fridge"),
        (("卫生间马桶",), "toilet"),
        (("Xyzzy",), "other"),
    ],
)
def test_a_sensor_is_known_by_its_words(words: tuple[str, ...], channel: str) -> None:
    assert channel_of(*words) == channel


@pytest.mark.parametrize(
    ("key", "room", "channel"),
    [
        ("door", "hall", "front"),
        ("door", "bathroom", "bathroom"),
        ("motion", "hall", "hall"),
        ("motion", "kitchen", "kitchen"),
        ("bed", "bedroom", "bed"),
        ("heart-rate", "bedroom", None),
    ],
)
def test_a_device_is_known_by_its_code_and_room(key: str, room: str, channel: str | None) -> None:
    assert channel_of_device(key, room) == channel


def test_readings_become_events_and_repeats_of_a_state_are_no_sign() -> None:
    mat = {"device": BAND, "subject": CHEN}
    told = [
        reading(0, bed=0, **mat),
        reading(60, bed=1, **mat),
        reading(120, bed=1, **mat),
        reading(180, bed=1, **mat),
        reading(240, bed=0, **mat),
        reading(300, subject=KITCHEN, kind=2, person=CHEN, motion=1),
        reading(330, subject=KITCHEN, kind=2, person=CHEN, motion=0),
        reading(400, subject=HALL, kind=2, person=CHEN, power=900),
    ]
    events = events_of(told, {str(told[5].device): "kitchen"})
    assert [(e.channel, (e.until_us - e.at_us) // 1_000_000) for e in events] == [
        ("bed", 180),
        ("kitchen", 30),
    ]


def test_the_numbers_of_a_day_that_was_written_down() -> None:
    on = FIRST + timedelta(days=1)
    events = [
        fired(FIRST, 1290, "living"),
        fired(FIRST, 1300, "bed", 570 - 1300 + 1440 - 180 + 20),
        fired(on, 120, "toilet"),
        fired(on, 124, "flush"),
        fired(on, 420, "kitchen"),
        fired(on, 425, "kitchen"),
        fired(on, 540, "front", 0.1),
        fired(on, 541, "hall"),
        fired(on, 600, "front", 0.1),
        fired(on, 605, "living"),
        fired(on, 700, "kitchen"),
        fired(on, 705, "fridge"),
        fired(on, 710, "kitchen"),
        fired(on, 1320, "living"),
    ]
    (day,) = days(events, 1, on)
    # The bed was left at 410 minutes after midnight, ten minutes before the kitchen.
    assert (day.values["bed"], day.values["up"]) == (-140, 410)
    assert day.values["night_toilet"] == 1
    assert (day.values["breakfast"], day.values["lunch"]) == (420, 700)
    assert "dinner" not in day.values
    assert day.values["outings"] == 1
    assert day.values["out_minutes"] == pytest.approx(59, abs=0.2)
    assert day.active[14] == 2
    assert day.kind == "usual"
    # Nobody knows how quiet she would have been while out; at home from 605 on until 700.
    assert day.quiet[19] == -1
    assert day.quiet[20] == pytest.approx(95, abs=5.1)


def test_a_door_and_then_silence_is_an_outing_and_a_sign_later_is_not() -> None:
    gone = Stream([fired(FIRST, 540, "front"), fired(FIRST, 541.5, "hall")], at(FIRST, 700))
    assert gone.is_out(at(FIRST, 600))
    back = Stream([fired(FIRST, 540, "front"), fired(FIRST, 545, "kitchen")], at(FIRST, 700))
    assert not back.is_out(at(FIRST, 600))


def test_days_of_absence_without_readings_and_under_way() -> None:
    events = life(3)
    away = (at(FIRST + timedelta(days=1), 0), at(FIRST + timedelta(days=2), 0))
    kinds = [day.kind for day in days(events, 5, away=[away])]
    assert kinds == ["usual", "away", "usual", "usual", "partial"]
    now = at(FIRST + timedelta(days=2), 700)
    today = day_so_far([e for e in events if e.until_us <= now], ZONE, now)
    assert today.on == "2026-09-02"
    assert sum(today.active[24:]) == 0 < sum(today.active[:24])


def test_the_day_on_which_sensors_are_put_up_is_no_day_to_learn_from() -> None:
    begun = at(FIRST, 14 * 60)
    found = days([e for e in life(3) if e.at_us >= begun], 3)
    assert [day.kind for day in found] == ["partial", "usual", "usual"]
    assert set(found[0].quiet[:28]) == {-1.0}


def test_what_comes_later_does_not_change_a_day_that_is_over() -> None:
    events = life(6)
    cut = at(FIRST + timedelta(days=4), 0)
    before = [e for e in events if e.until_us < cut + 12 * 60 * MINUTE_US]
    assert days(before, 3) == days(events, 3)


def test_who_is_still_in_bed_is_not_up_and_the_night_goes_on() -> None:
    bed, sensors = UUID(int=9), {str(UUID(int=9)): "bed"}
    begin = 1_795_000_000_000_000 // DAY_US * DAY_US  # midnight, UTC

    def said(hours: float, value: float) -> Reading:
        at_us = begin + round(hours * HOUR_US)
        return Reading(2, bed, bed, at_us, at_us, (codes.by_key("bed").number,), (value,))

    readings = [said(-2.5, 0.0), said(-2.4, 1.0), said(2.0, 0.0), said(2.2, 1.0)]
    at_us = begin + 5 * HOUR_US
    day = day_so_far(events_of(readings, sensors, at_us), "UTC", at_us)
    assert "up" not in day.values
    assert day.values["bed"] == pytest.approx(-2.4 * 60)
    up = [*readings, said(5.5, 0.0)]
    later = day_so_far(events_of(up, sensors, at_us + HOUR_US), "UTC", at_us + HOUR_US)
    assert later.values["up"] == pytest.approx(5.5 * 60)
    assert later.values["bed_exits"] == 1


def _with_bed(up_minutes: float, first_room: float, count: int = 10) -> list[Fired]:
    """Return days with a mat: out of bed at one time, in the kitchen only at another."""
    found = []
    for number in range(-1, count):
        on = FIRST + timedelta(days=number)
        found += [fired(on, 1350, "bed", 1440 - 1350 + up_minutes)]
        found += [fired(on, minutes, "kitchen") for minutes in range(round(first_room), 1300, 20)]
        found.append(fired(on, up_minutes + 5, "toilet"))
    return in_order(found)


def test_not_up_yet_is_learned_from_what_it_waits_for() -> None:
    profile = learn(days(_with_bed(390, 560), 10))
    (up,) = [habit for habit in profile.habits if habit.key == "up"]
    assert up.range.usual == pytest.approx(390, abs=1)
    # She leaves the bed at half past six and is seen in the kitchen at twenty past nine.
    assert profile.up_by is not None
    assert profile.up_by > 560
    together = learn(days(_with_bed(390, 395), 10))
    assert together.up_by is not None
    assert together.up_by < 500
    # A silence of the night still ends with the bed: it may last no longer than before.
    assert profile.limits[4] == together.limits[4]


def test_a_mat_that_hangs_for_a_day_makes_no_night() -> None:
    on = FIRST + timedelta(days=5)
    events = _with_bed(390, 560)
    hung = in_order([*events, fired(on - timedelta(days=1), 420, "bed", 1430)])
    (before,) = (day for day in days(events, 10) if day.on == on.isoformat())
    (after,) = (day for day in days(hung, 10) if day.on == on.isoformat())
    assert after.values["bed"] == before.values["bed"] == pytest.approx(1350 - 1440)
