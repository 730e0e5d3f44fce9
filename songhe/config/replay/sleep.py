"""sleep_walch_applewatch: a night on the wrist in epochs of 30 s, the stages by polysomnography."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from songhe.config.replay.recording import (
    Line,
    Mark,
    Recording,
    Sensor,
    chosen,
    finish,
    only_whole,
)
from songhe.config.replay.signals import rows_of

NAME = "sleep_walch_applewatch"
FILE = "epochs_dev.csv"
EPOCH_S = 30
# The set counts hours from its own beginning; a night is laid from here on.
_BEGIN = datetime(2000, 1, 1, 22, 30)  # noqa: DTZ001 (a recording's wall clock has no zone)
_SENSOR = Sensor("watch", "band")


def read(folder: Path, subject: str, part: str) -> Recording:
    """Read one person's night: counts of movement and the deviation of the heart rate an epoch.

    A value over an epoch is dated at its end. Epochs that are missing stay missing.
    """
    only_whole(NAME, part)
    people: dict[str, list[dict[str, str]]] = {}
    for row in rows_of(folder / FILE):
        people.setdefault(row["subject"], []).append(row)
    who = chosen(NAME, list(people), subject)
    lines: list[Line] = []
    marks: list[Mark] = []
    for row in people[who]:
        place = round(float(row["time"]) * 3600 / EPOCH_S)
        begin = _BEGIN + timedelta(seconds=EPOCH_S * place)
        end = begin + timedelta(seconds=EPOCH_S)
        values = [
            {"code": "songhe:activity-counts", "value": float(row["activity_count"])},
            {"code": "songhe:heart-rate-deviation", "value": float(row["hr_feature"])},
        ]
        lines.append(Line(end, _SENSOR.name, "readings", {"readings": values}))
        marks.append((begin, end, f"stage/{float(row['psg_stage']):g}"))
    return finish(NAME, who, [_SENSOR], lines, marks)
