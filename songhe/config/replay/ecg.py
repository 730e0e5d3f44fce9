"""ecg_mitdb: half an hour of one lead at 360 Hz a record, and the beats as two doctors saw them."""

from __future__ import annotations

import csv
import gzip
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from songhe.config.replay.recording import (
    UNDATED,
    BadRecording,
    Mark,
    Recording,
    Sensor,
    chosen,
    finish,
    only_whole,
)
from songhe.config.replay.signals import Samples, Signal, chunks, rows_of

NAME = "ecg_mitdb"
RECORDS, BEATS, RHYTHMS = "records_ds1_dev.csv", "beats_ds1_dev.csv.gz", "rhythm_ds1_dev.csv"
SIGNALS = ("mitdb_ds1_dev_1.npz", "mitdb_ds1_dev_2.npz")
_SENSOR = Sensor("patch", "ecg-patch")


def read(folder: Path, subject: str, part: str) -> Recording:
    """Read one record. The file holds differences of the converter's counts; mV by its gain."""
    only_whole(NAME, part)
    records = {row["record"]: row for row in rows_of(folder / RECORDS)}
    who = chosen(NAME, list(records), subject)
    record = records[who]
    counts = np.cumsum(_differences(folder, who), dtype=np.int64) - int(record["baseline"])
    signal = Signal(
        _SENSOR.name,
        "songhe:ecg",
        "mV",
        float(record["fs"]),
        1 / float(record["adc_gain"]),
        UNDATED,
        {record["lead"]: counts},
        f"{NAME}/{who}",
    )
    marks = _truth(folder, who, signal)
    return finish(NAME, who, [_SENSOR], list(chunks(signal)), marks, is_dated=False)


def _differences(folder: Path, record: str) -> Samples:
    for name in SIGNALS:
        if not (folder / name).exists():
            continue
        with np.load(folder / name) as file:
            if record in file.files:
                found: Samples = file[record]
                return found
    raise BadRecording(sentence=f"{NAME} lists record {record}, but no file holds its signal.")


def _truth(folder: Path, record: str, signal: Signal) -> list[Mark]:
    """Return beats (an instant each) and rhythms (until the next one)."""

    def at(row: dict[str, Any]) -> datetime:
        return signal.start + timedelta(
            microseconds=round(int(row["sample"]) * 1e6 / signal.rate_hz)
        )

    found: list[Mark] = []
    if (folder / BEATS).exists():
        with gzip.open(folder / BEATS, "rt", encoding="utf-8", newline="") as file:
            found += [
                (at(row), at(row), f"beat/{row['symbol']}")
                for row in csv.DictReader(file)
                if row["record"] == record
            ]
    if (folder / RHYTHMS).exists():
        begun = [row for row in rows_of(folder / RHYTHMS) if row["record"] == record]
        ends = [at(row) for row in begun[1:]] + [signal.at(signal.count)]
        found += [
            (at(row), end, f"rhythm/{row['rhythm']}") for row, end in zip(begun, ends, strict=True)
        ]
    return found
