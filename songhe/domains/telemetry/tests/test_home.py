"""The day picture: beds, activity, outings, and what nobody knows."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from songhe.domains.people import selectors as people
from songhe.domains.telemetry import selectors
from songhe.domains.telemetry.selectors import HomeDay
from songhe.domains.telemetry.tests.cast import NOW, Cast, make_cast, put
from songhe.kernel.wire import SubjectKind

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 11, 21)


def clock(hour: int, minute: int = 0, *, before: int = 0) -> datetime:
    at = datetime(2026, 11, 21, hour, minute, tzinfo=ZONE)
    return at - timedelta(days=before)


def say(cast: Cast, room: str, device: str, at: datetime, **values: float) -> None:
    put(cast.rooms[room], cast.devices[device], at, kind=SubjectKind.PLACE, **values)


def picture(cast: Cast, day: date = TODAY, who: str = "sun") -> HomeDay:
    person = people.get_person(cast.actor(who), cast.chen, at=NOW)
    found = selectors.day_picture(cast.actor(who), person, cast.home, day, at=NOW)
    assert found is not None
    return found


def spans(day: HomeDay, room: str, kind: str) -> list[tuple[str, str]]:
    lane = next(r for r in day.rooms if r.kind == room)
    return [
        (f"{s.start.astimezone(ZONE):%H:%M}", f"{s.end.astimezone(ZONE):%H:%M}")
        for s in lane.stretches
        if s.kind == kind
    ]


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def a_day(cast: Cast) -> None:
    """Asleep since yesterday, up once, out before noon; every sensor says it lives each hour."""
    say(cast, "bedroom", "mattress", clock(22, 30, before=1), bed=1)
    say(cast, "bedroom", "mattress", clock(2, 5), bed=0)
    say(cast, "bedroom", "mattress", clock(2, 15), bed=1)
    say(cast, "bedroom", "mattress", clock(6, 32), bed=0)
    for minute in range(0, 30, 5):
        say(cast, "living", "pir", clock(7, minute), motion=1)
        say(cast, "living", "pir", clock(7, minute + 2), motion=0)
    say(cast, "hall", "door", clock(11, 0), door=1)
    say(cast, "hall", "door", clock(11, 1), door=0)
    say(cast, "hall", "door", clock(11, 45), door=1)
    say(cast, "hall", "door", clock(11, 46), door=0)
    say(cast, "living", "pir", clock(11, 50), motion=1)
    hours = int((NOW - clock(20, before=2)).total_seconds() // 3600)
    for hour in range(hours):
        at = NOW - timedelta(hours=hour, minutes=1)
        for room, device in (("living", "pir"), ("hall", "door"), ("bedroom", "mattress")):
            say(cast, room, device, at, battery=80)


def test_a_day_at_home(cast: Cast) -> None:
    a_day(cast)
    day = picture(cast)
    assert spans(day, "bedroom", "soft") == [("00:00", "02:05"), ("02:15", "06:32")]
    assert spans(day, "living", "in") == [("07:00", "07:27"), ("11:50", "11:55")]
    assert [
        (f"{s.start.astimezone(ZONE):%H:%M}", f"{s.end.astimezone(ZONE):%H:%M}") for s in day.out
    ] == [("11:01", "11:45")]
    assert day.in_bed == timedelta(hours=6, minutes=22)
    assert day.left_bed_at_night == 1
    assert day.got_up_at == clock(6, 32)
    assert day.known_until == NOW
    assert not day.of_kind("unknown")


def test_silence_is_not_calm(cast: Cast) -> None:
    say(cast, "living", "pir", clock(9), motion=1)
    say(cast, "living", "pir", clock(9, 2), motion=0)
    day = picture(cast)
    # nothing before 9:00 and nothing since: the type may be silent for 4 hours
    assert spans(day, "living", "unknown") == [("00:00", "09:00"), ("09:02", "16:30")]
    assert spans(day, "living", "in") == [("09:00", "09:02")]
    assert spans(day, "bedroom", "unknown") == [("00:00", "16:30")]


def test_a_status_of_the_device_breaks_the_silence(cast: Cast) -> None:
    pir = cast.devices["pir"]
    for hour in range(0, 48, 3):
        put(pir, pir, NOW - timedelta(hours=hour, minutes=1), kind=SubjectKind.DEVICE, battery=70)
    assert spans(picture(cast), "living", "unknown") == []


def test_in_bed_is_never_out(cast: Cast) -> None:
    say(cast, "hall", "door", clock(21, before=1), door=0)
    say(cast, "bedroom", "mattress", clock(21, 30, before=1), bed=1)
    say(cast, "hall", "door", clock(7), door=1)
    # since the door spoke nothing was heard of any room: nobody knows, and nobody claims an outing
    assert [(s.start, s.kind) for s in picture(cast).out] == [(clock(7), "unknown")]


def test_a_bed_sensor_that_fell_silent_is_not_believed_for_ever(cast: Cast) -> None:
    say(cast, "bedroom", "mattress", clock(12), bed=1)
    say(cast, "bedroom", "mattress", clock(12, 30), heart_rate=60)
    day = picture(cast)
    # its type may be silent for an hour; after that nobody knows
    assert spans(day, "bedroom", "soft") == [("12:00", "13:30")]
    assert spans(day, "bedroom", "unknown")[-1] == ("13:30", "16:30")


def test_a_bed_left_later_was_taken_all_the_time(cast: Cast) -> None:
    say(cast, "bedroom", "mattress", clock(9), bed=1)
    say(cast, "bedroom", "mattress", clock(15), bed=0)
    assert spans(picture(cast), "bedroom", "soft") == [("09:00", "15:00")]


def test_yesterday_ends_at_midnight_and_tomorrow_is_blank(cast: Cast) -> None:
    a_day(cast)
    before = picture(cast, TODAY - timedelta(days=1))
    assert before.known_until == before.end
    assert spans(before, "bedroom", "soft")[-1] == ("22:30", "00:00")
    later = picture(cast, TODAY + timedelta(days=1))
    assert later.knows_nothing


def test_a_room_without_a_sensor_has_no_lane(cast: Cast) -> None:
    a_day(cast)
    assert [room.kind for room in picture(cast).rooms] == ["bedroom", "living", "hall"]


def test_closed_for_who_may_not_see_the_home(cast: Cast) -> None:
    person = people.get_person(cast.actor("liu"), cast.chen, at=NOW)
    assert "home" in person.fields
    liu = cast.actor("liu")  # a worker's role carries no reading of measurements
    assert selectors.day_picture(liu, person, cast.home, TODAY, at=NOW) is None
    assert selectors.home_events(liu, person, cast.home, clock(0), NOW) == {}


def test_events_by_room_follow_the_device(cast: Cast) -> None:
    a_day(cast)
    sun = cast.actor("sun")
    person = people.get_person(sun, cast.chen, at=NOW)
    found = selectors.home_events(sun, person, cast.home, clock(0), NOW)
    assert len(found[cast.rooms["hall"]]) == 4
    assert found[cast.rooms["kitchen"]] == []


def test_in_an_institution_only_her_own_room_speaks_of_her(cast: Cast) -> None:
    from songhe.base.access.actor import SYSTEM
    from songhe.domains.people import services

    house = services.add_home(
        actor=SYSTEM, region_code="990121001002", address="x", at=NOW, is_institution=True
    )
    own = services.add_room(actor=SYSTEM, home=house, kind="bed", name="201-1")
    other = services.add_room(actor=SYSTEM, home=house, kind="bed", name="201-2")
    services.move_in(
        actor=SYSTEM, person_id=cast.chen, home=house, room=own, at=NOW - timedelta(days=3)
    )
    for room in (own, other):
        put(room.pk, cast.devices["pir"], clock(9), kind=SubjectKind.PLACE, motion=1)
    person = people.get_person(cast.actor("sun"), cast.chen, at=NOW)
    day = selectors.day_picture(cast.actor("sun"), person, house.pk, TODAY, at=NOW)
    assert day is not None
    assert [room.name for room in day.rooms] == ["201-1"]


def test_a_turn_is_no_leaving_and_two_mattresses_do_not_contradict(cast: Cast) -> None:
    say(cast, "bedroom", "mattress", clock(0), bed=1)
    for second in range(0, 60, 10):
        at = clock(2) + timedelta(seconds=second)
        say(cast, "bedroom", "mattress", at, bed=second % 20 / 10)
    say(cast, "bedroom", "bp", clock(3), bed=1)  # a second voice of the room, whatever its type
    say(cast, "bedroom", "mattress", clock(3, 30), bed=0)
    say(cast, "bedroom", "bp", clock(4), bed=0)
    day = picture(cast)
    assert spans(day, "bedroom", "soft") == [("00:00", "04:00")]
    assert day.left_bed_at_night == 0
