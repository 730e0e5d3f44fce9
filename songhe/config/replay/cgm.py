"""cgm_iglu: continuous glucose every five minutes of people with and without diabetes."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path

from songhe.config.replay.recording import Line, Recording, Sensor, chosen, finish, reading

NAME = "cgm_iglu"
FILES = ("cgm_t2d_5subjects_dev.csv", "cgm_hall2018_dev.csv")
_SENSOR = Sensor("cgm", "cgm")


def read(folder: Path, subject: str) -> Recording:
    """Read one person's glucose; values stay in mg/dL, the gateway turns them into mmol/L."""
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
    return finish(NAME, who, iter([_SENSOR]), people[who])
