"""A recording goes through a real gateway into a person's home, once however often it is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from songhe.base.access.actor import SYSTEM
from songhe.config.replay import begin_of
from songhe.config.replay.play import Course, NotLetIn, Replay, moved_by
from songhe.config.replay.recording import (
    UNDATED,
    BadRecording,
    Line,
    Recording,
    Sensor,
    event,
    reading,
)
from songhe.config.replay.setup import (
    NobodyServes,
    Player,
    WhoIsMeant,
    find_person,
    players,
    release,
)
from songhe.config.replay.signals import MISSING, Signal, chunks, masked
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
THERMAL = "songhe:thermal-array"
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


def ecg_of(start: datetime, seconds: int = 600) -> tuple[Recording, np.ndarray]:
    """Return a hand-made ECG at 360 Hz with a gap of three seconds, and its counts."""
    counts = np.round(400 * np.sin(np.arange(seconds * 360) / 40)).astype(np.int16)
    counts[100 * 360 : 103 * 360] = MISSING
    counts[360:370] = MISSING
    signal = Signal(
        "patch", "songhe:ecg", "mV", 360.0, 0.005, start, {"II": masked(counts)}, "test/ecg"
    )
    lines = list(chunks(signal))
    return Recording("test", "one", (Sensor("patch", "ecg-patch"),), lines), counts


def stored_waves(gateway: GatewayProcess, login: DeviceLogin) -> list[tuple[object, ...]]:
    return gateway.site.rows(
        "SELECT started_at, seq, samples, lead, recording, rate_hz, subject, frame FROM waveform"
        " WHERE device = %s ORDER BY code, started_at, lead",
        login.id,
    )


async def test_a_waveform_arrives_sample_by_sample_and_twice_is_once(gateway):
    login = await asyncio.to_thread(gateway.device)
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    recording, counts = ecg_of(start)
    first: list[tuple[object, ...]] = []
    for speed in (0, 1000):
        replay = await replayed(gateway, {"patch": login}, Course(recording.lines, at_all, speed))
        assert replay.acknowledged_count == len(recording.lines) == 597
        rows = stored_waves(gateway, login)
        first = first or rows
        assert rows == first
    joined = np.full(len(counts), np.nan, dtype=np.float32)
    for began, seq, samples, lead, name, rate_hz, subject, frame in first:
        place = round((began - start).total_seconds() * 360)
        assert (place, lead, name, rate_hz, frame) == (seq * 360, "II", "test/ecg", 360.0, [1, 1])
        assert subject == login.person
        joined[place : place + len(samples) // 4] = np.frombuffer(samples, "<f4")
    wanted = np.where(counts == MISSING, np.nan, counts * 0.005).astype(np.float32)
    assert np.array_equal(joined, wanted, equal_nan=True)
    assert gateway.site.letters(login) == []


async def test_frames_and_three_axes_arrive(gateway):
    logins = {name: await asyncio.to_thread(gateway.device) for name in ("array", "waist")}
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
    frames = np.arange(40 * 256).reshape(40, 16, 16) % 200 + 400
    axes = {axis: np.arange(100, dtype=np.int16) * (i + 1) for i, axis in enumerate("xyz")}
    lines = [
        *chunks(
            Signal("array", "songhe:thermal-array", "Cel", 9.05, 0.05, start, {"": frames}, "f")
        ),
        *chunks(Signal("waist", "songhe:acceleration", "[g]", 50.0, 32 / 8192, start, axes, "a")),
    ]
    lines.sort(key=lambda line: line.at)
    await replayed(gateway, logins, Course(lines, at_all, 0))
    rows = stored_waves(gateway, logins["array"])
    assert {tuple(row[7]) for row in rows} == {(16, 16)}
    got = np.frombuffer(b"".join(row[2] for row in rows), "<f4").reshape(40, 16, 16)
    assert np.array_equal(got, (frames * 0.05).astype(np.float32))
    moved = stored_waves(gateway, logins["waist"])
    held = {axis: b"".join(row[2] for row in moved if row[3] == axis) for axis in "xyz"}
    for axis, counts in axes.items():
        wanted = (counts * (32 / 8192) * 9.80665).astype(np.float32)
        assert np.allclose(np.frombuffer(held[axis], "<f4"), wanted, rtol=1e-6)


async def test_a_tag_tells_of_beacons_by_their_keys(gateway):
    tag = await asyncio.to_thread(gateway.device)
    beacons = {name: await asyncio.to_thread(gateway.device) for name in ("b1", "b2")}
    for beacon in beacons.values():
        await asyncio.to_thread(gateway.site.change, beacon, type="beacon")
    start = datetime.now(UTC) - timedelta(minutes=30)
    lines = [
        Line(start + timedelta(seconds=n), "tag", "sightings",
             {"sightings": [{"key": "b1", "rssi_dbm": -60 - n}, {"key": "b2", "rssi_dbm": -80}]})
        for n in range(5)
    ]  # fmt: skip
    replay = await replayed(gateway, {"tag": tag, **beacons}, Course(lines, at_all, 0))
    assert set(replay.links) == {"tag"}
    heard = gateway.site.readings(beacons["b1"])
    assert [row["values"] for row in heard] == [[-60.0 - n] for n in range(5)]
    assert {row["subject"] for row in heard} == {tag.person}
    assert gateway.site.letters(tag) == []


def at_all(at: datetime) -> datetime:
    return at


@pytest.mark.parametrize("now", ["10:00:01", "10:59:59"])
def test_a_recording_without_hours_ends_with_the_last_full_hour(now):
    recording, _ = ecg_of(UNDATED, 90)
    undated = Recording("e", "1", (), recording.lines, is_dated=False)
    given = datetime.fromisoformat(f"2026-11-22 {now}")
    moved = moved_by(undated, undated.lines, given)
    assert undated.lines[0].at + moved == datetime(2026, 11, 22, 9, 58, 30)  # noqa: DTZ001


def test_a_beginning_that_cannot_be_is_refused_with_what_can():
    zone = ZoneInfo("Asia/Shanghai")
    now = NOW.astimezone(zone)
    assert begin_of("now", zone, now) > now
    assert begin_of("2026-11-22T10:30", zone, now).isoformat() == "2026-11-22T10:30:00+08:00"
    for text, words in (("noon", "is no time"), ("2026-12-01T10:00", "not happened yet"),
                        ("2026-01-01T10:00", "older data is not taken")):  # fmt: skip
        with pytest.raises(BadRecording, match=words):
            begin_of(text, zone, now)


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
