"""Recordings become timed messages of interface 1; on the real files where they are present."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from songhe.config.replay import READERS, first_days, read
from songhe.config.replay.play import whole_days
from songhe.config.replay.recording import BadRecording, Recording, event
from songhe.domains.devices.terms import get_type
from songhe.gateway import decoders
from songhe.gateway.decoders import Measurement
from songhe.kernel import codes

DATA = Path(__file__).parents[5] / "shared/data"


def folder(name: str) -> Path:
    path = DATA / name
    if not path.is_dir():
        pytest.skip(f"the recording {name} is not here ({path})")
    return path


def decoded(recording: Recording) -> list[Measurement]:
    """Return what the gateway's own decoder makes of every line."""
    found = []
    for line in recording.lines:
        body = {"at": line.at.isoformat() + "+08:00", **line.body}
        (item,) = decoders.decode(line.kind, msgspec.json.encode(body))
        assert isinstance(item, Measurement), item
        found.append(item)
    return found


@pytest.mark.parametrize("name", sorted(READERS))
def test_every_line_is_a_message_that_the_gateway_understands(name):
    recording = read(folder(name))
    assert recording.lines == sorted(recording.lines, key=lambda line: line.at)
    types = {sensor.name: get_type(sensor.type) for sensor in recording.sensors}
    assert {line.sensor for line in recording.lines} == set(types)
    for line, item in zip(recording.lines, decoded(recording), strict=True):
        for value in item.readings:
            number, _ = codes.normalise(value.code, value.value, value.unit)
            measured = types[line.sensor].measures
            extra = {"songhe:active-minutes"}
            assert codes.by_number(number) in measured or value.code in extra


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
    with pytest.raises(BadRecording, match="adl_kasteren, cgm_iglu, daily_activity_fitbit"):
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
