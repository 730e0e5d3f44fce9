"""daily_activity_fitbit: steps an hour, sleep a night, active minutes a day of a wrist band."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from songhe.config.replay.recording import (
    Line,
    Recording,
    Sensor,
    chosen,
    finish,
    only_whole,
    reading,
)
from songhe.config.replay.signals import rows_of

NAME = "daily_activity_fitbit"
HOURS, NIGHTS, DAYS = (
    "hourlySteps_merged_dev.csv",
    "sleepDay_merged_dev.csv",
    "dailyActivity_merged_dev.csv",
)
_SENSOR = Sensor("band", "band")
# The export names the day of a sleep and no hour: it is told in the morning.
_MORNING = timedelta(hours=7, minutes=30)
_EVENING = timedelta(hours=23, minutes=58)


def read(folder: Path, subject: str, part: str) -> Recording:
    """Read one wearer's band; rows that two exports repeat count once."""
    only_whole(NAME, part)
    people: dict[str, dict[tuple[datetime, str], Line]] = {}
    for who, at, code, value, unit in _rows(folder):
        line = reading(at, _SENSOR.name, code, value, unit)
        people.setdefault(who, {}).setdefault((at, code), line)
    complete = sorted(people, key=lambda who: -len(people[who]))
    who = chosen(NAME, complete, subject)
    return finish(NAME, who, [_SENSOR], list(people[who].values()))


def _rows(folder: Path) -> Iterator[tuple[str, datetime, str, float, str]]:
    """Return (wearer, when it is told, code, value, unit)."""
    for row in rows_of(folder / HOURS):
        at = _when(row["ActivityHour"]) + timedelta(minutes=59, seconds=59)
        yield row["Id"], at, "55423-8", float(row["StepTotal"]), "{steps}"
    for row in rows_of(folder / NIGHTS):
        at = _when(row["SleepDay"]) + _MORNING
        yield row["Id"], at, "93832-4", float(row["TotalMinutesAsleep"]), "min"
    for row in rows_of(folder / DAYS):
        kinds = ("VeryActiveMinutes", "FairlyActiveMinutes", "LightlyActiveMinutes")
        active = sum(float(row[kind]) for kind in kinds)
        at = _when(row["ActivityDate"]) + _EVENING
        yield row["Id"], at, "songhe:active-minutes", active, "min"


def _when(text: str) -> datetime:
    """Return a time such as 3/12/2016 13:00 or a date; the export is American and has no zone."""
    pattern = "%m/%d/%Y %H:%M" if ":" in text else "%m/%d/%Y"
    return datetime.strptime(text, pattern)  # noqa: DTZ007 - the zone is given on replay
