"""cgm_iglu: continuous glucose every five minutes of people with and without diabetes."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path

from songhe.config.replay.recording import (
    Line,
    Mark,
    Recording,
    Sensor,
    chosen,
    finish,
    only_whole,
    reading,
)
from songhe.config.replay.signals import rows_of

NAME = "cgm_iglu"
FILES = ("cgm_t2d_5subjects_dev.csv", "cgm_hall2018_dev.csv")
MEALS = "meals_hall_dev.csv"
_SENSOR = Sensor("cgm", "cgm")


def read(folder: Path, subject: str, part: str) -> Recording:
    """Read one person's glucose; values stay in mg/dL, the gateway turns them into mmol/L."""
    only_whole(NAME, part)
    people: dict[str, list[Line]] = {}
    for name in FILES:
        path = folder / name
        if not path.exists():
            continue
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                at = datetime.fromisoformat(row["time"])
                line = reading(
                    at, _SENSOR.name, "songhe:glucose-interstitial", float(row["gl"]), "mg/dL"
                )
                people.setdefault(row["id"], []).append(line)
    who = chosen(NAME, list(people), subject)
    marks: list[Mark] = []
    if (folder / MEALS).exists():
        for row in rows_of(folder / MEALS):
            if row["id"] == who:
                at = datetime.fromisoformat(row["mealtime"])
                marks.append((at, at, f"meal/{row['meal']}"))
    return finish(NAME, who, [_SENSOR], people[who], marks)
