"""What a worker's phone tells of one visit: on the way, at the door, step by step, done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from songhe.config.demo import pictures
from songhe.domains.catalog.selectors import VersionView
from songhe.domains.catalog.terms import Step
from songhe.domains.dispatch.bulk import Heard
from songhe.domains.dispatch.services import Told
from songhe.domains.dispatch.terms import HappeningKind, Way
from songhe.kernel import codes
from songhe.kernel.geo import Point

_KINDS = {
    "photo": HappeningKind.PHOTO,
    "signature": HappeningKind.SIGNATURE,
    "measure": HappeningKind.MEASURE,
}
# What is usual and how far it goes to and fro, by LOINC.
_USUAL = {
    "8480-6": (132, 9),
    "8462-4": (77, 6),
    "8867-4": (73, 6),
    "59408-5": (96.5, 0.8),
    "8310-5": (36.5, 0.2),
    "songhe:room-temperature": (24.5, 1.2),
    "14743-9": (6.2, 0.7),
}


@dataclass(slots=True)
class Course:
    """How a visit went. entered_at: when all was entered in one go, None as it happened."""

    visit_id: UUID
    arrived_at: datetime
    ended_at: datetime
    entered_at: datetime | None = None
    received_at: datetime | None = None
    photo: bytes = b""


def phone_id(rng: Random, at: datetime) -> UUID:
    """Return the UUIDv7 that a phone makes at a moment."""
    value = round(at.timestamp() * 1000) << 80
    value |= 0x7 << 76 | rng.getrandbits(12) << 64 | 0b10 << 62 | rng.getrandbits(62)
    return UUID(int=value)


def course(visit_id: UUID, begins_at: datetime, ends_at: datetime) -> Course:
    """Return how a planned visit goes as usual: always the same for the same visit."""
    rng, long = _rng(visit_id, "course"), ends_at - begins_at
    arrived = begins_at + timedelta(seconds=rng.uniform(0, 150))
    ended = max(ends_at - long * rng.uniform(0.01, 0.1), arrived + timedelta(minutes=5))
    return Course(visit_id, arrived, ended)


def told(course: Course, item: VersionView, place: Point | None) -> list[Heard]:
    """Return what a phone tells of a visit, in order; always the same for the same course."""
    return list(_story(_rng(course.visit_id, "phone"), course, item, place))


def _rng(visit_id: UUID, what: str) -> Random:
    return Random(f"{visit_id}:{what}")  # noqa: S311 - a demo, not a secret


def _story(rng: Random, course: Course, item: VersionView, place: Point | None) -> Iterator[Heard]:
    way = timedelta(minutes=rng.uniform(5, 14))
    yield _heard(rng, course, HappeningKind.SET_OFF, course.arrived_at - way)
    near: dict[str, Any] = {}
    if place is not None:
        near = {
            "lat": place[0] + rng.uniform(-0.00012, 0.00012),
            "lon": place[1] + rng.uniform(-0.00012, 0.00012),
            "accuracy_m": round(rng.uniform(6, 18), 1),
            "way": Way.GPS,
        }
    yield _heard(rng, course, HappeningKind.ARRIVED, course.arrived_at, **near)
    steps = [step for step in item.steps if step.evidence != "none"]
    apart = (course.ended_at - course.arrived_at) / (len(steps) + 2)
    yield _heard(rng, course, HappeningKind.BEGAN, course.arrived_at + apart * rng.uniform(0.2, 1))
    for number, step in enumerate(steps, 2):
        at = course.arrived_at + (number + rng.uniform(-0.3, 0.3)) * apart
        yield _step(rng, course, step, at)
    yield _heard(rng, course, HappeningKind.DONE, course.ended_at)


def _step(rng: Random, course: Course, step: Step, at: datetime) -> Heard:
    kind = _KINDS.get(step.evidence, HappeningKind.STEP)
    if kind == HappeningKind.PHOTO:
        content, course.photo = course.photo or pictures.photograph(rng), b""
        return _heard(rng, course, kind, at, step=step.code, content=content)
    if kind == HappeningKind.SIGNATURE:
        return _heard(rng, course, kind, at, step=step.code, content=pictures.signature(rng))
    if kind == HappeningKind.MEASURE:
        values = {code: _value(rng, code) for code in step.codes}
        units = {code: codes.by_code(code).unit for code in values}
        data = {"values": values, "units": units}
        return _heard(rng, course, kind, at, step=step.code, data=data)
    return _heard(rng, course, kind, at, step=step.code)


def _value(rng: Random, code: str) -> float:
    middle, spread = _USUAL[code]
    return round(rng.gauss(middle, spread), 1 if spread < 3 else 0)


def _heard(
    rng: Random,
    course: Course,
    kind: HappeningKind,
    at: datetime,
    *,
    content: bytes = b"",
    **more: Any,
) -> Heard:
    made = at
    if course.entered_at is not None:
        made = course.entered_at + timedelta(seconds=rng.uniform(0, 50))
    received = course.received_at or made + timedelta(seconds=rng.uniform(1, 9))
    pk = phone_id(rng, made)
    if content:
        more["file"] = str(phone_id(rng, made))
    return Heard(
        Told(id=pk, visit_id=course.visit_id, kind=kind, device_at=at, **more), received, content
    )
