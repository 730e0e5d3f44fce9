"""A recording as timed messages of sensors: what every adapter gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from songhe.kernel.errors import Invalid

MICROSECOND = timedelta(microseconds=1)
NOTHING = timedelta()
# Where a set tells no hours: only differences count, the player lays it beside the present.
UNDATED = datetime(2000, 1, 1)  # noqa: DTZ001 (a recording's wall clock has no zone)


class BadRecording(Invalid):
    """The folder is no recording that can be replayed."""

    code = "config.bad_recording"
    message = "%(sentence)s"


@dataclass(frozen=True, slots=True)
class Sensor:
    """One sensor of a recording: the device type that plays it, and the kind of room it is in.

    room "" means that it is on the person. A beacon is only heard: it has no connection.
    """

    name: str
    type: str
    room: str = ""
    is_heard: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One message: at is the recording's own wall clock; body the message without its time.

    A chunk of a signal lasts; it can be sent when it is complete. Samples in body are arrays.
    In sightings, `key` is the name of the beacon's sensor.
    """

    at: datetime
    sensor: str
    kind: str
    body: dict[str, Any]
    lasts: timedelta = NOTHING


class Truth(NamedTuple):
    """What the set's own labels say, never sent: microseconds since the first line's time.

    label is kind/words: fall/F01, daily/D02, stage/2, beat/V, rhythm/(AFIB, cell/N15, step/left.
    """

    start_us: int
    end_us: int
    label: str


@dataclass(frozen=True, slots=True)
class Recording:
    """Sensors, lines in the order of time, and the labels. subject: whose recording it is.

    part: the one recording of that subject that was asked for, "" for all of them. is_dated tells
    whether the hours of the day are the recording's own.
    """

    name: str
    subject: str
    sensors: tuple[Sensor, ...]
    lines: list[Line]
    part: str = ""
    is_dated: bool = True
    truth: tuple[Truth, ...] = ()

    @property
    def days(self) -> int:
        """Return how many calendar days the recording touches."""
        return (self.lines[-1].at.date() - self.lines[0].at.date()).days + 1


# folder, subject ("" for the first), recording ("" for all of the subject)
Reader = Callable[[Path, str, str], Recording]
Mark = tuple[datetime, datetime, str]


def event(at: datetime, sensor: str, name: str, state: str) -> Line:
    """Return a change of state."""
    return Line(at, sensor, "events", {"event": name, "state": state})


def reading(at: datetime, sensor: str, code: str, value: float, unit: str) -> Line:
    """Return one measured value in the recording's own unit."""
    return Line(
        at, sensor, "readings", {"readings": [{"code": code, "value": value, "unit": unit}]}
    )


def encoded(line: Line, at: datetime) -> bytes:
    """Return a line as a message of interface 1 at an aware time; masked samples become null."""
    return msgspec.json.encode({"at": at.isoformat(), **line.body}, enc_hook=_plain)


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def finish(
    name: str,
    subject: str,
    sensors: Iterable[Sensor],
    lines: list[Line],
    marks: Sequence[Mark] = (),
    *,
    part: str = "",
    is_dated: bool = True,
) -> Recording:
    """Return a recording in the order of time with the sensors that speak; raises BadRecording."""
    if not lines:
        raise BadRecording(sentence=f"{name} holds nothing for {subject or 'anybody'}.")
    lines.sort(key=lambda line: line.at)
    spoken = {line.sensor for line in lines}
    used = tuple(s for s in sensors if s.name in spoken or s.is_heard)
    begin = lines[0].at
    truth = sorted(
        Truth((start - begin) // MICROSECOND, (end - begin) // MICROSECOND, label)
        for start, end, label in marks
    )
    return Recording(name, subject, used, lines, part, is_dated, tuple(truth))


def chosen(name: str, known: Sequence[str], wanted: str, what: str = "subject") -> str:
    """Return the subject that is wanted, the first by default; raises BadRecording."""
    if not wanted and known:
        return known[0]
    if wanted not in known:
        some = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
        raise BadRecording(sentence=f"{name} has no {what} {wanted}. It has: {some}.")
    return wanted


def only_whole(name: str, part: str) -> None:
    """Refuse the choice of a part where a subject has one recording; raises BadRecording."""
    if part:
        raise BadRecording(sentence=f"{name} has one recording a subject: leave --recording out.")
