"""ble_rssi: what a worn tag hears of Bluetooth beacons, in a library and in a room."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path

from songhe.config.replay.recording import (
    UNDATED,
    Line,
    Mark,
    Recording,
    Sensor,
    chosen,
    finish,
)
from songhe.config.replay.signals import rows_of

NAME = "ble_rssi"
LIBRARY_FILE, ROOMS_FILE = "ibeacon_labeled_dev.csv", "rooms_raw_rssi_dev.csv.gz"
MEANS_FILE = "rooms_mean_rssi_dev.csv"
SUBJECTS = ["library", "room-2"]
# The library writes -200 for a beacon that was not heard; no radio hears so little.
NOT_HEARD_DBM = -150
_TAG = Sensor("tag", "tag")
_ROOMS = ("living", "bedroom", "kitchen", "bathroom", "hall")
_FORMS = (("%m-%d-%Y %H:%M:%S", 1.0), ("%m-%d-%y %H:%M", 60.0))
_STEP = timedelta(seconds=1)


def read(folder: Path, subject: str, part: str) -> Recording:
    """Read the library (a recording is a day; the fullest one by default) or the room's BLE."""
    who = chosen(NAME, SUBJECTS, subject)
    return _library(folder, part) if who == "library" else _room(folder, part)


def _beacons(names: list[str]) -> list[Sensor]:
    """Return the beacons, spread over the rooms of the home."""
    return [
        Sensor(name, "beacon", _ROOMS[i % len(_ROOMS)], is_heard=True)
        for i, name in enumerate(names)
    ]


def _sighting(at: datetime, heard: list[tuple[str, float]]) -> Line:
    said = [{"key": name, "rssi_dbm": dbm} for name, dbm in heard]
    return Line(at, _TAG.name, "sightings", {"sightings": said})


def _library(folder: Path, part: str) -> Recording:
    """Read one day. Rows that share a time stand in order, spread over what it leaves open."""
    days: dict[str, list[tuple[datetime, float, dict[str, str]]]] = {}
    for row in reversed(rows_of(folder / LIBRARY_FILE)):  # newest first in the file
        at, open_s = _when(row["date"])
        days.setdefault(at.date().isoformat(), []).append((at, open_s, row))
    fullest = sorted(days, key=lambda day: (-len(days[day]), day))
    day = chosen(NAME, fullest, part, "recording")
    names = [name for name in days[day][0][2] if name.startswith("b")]
    lines: list[Line] = []
    marks: list[Mark] = []
    rows = sorted(days[day], key=lambda item: item[0])
    for _, group in groupby(rows, key=lambda item: item[0]):
        held = list(group)
        for i, (minute, open_s, row) in enumerate(held):
            at = minute + timedelta(seconds=open_s * i / len(held))
            heard = [(name, float(row[name])) for name in names
                     if float(row[name]) > NOT_HEARD_DBM]  # fmt: skip
            label = f"cell/{row['location']}"
            if heard:
                lines.append(_sighting(at, heard))
            if marks and marks[-1][2] == label:
                marks[-1] = (marks[-1][0], at, label)
            else:
                marks.append((at, at, label))
    sensors = [*_beacons(names), _TAG]
    return finish(NAME, "library", sensors, lines, marks, part=day if part else "")


def _when(text: str) -> tuple[datetime, float]:
    """Return (time, how many seconds it leaves open): some rows tell seconds, some minutes."""
    form, open_s = _FORMS[0] if text.count(":") == 2 else _FORMS[1]
    return datetime.strptime(text, form), open_s  # noqa: DTZ007 (a recording's wall clock)


def _room(folder: Path, part: str) -> Recording:
    """Read the single readings of room 2, Bluetooth alone; a recording is its database or tests.

    The set tells no times: in the file's order a sighting holds what was read until a node comes
    again, and sightings are a second apart.
    """
    where = {
        (row["set"], row["point"]): f"point/{row['x_m']},{row['y_m']}"
        for row in rows_of(folder / MEANS_FILE)
        if row["scenario"] == "2" and row["tech"] == "BLE"
    }
    rows = [
        row for row in _raw(folder / ROOMS_FILE) if row["scenario"] == "2" and row["tech"] == "BLE"
    ]
    sets = list(dict.fromkeys(row["set"] for row in rows))
    wanted = {chosen(NAME, sets, part, "recording")} if part else set(sets)
    lines: list[Line] = []
    marks: list[Mark] = []
    at = UNDATED
    points = groupby(
        (row for row in rows if row["set"] in wanted), key=lambda row: (row["set"], row["point"])
    )
    for point, group in points:
        begin = at
        heard: dict[str, float] = {}
        for row in group:
            if row["node"] in heard:
                lines.append(_sighting(at, list(heard.items())))
                at, heard = at + _STEP, {}
            heard[row["node"]] = float(row["rssi"])
        lines.append(_sighting(at, list(heard.items())))
        at += _STEP
        marks.append((begin, at, where.get(point, f"point/{point[1]}")))
    nodes = sorted({row["node"] for row in rows})
    sensors = [*_beacons(nodes), _TAG]
    return finish(NAME, "room-2", sensors, lines, marks, part=part, is_dated=False)


def _raw(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
