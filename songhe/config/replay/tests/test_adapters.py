"""Recordings become timed messages of interface 1; on the real files where they are present."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from songhe.config.replay import READERS, first_days, read
from songhe.config.replay.play import whole_days
from songhe.config.replay.recording import BadRecording, encoded, event
from songhe.domains.devices.terms import get_type
from songhe.gateway import decoders, normalise, waves
from songhe.gateway.decoders import Measurement, Sightings, Waveform
from songhe.gateway.registry import Device
from songhe.kernel import codes
from songhe.kernel.ids import uuid7
from songhe.kernel.wire import DeviceSnapshot

DATA = Path(__file__).parents[5] / "shared/data"


def folder(name: str) -> Path:
    path = DATA / name
    if not path.is_dir():
        pytest.skip(f"the recording {name} is not here ({path})")
    return path


LOOKED_AT = 400


@pytest.mark.parametrize("name", sorted(READERS))
def test_every_line_is_a_message_that_the_gateway_understands(name):
    recording = read(folder(name))
    times = [line.at for line in recording.lines]
    assert times == sorted(times)
    types = {sensor.name: get_type(sensor.type) for sensor in recording.sensors}
    beacons = {sensor.name for sensor in recording.sensors if sensor.is_heard}
    assert {line.sensor for line in recording.lines} == set(types) - beacons
    for line in recording.lines[:: len(recording.lines) // LOOKED_AT + 1]:
        (item,) = decoders.decode(line.kind, encoded(line, line.at.replace(tzinfo=UTC)))
        assert not isinstance(item, decoders.Refused), item
        for number in numbers_of(item):
            extra = {"active-minutes", "activity-counts", "heart-rate-deviation"}
            code = codes.by_number(number)
            assert code in types[line.sensor].measures or code.key in extra
        if isinstance(item, Sightings):
            assert {heard.key for heard in item.sightings} <= beacons


def numbers_of(item: decoders.Decoded) -> set[int]:
    """Return the codes of a decoded message, every value in its plausible range."""
    if isinstance(item, Measurement):
        return {codes.normalise(value.code, value.value, value.unit)[0] for value in item.readings}
    if isinstance(item, Sightings):
        return {codes.by_key("sighting").number}
    assert isinstance(item, Waveform)
    assert item.rate_hz >= 1
    instants = len(item.parts()[0].samples) // math.prod(item.frame or (1, 1))
    assert instants / item.rate_hz <= 1
    return {waves.recorded(HEARD, item, normalise.instant_us(item.at)).wave.code}


# An unbound device: what it says is its own.
HEARD = Device(DeviceSnapshot(id=uuid7(), key="d", active=True, type="x", secrets=[], bindings=[]))


@pytest.mark.parametrize(("subject", "rows", "doors"), [("C", 22_700, 139), ("A", 1_319, 100)])
def test_kasteren_homes(subject, rows, doors):
    recording = read(folder("adl_kasteren"), subject)
    kinds = Counter(sensor.type for sensor in recording.sensors)
    assert kinds["door-magnet"] == 1
    opened = [line for line in recording.lines if line.body.get("event") == "door"]
    assert sum(line.body["state"] == "open" for line in opened) == doors
    per_row = 2 if subject == "C" else 1
    assert len(recording.lines) == rows * per_row
    if subject == "C":
        assert kinds["sleep-mattress"] == 2
        rooms = {sensor.name: sensor.room for sensor in recording.sensors}
        assert rooms["Fridge-30"] == "kitchen"
        assert rooms["Couch-6"] == "living"
        assert rooms["Bathtub-35"] == "bathroom"
        assert rooms["BedRight-5"] == "bedroom"


def test_glucose_of_one_person_in_its_own_unit():
    recording = read(folder("cgm_iglu"), "Subject 1")
    assert len(recording.lines) == 2_915
    first = recording.lines[0]
    assert first.at == datetime(2015, 6, 6, 21, 50, 27)  # noqa: DTZ001 - as recorded
    assert first.body["readings"] == [
        {"code": "songhe:glucose-interstitial", "value": 153.0, "unit": "mg/dL"}
    ]
    assert read(folder("cgm_iglu"), "2133-004").subject == "2133-004"
    with pytest.raises(BadRecording, match="no subject Nobody"):
        read(folder("cgm_iglu"), "Nobody")


def test_a_band_counts_repeated_rows_once():
    recording = read(folder("daily_activity_fitbit"), "1927972279")
    keys = [(line.at, value["code"]) for line in recording.lines for value in line.body["readings"]]
    assert len(keys) == len(set(keys))
    per_code = Counter(code for _, code in keys)
    assert per_code["55423-8"] > 24 * 20
    assert per_code["songhe:active-minutes"] >= 10


def test_a_folder_that_is_no_recording_is_refused_with_those_that_are(tmp_path):
    with pytest.raises(BadRecording, match=r"adl_kasteren, adl_ordonez, .*, ble_rssi"):
        read(tmp_path)
    empty = tmp_path / "adl_kasteren"
    empty.mkdir()
    with pytest.raises(BadRecording, match="is missing"):
        read(empty)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("last", "now", "moved_to"),
    [
        ("2008-11-21 09:00", "2026-11-22 12:00", "2026-11-22 09:00"),
        ("2008-11-21 23:00", "2026-11-22 12:00", "2026-11-21 23:00"),
        ("2008-11-21 12:00", "2026-11-22 12:00", "2026-11-22 12:00"),
    ],
)
def test_days_are_moved_whole_and_end_within_the_last_day(last, now, moved_to):
    lines = [
        event(moment(last) - timedelta(days=2), "x", "door", "open"),
        event(moment(last), "x", "door", "closed"),
    ]
    shift = whole_days(lines, moment(now))
    assert lines[-1].at + shift == moment(moved_to)
    assert shift.seconds == 0


def test_days_limits_to_the_first_calendar_days():
    lines = [
        event(moment("2008-11-19 22:00") + timedelta(hours=n), "x", "door", "open")
        for n in range(60)
    ]
    assert len(first_days(lines, 1)) == 2
    assert len(first_days(lines, 2)) == 26
    assert len(first_days(lines, 90)) == 60
