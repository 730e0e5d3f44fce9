"""adl_kasteren: reed switches, pressure mats and float sensors of two homes (subjects A and C)."""

from __future__ import annotations

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

NAME = "adl_kasteren"
EVENTS_A, SENSORS_C, LABELS_C = (
    "houseA_events_dev.csv",
    "houseC_sensors_dev.csv",
    "houseC_labels.txt",
)
ACTIVITIES_C = "houseC_activities_dev.csv"
# Doors inside the home play as items in use: a door magnet means the entrance to the rules.
_ROOMS_A = {
    "HallBedroomDoor": "bedroom",
    "HallBathroomDoor": "bathroom",
    "HallToiletDoor": "bathroom",
    "ToiletFlush": "bathroom",
    "Washingmachine": "bathroom",
    "Frontdoor": "hall",
}
_ROOMS_C = {"Bedroom": "bedroom", "Bathroom": "bathroom", "Hall": "hall", "Living": "living"}


def read(folder: Path, subject: str, part: str) -> Recording:
    """Read home C (22,700 activations of 19 days) or A (1,319 of 28 days)."""
    only_whole(NAME, part)
    home = chosen(NAME, ["C", "A"], subject.upper())
    if home == "A":
        lines = list(_home_a(folder / EVENTS_A))
        sensors = [_sensor(name, _ROOMS_A.get(name, "kitchen")) for name in _names(lines)]
    else:
        known = _labels(folder / LABELS_C)
        lines = list(_home_c(folder / SENSORS_C, known))
        sensors = list(known.values())
    marks = list(_marks_a(folder)) if home == "A" else list(_marks_c(folder))
    return finish(NAME, home, sensors, lines, marks)


def _marks_a(folder: Path) -> Iterator[Mark]:
    """Yield the activity that each activation fell in."""
    for row in rows_of(folder / EVENTS_A):
        if row["activity"]:
            at = datetime.fromisoformat(row["timestamp"])
            yield at, at, f"activity/{row['activity']}"


def _marks_c(folder: Path) -> Iterator[Mark]:
    """Yield the activities, as far as the set holds them, by their names."""
    if not (folder / ACTIVITIES_C).exists():
        return
    text = (folder / LABELS_C).read_text(encoding="utf-8")
    _, _, listed = text.partition("activities")
    parts = (line.split() for line in listed.splitlines())
    names = {part[0]: part[1] for part in parts if len(part) > 1 and part[0].isdigit()}
    for row in rows_of(folder / ACTIVITIES_C):
        start, end = (datetime.fromisoformat(row[name]) for name in ("start", "end"))
        yield start, end, f"activity/{names.get(row['activity_id'], row['activity_id'])}"


def _names(lines: list[Line]) -> list[str]:
    return sorted({line.sensor for line in lines})


def _sensor(name: str, room: str) -> Sensor:
    if name.startswith("Frontdoor"):
        return Sensor(name, "door-magnet", "hall")
    if name.startswith("Bed") and "Door" not in name:
        return Sensor(name, "sleep-mattress", "bedroom")
    return Sensor(name, "item-sensor", room)


def _labels(path: Path) -> dict[str, Sensor]:
    """Return the sensors of home C by their number."""
    found: dict[str, Sensor] = {}
    for text in path.read_text(encoding="utf-8").splitlines():
        parts = text.split()
        if parts and parts[0] == "#" and "activities" in parts:
            break
        if len(parts) >= 3 and parts[0].isdigit():
            start = next((kind for kind in _ROOMS_C if parts[2].startswith(kind)), "")
            sensor = _sensor(f"{parts[1]}-{parts[0]}", _ROOMS_C.get(start, "kitchen"))
            found[parts[0]] = sensor
    return found


def _home_a(path: Path) -> Iterator[Line]:
    for row in rows_of(path):
        yield _begins(datetime.fromisoformat(row["timestamp"]), row["sensor"])


def _home_c(path: Path, known: dict[str, Sensor]) -> Iterator[Line]:
    for row in rows_of(path):
        name = known[row["sensor_id"]].name
        yield _begins(datetime.fromisoformat(row["start"]), name)
        yield _ends(datetime.fromisoformat(row["end"]), name)


def _begins(at: datetime, name: str) -> Line:
    match _sensor(name, "").type:
        case "door-magnet":
            return event(at, name, "door", "open")
        case "sleep-mattress":
            return event(at, name, "bed", "occupied")
    return event(at, name, "item-use", "detected")


def _ends(at: datetime, name: str) -> Line:
    match _sensor(name, "").type:
        case "door-magnet":
            return event(at, name, "door", "closed")
        case "sleep-mattress":
            return event(at, name, "bed", "empty")
    return event(at, name, "item-use", "clear")
