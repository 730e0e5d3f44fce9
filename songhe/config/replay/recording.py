"""A recording as timed messages of sensors: what every adapter gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from songhe.kernel.errors import Invalid


class BadRecording(Invalid):
    """The folder is no recording that can be replayed."""

    code = "config.bad_recording"
    message = "%(sentence)s"


@dataclass(frozen=True, slots=True)
class Sensor:
    """One sensor of a recording: the device type that plays it, and the kind of room it is in.

    room "" means that it is on the person.
    """

    name: str
    type: str
    room: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One message: at is the recording's own wall clock; body the message without its time."""

    at: datetime
    sensor: str
    kind: str
    body: dict[str, object]


@dataclass(frozen=True, slots=True)
class Recording:
    """Sensors, and lines in the order of time. subject: whose recording it is."""

    name: str
    subject: str
    sensors: tuple[Sensor, ...]
    lines: list[Line]

    @property
    def days(self) -> int:
        """Return how many calendar days the recording touches."""
        return (self.lines[-1].at.date() - self.lines[0].at.date()).days + 1


Reader = Callable[[Path, str], Recording]


def event(at: datetime, sensor: str, name: str, state: str) -> Line:
    """Return a change of state."""
    return Line(at, sensor, "events", {"event": name, "state": state})


def reading(at: datetime, sensor: str, code: str, value: float, unit: str) -> Line:
    """Return one measured value in the recording's own unit."""
    return Line(
        at, sensor, "readings", {"readings": [{"code": code, "value": value, "unit": unit}]}
    )


def finish(name: str, subject: str, sensors: Iterator[Sensor], lines: list[Line]) -> Recording:
    """Return a recording in the order of time with the sensors that speak; raises BadRecording."""
    if not lines:
        raise BadRecording(sentence=f"{name} holds nothing for {subject or 'anybody'}.")
    lines.sort(key=lambda line: line.at)
    spoken = {line.sensor for line in lines}
    return Recording(name, subject, tuple(s for s in sensors if s.name in spoken), lines)


def chosen(name: str, known: list[str], wanted: str) -> str:
    """Return the subject that is wanted, the first by default; raises BadRecording."""
    if not wanted:
        return known[0]
    if wanted not in known:
        some = ", ".join(known[:12])
        raise BadRecording(sentence=f"{name} has no subject {wanted}. It has: {some}.")
    return wanted
