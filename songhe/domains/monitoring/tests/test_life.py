"""Daily life: learned each night from stored readings, shown beside today, told to the rules."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from datetime import time as clock
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from songhe.base.access.actor import SYSTEM
from songhe.domains.devices import services as devices
from songhe.domains.monitoring import life_doing, life_reads, life_source, services
from songhe.domains.monitoring.models import GatewayRules, LifeDay, LifeRhythm
from songhe.domains.monitoring.tests.conftest import NOW, County
from songhe.domains.monitoring.tests.test_trends import put
from songhe.domains.people import selectors as people
from songhe.domains.people import services as people_services
from songhe.domains.telemetry.testing import make_readings

ZONE = ZoneInfo("Asia/Shanghai")
TODAY = NOW.astimezone(ZONE).date()
WEEKS = 21


class House:
    """A home with a bed sensor, a motion sensor in kitchen and bath, and a front door."""

    def __init__(self, county: County) -> None:
        self.county = county
        self.said: list[tuple[UUID, UUID, datetime, str, float]] = []
        home = county.home
        kitchen = people_services.add_room(actor=SYSTEM, home=home, kind="kitchen", name="厨房")
        bath = people_services.add_room(actor=SYSTEM, home=home, kind="bathroom", name="卫生间")
        living = people_services.add_room(actor=SYSTEM, home=home, kind="living", name="客厅")
        hall = people_services.add_room(actor=SYSTEM, home=home, kind="hall", name="玄关")
        self.rooms = {
            "bed": (county.bedroom, self._fit("sleep-mattress", county.bedroom)),
            "kitchen": (kitchen, self._fit("pir", kitchen)),
            "bath": (bath, self._fit("pir", bath)),
            "living": (living, self._fit("pir", living)),
            "door": (hall, self._fit("door-magnet", hall)),
        }

    def _fit(self, kind: str, room):
        since = NOW - timedelta(days=60)
        device, _secret = devices.register_device(
            actor=SYSTEM, type=kind, organization_id=self.county.centre.pk, at=since
        )
        devices.bind_device(actor=SYSTEM, device_id=device.pk, room_id=room.pk, at=since)
        return device

    def say(self, where: str, at: datetime, value: float = 1.0) -> None:
        room, device = self.rooms[where]
        key = {"bed": "bed", "door": "door"}.get(where, "motion")
        self.said.append((room.pk, device.pk, at, key, value))

    def store(self) -> None:
        """Store what was said since the last time."""
        make_readings(self.said, self.county.chen.pk)
        self.said = []

    def live(self, on: date, wake: clock = clock(6, 40)) -> None:
        """One day: up, breakfast, lunch, dinner, visits to the bath, to bed at half past nine."""

        def at(hour: int, minute: int) -> datetime:
            return datetime.combine(on, clock(hour, minute), ZONE)

        # One up in the night.
        self.say("bed", at(2, 10), 0.0)
        self.say("bath", at(2, 12))
        self.say("bed", at(2, 20))
        self.say("bed", at(wake.hour, wake.minute), 0.0)
        self.say("bath", at(wake.hour, wake.minute + 3))
        for hour in range(7, 21):
            where = "kitchen" if hour in (7, 11, 17) else "living"
            for minute in (5, 11, 17, 35):
                self.say(where, at(hour, minute))
        self.say("bed", at(21, 30))


@pytest.fixture
def house(county: County) -> House:
    """Return the home after three weeks that were lived in it."""
    found = House(county)
    for back in range(WEEKS, 0, -1):
        found.live(TODAY - timedelta(days=back))
    found.store()
    return found


def person_of(county: County, login: str):
    return people.get_person(county.actor(login), county.chen.pk, at=NOW)


def test_three_weeks_make_a_usual_day_that_rules_know(house: House, county: County) -> None:
    assert services.learn_lives(clock=lambda: NOW, should_stop=lambda: False) == 1
    assert LifeDay.objects.filter(person=county.chen).count() == WEEKS
    rhythm = LifeRhythm.objects.get(person=county.chen)
    assert rhythm.profile["stage"] == "stands"
    up = next(habit for habit in rhythm.profile["habits"] if habit["key"] == "up")
    assert up["range"]["usual"] == pytest.approx(6 * 60 + 40, abs=5)
    facts = GatewayRules.objects.get(scope=f"person:{county.chen.pk}").body["facts"]
    assert facts["rhythm_stands"] is True
    assert len(facts["rhythm"]["limits"]) == 48
    assert sorted(facts["rhythm"]["sensors"].values()) == [
        "bathroom",
        "bed",
        "front",
        "kitchen",
        "living",
    ]
    # The same night again learns nothing more; the next one a day.
    assert services.learn_lives(clock=lambda: NOW, should_stop=lambda: False) == 0
    tomorrow = NOW + timedelta(days=1)
    assert services.learn_lives(clock=lambda: tomorrow, should_stop=lambda: False) == 1
    assert LifeDay.objects.filter(person=county.chen).count() == WEEKS + 1


def test_few_days_say_that_they_are_few_and_no_rule_judges(county: County) -> None:
    house = House(county)
    for back in (3, 2, 1):
        house.live(TODAY - timedelta(days=back))
    house.store()
    services.learn_life(person_id=county.chen.pk, at=NOW)
    rhythm = LifeRhythm.objects.get(person=county.chen)
    assert rhythm.profile["stage"] == "learning"
    assert LifeDay.objects.filter(person=county.chen).count() == 3
    assert "rhythm" not in GatewayRules.objects.get(scope=f"person:{county.chen.pk}").body["facts"]


def test_a_run_that_is_stopped_learns_nobody_more(house: House) -> None:
    assert services.learn_lives(clock=lambda: NOW, should_stop=lambda: True) == 0
    assert not LifeDay.objects.exists()


def test_the_night_is_told_in_a_line(house: House, county: County) -> None:
    services.learn_life(person_id=county.chen.pk, at=NOW)
    house.live(TODAY)
    house.store()
    life = life_reads.life_of(county.actor("sun"), person_of(county, "sun"), at=NOW)
    assert life.night is not None
    assert len(life.night.exits) == 1
    assert len(life.earlier) >= WEEKS - 1
    assert life.today is not None
    assert life.profile is not None


def test_only_what_is_open_is_read(house: House, county: County) -> None:
    services.learn_life(person_id=county.chen.pk, at=NOW)
    person = person_of(county, "sun")
    narrowed = [
        (frozenset({"identity", "home"}), True, False),
        (frozenset({"identity", "health"}), False, True),
    ]
    for fields, home, health in narrowed:
        seen = type(person)(**{**_parts(person), "fields": fields})
        life = life_reads.life_of(county.actor("sun"), seen, at=NOW)
        assert (life.profile is not None) is home
        assert (life.night is not None) is health
        assert bool(life.earlier) is health


def _parts(person):
    import dataclasses

    return {field.name: getattr(person, field.name) for field in dataclasses.fields(person)}


def test_the_page_shows_it_with_few_queries(house: House, county: County) -> None:
    services.learn_life(person_id=county.chen.pk, at=NOW)
    client = Client()
    client.force_login(county.users["sun"])
    url = reverse("monitoring:life", args=[county.chen.pk])
    client.get(url)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        answer = client.get(url)
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "06:40" in text
    assert "<svg" in text
    assert len(queries) < 60
    client.force_login(county.users["wu"])
    assert client.get(url).status_code in (403, 404)


def test_a_person_without_sensors_is_not_learned(county: County) -> None:
    assert life_source.persons(at=NOW, after=county.chen.pk, limit=5) == []
    assert services.learn_lives(clock=lambda: NOW, should_stop=lambda: False) == 0


def test_a_watch_tells_how_long_she_slept(house: House, county: County) -> None:
    watch, _secret = devices.register_device(
        actor=SYSTEM, type="band", organization_id=county.centre.pk, at=NOW
    )
    house.live(TODAY)
    house.store()
    evening = datetime.combine(TODAY - timedelta(days=1), clock(21, 30), ZONE)
    # Nine hours of epochs: an hour of turning, then rest, with the getting-up at 02:10.
    rows = [(evening + timedelta(seconds=30 * n), "activity-counts", _stir(n)) for n in range(1100)]
    put(county.chen.pk, watch.pk, rows)
    source = life_source.source_of(county.chen.pk, since=NOW - timedelta(days=1), until=NOW)
    night = source.night(TODAY, NOW)
    assert night.asleep_from == "epochs"
    assert night.asleep_min is not None
    assert 300 < night.asleep_min < 540
    assert night.stirs_per_h is not None
    # The night before it had no watch: how long she slept is not known, and not zero.
    before = source.night(TODAY - timedelta(days=1), NOW)
    assert before.asleep_min is None
    assert before.asleep_from == ""


def _stir(epoch: int) -> float:
    if epoch < 120:
        return 40.0 + 25 * (epoch % 3)
    return 30.0 if 560 <= epoch < 585 else 0.0


def test_a_day_is_told_as_it_was_probably_spent(house: House, county: County) -> None:
    """A daughter reads it: breakfast, the bathroom in the night; nothing where nothing was open."""
    yesterday = TODAY - timedelta(days=1)
    person = person_of(county, "sun")
    spent = life_doing.spent_of(county.actor("sun"), person, yesterday, at=NOW)
    assert spent is not None
    assert spent.done is not None
    assert spent.others == 0
    assert set(spent.done.doings) == {"sleep", "bath", "meal", "leisure", "out"}
    breakfast = spent.done.meals["breakfast"]
    assert 7 <= datetime.fromtimestamp(breakfast.from_us / 1e6, ZONE).hour <= 8
    assert spent.done.at_night is not None
    assert len(spent.done.at_night) == 1
    with override("en"):
        said = " ".join(life_doing.sentences(spent, tells_night=False))
    assert "breakfast about 07:0" in said.lower()
    assert "In the bathroom once in the night (22:00–06:00)." in said
    hidden = type(person)(**{**_parts(person), "fields": frozenset({"identity", "health"})})
    assert life_doing.spent_of(county.actor("sun"), hidden, yesterday, at=NOW) is None


def test_the_page_asks_for_a_day_and_says_that_it_is_suggested(
    house: House, county: County
) -> None:
    client = Client()
    client.force_login(county.users["sun"])
    url = reverse("monitoring:life", args=[county.chen.pk])
    yesterday = TODAY - timedelta(days=1)
    text = client.get(f"{url}?day={yesterday.isoformat()}").content.decode()
    assert "由传感器推断" in text
    assert "夜间（22:00–06:00）去卫生间 1 次" in text
    assert "早餐" in text
    # A day before anything was fitted is told of nothing.
    before = client.get(f"{url}?day={(TODAY - timedelta(days=200)).isoformat()}").content.decode()
    assert "这一天无法推断" in before
