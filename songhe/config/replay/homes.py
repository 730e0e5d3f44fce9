"""Homes with simple sensors: adl_ordonez (home A) and adl_casas_al."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from songhe.config.replay.recording import (
    Line,
    Mark,
    Recording,
    Sensor,
    chosen,
    event,
    finish,
    only_whole,
)
from songhe.config.replay.signals import rows_of

ORDONEZ, CASAS = "adl_ordonez", "adl_casas_al"
ORDONEZ_SENSORS, ORDONEZ_LABELS = "homeA_sensors_dev.csv", "homeA_activities_dev.csv"
CASAS_FILE = "casas_al_home_dev.csv.gz"
_PLACES = {
    "Bathroom": "bathroom",
    "Kitchen": "kitchen",
    "Living": "living",
    "Bedroom": "bedroom",
    "Entrance": "hall",
}
_AREAS = {
    "Kitchen": "kitchen",
    "Bathroom": "bathroom",
    "Bedroom": "bedroom",
    "LivingRoom": "living",
    "LoungeChair": "living",
    "WorkArea": "living",
    "OutsideDoor": "hall",
}
# What a type of device calls its event, and the words of its two states.
_EVENTS = {
    "pir": ("motion", "detected", "clear"),
    "door-magnet": ("door", "open", "closed"),
    "sleep-mattress": ("bed", "occupied", "empty"),
    "item-sensor": ("item-use", "detected", "clear"),
}


def _change(at: datetime, sensor: Sensor, *, begins: bool) -> Line:
    name, on, off = _EVENTS[sensor.type]
    return event(at, sensor.name, name, on if begins else off)


def read_ordonez(folder: Path, subject: str, part: str) -> Recording:
    """Read home A: a row is one activation with begin and end."""
    only_whole(ORDONEZ, part)
    home = chosen(ORDONEZ, ["A"], subject.upper())
    sensors: dict[str, Sensor] = {}
    lines: list[Line] = []
    for row in rows_of(folder / ORDONEZ_SENSORS):
        sensor = sensors.setdefault(row["location"], _ordonez(row))
        lines.append(_change(datetime.fromisoformat(row["start"]), sensor, begins=True))
        lines.append(_change(datetime.fromisoformat(row["end"]), sensor, begins=False))
    marks: list[Mark] = [
        (
            datetime.fromisoformat(row["start"]),
            datetime.fromisoformat(row["end"]),
            f"activity/{row['activity']}",
        )
        for row in rows_of(folder / ORDONEZ_LABELS)
    ]
    return finish(ORDONEZ, home, sensors.values(), lines, marks)


def _ordonez(row: dict[str, str]) -> Sensor:
    """Return the device of a sensor. Only the entrance is a door to the rules, as at Kasteren's."""
    room = _PLACES[row["place"]]
    if row["type"] == "PIR":
        return Sensor(row["location"], "pir", room)
    if row["location"] == "Maindoor":
        return Sensor(row["location"], "door-magnet", "hall")
    if row["location"] == "Bed":
        return Sensor(row["location"], "sleep-mattress", "bedroom")
    return Sensor(row["location"], "item-sensor", room)


def read_casas(folder: Path, subject: str, part: str) -> Recording:
    """Read the one home: motion by area, the outside door with a magnet and a motion sensor."""
    only_whole(CASAS, part)
    home = chosen(CASAS, ["home"], subject)
    sensors: dict[str, Sensor] = {}
    lines: list[Line] = []
    marks: list[Mark] = []
    for row in _gzipped(folder / CASAS_FILE):
        at = datetime.fromisoformat(row["timestamp"])
        is_door = row["value"] in ("OPEN", "CLOSE")
        name = row["sensor"] + ("-magnet" if is_door else "")
        kind = "door-magnet" if is_door else "pir"
        sensor = sensors.setdefault(name, Sensor(name, kind, _AREAS[row["sensor"]]))
        lines.append(_change(at, sensor, begins=row["value"] in ("ON", "OPEN")))
        label = f"activity/{row['activity']}"
        if marks and marks[-1][2] == label:
            marks[-1] = (marks[-1][0], at, label)
        else:
            marks.append((at, at, label))
    return finish(CASAS, home, sensors.values(), lines, marks)


def _gzipped(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
