"""A recording goes through a real gateway into a person's home, once however often it is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from songhe.base.access.actor import SYSTEM
from songhe.config.replay.play import Course, NotLetIn, Replay
from songhe.config.replay.recording import Recording, Sensor, event, reading
from songhe.config.replay.setup import (
    NobodyServes,
    Player,
    WhoIsMeant,
    find_person,
    players,
    release,
)
from songhe.config.simulate.link import Address
from songhe.domains.devices import selectors as devices
from songhe.domains.organizations.testing import make_organization
from songhe.domains.people import selectors as people
from songhe.domains.people.testing import make_home, make_person
from songhe.kernel.ids import uuid7
from tests.support.database import copied
from tests.support.gateway import DeviceLogin, GatewayProcess

NOW = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=100)
SENSORS = (
    Sensor("door", "door-magnet", "hall"),
    Sensor("fridge", "item-sensor", "kitchen"),
    Sensor("attic", "item-sensor", "attic"),
    Sensor("cgm", "cgm"),
)


def recording_of(start: datetime, count: int = 40) -> Recording:
    lines = []
    for number in range(count):
        at = start + timedelta(minutes=number)
        lines.append(event(at, "door", "door", "open" if number % 2 == 0 else "closed"))
        lines.append(reading(at, "cgm", "songhe:glucose-interstitial", 100.0 + number, "mg/dL"))
    return Recording("test", "one", SENSORS, lines)


@pytest.mark.django_db
class TestWho:
    def test_a_person_is_found_by_name_pinyin_and_id(self):
        chen = make_person(at=LONG_AGO, name="陈秀兰")
        make_person(at=LONG_AGO, name="陈秀兰花")
        for words in ("陈秀兰", "chenxiulan", str(chen.pk)):
            assert find_person(words, at=NOW).id == chen.pk

    def test_several_or_none_are_told_apart(self):
        one = make_person(at=LONG_AGO, name="王建国")
        make_person(at=LONG_AGO, name="王建军")
        with pytest.raises(WhoIsMeant, match=str(one.pk)):
            find_person("王建", at=NOW)
        with pytest.raises(WhoIsMeant, match="Nobody is called 赵云"):
            find_person("赵云", at=NOW)
        with pytest.raises(WhoIsMeant, match="no person with the id"):
            find_person("00000000-0000-7000-8000-000000000000", at=NOW)

    def test_devices_are_made_once_bound_in_time_and_used_again(self):
        make_organization(at=LONG_AGO)
        home, rooms = make_home(at=LONG_AGO)
        chen = people.view_of(SYSTEM, make_person(at=LONG_AGO, home=home))
        recording, since = recording_of(NOW), NOW - timedelta(days=30)
        first = players(recording, chen, since=since, at=NOW)
        again = players(recording, chen, since=since + timedelta(days=1), at=NOW)
        assert [p.key for p in first] == [p.key for p in again]
        assert all(a.secret != b.secret for a, b in zip(first, again, strict=True))
        made = {row.key: row for row in devices.list_devices(SYSTEM)}
        bound = devices.bindings_of([row.pk for row in made.values()], at=since)
        at_room = {
            p.sensor: (bound[made[p.key].pk].person_id, bound[made[p.key].pk].room_id)
            for p in first
        }
        assert at_room["door"] == (None, rooms["hall"].pk)
        assert at_room["fridge"] == (None, rooms["kitchen"].pk)
        assert at_room["attic"] == (None, rooms["living"].pk)
        assert at_room["cgm"] == (chen.id, None)
        release(again, at=NOW)
        assert devices.bindings_of([p.device for p in first], at=NOW) == {}
        later = NOW + timedelta(hours=3)
        third = players(recording, chen, since=since, at=later)
        assert [p.key for p in third] == [p.key for p in first]
        release(third, at=later)
        latest = later + timedelta(hours=1)
        fourth = players(recording, chen, since=since, at=latest)
        assert [p.key for p in fourth] == [p.key for p in first]
        for moment in (since, NOW - timedelta(minutes=1), NOW, later, latest):
            assert len(devices.bindings_of([p.device for p in third], at=moment)) == 4
        earlier = players(recording, chen, since=since - timedelta(days=1), at=NOW)
        assert {p.key for p in earlier}.isdisjoint({p.key for p in first})

    def test_without_an_organisation_nothing_is_made(self):
        home, _ = make_home(at=LONG_AGO)
        chen = people.view_of(SYSTEM, make_person(at=LONG_AGO, home=home))
        with pytest.raises(NobodyServes):
            players(recording_of(NOW), chen, since=NOW, at=NOW)
        assert not devices.list_devices(SYSTEM).exists()


@pytest.fixture(scope="module")
def gateway(postgres_url: str) -> Iterator[GatewayProcess]:
    with copied(postgres_url) as url:
        process = GatewayProcess(url)
        try:
            yield process.start()
        finally:
            process.close()


async def replayed(
    gateway: GatewayProcess, logins: dict[str, DeviceLogin], course: Course
) -> Replay:
    made = [Player(name, login.id, login.key, login.secret) for name, login in logins.items()]
    address = Address("127.0.0.1", gateway.mqtt_port, refused_delay_s=0.1)
    replay = Replay(course, made, address, lambda: datetime.now(UTC))
    assert await replay.run()
    return replay


async def test_all_is_acknowledged_and_a_second_replay_adds_nothing(gateway):
    now = datetime.now(UTC)
    logins = {name: await asyncio.to_thread(gateway.device) for name in ("door", "cgm")}
    recording = recording_of(now - timedelta(hours=2))
    course = Course(recording.lines, lambda at: at, 0)
    for _ in range(2):
        replay = await replayed(gateway, logins, course)
        assert replay.acknowledged_count == len(recording.lines)
        stored = gateway.site.readings(logins["cgm"])
        assert len(stored) == 40
        assert len(gateway.site.readings(logins["door"])) == 40
    assert stored[0]["values"] == [pytest.approx(100 * 0.05550621669627)]
    assert stored[0]["at"] == recording.lines[0].at
    assert gateway.site.letters(logins["cgm"]) == []


async def test_it_keeps_its_pace_and_never_runs_ahead_of_the_clock(gateway):
    login = await asyncio.to_thread(gateway.device)
    begin = datetime.now(UTC)
    lines = [event(begin + timedelta(seconds=n), "door", "door", "open") for n in (-120, -60, 1)]
    replay = await replayed(gateway, {"door": login}, Course(lines, lambda at: at, 600))
    # Two minutes at 600 times are over at once; the last line waits for its own second.
    assert datetime.now(UTC) >= lines[-1].at
    assert replay.acknowledged_count == 3


async def test_a_gateway_that_does_not_know_the_device_ends_it_with_a_sentence(gateway):
    line = event(datetime.now(UTC), "door", "door", "open")
    address = Address("127.0.0.1", gateway.mqtt_port, refused_delay_s=0.01)
    course = Course([line], lambda at: at, 0)
    replay = Replay(
        course, [Player("door", uuid7(), "nokey", "x")], address, lambda: datetime.now(UTC)
    )
    with pytest.raises(NotLetIn, match="nokey"):
        await replay.run()
