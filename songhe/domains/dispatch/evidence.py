"""Whether the records of a visit bear it out: reasons by rules that are data, and a score.

Pure: visits, happenings and pictures in, reasons out. A score says where to look, not who lied.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

import yaml

from songhe.kernel.geo import Point, haversine_m


@cache
def rules() -> dict[str, Any]:
    """Return the rules with their version and status (data/evidence.yaml)."""
    text = (files("songhe.domains.dispatch") / "data/evidence.yaml").read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


@dataclass(frozen=True, slots=True)
class Told:
    """One record of a phone. made_ms: when its id was made on the phone, None where not known."""

    kind: str
    at: datetime
    received_at: datetime
    made_ms: int | None = None
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Alike:
    """A photograph, and one like it that another visit (or another step of this one) had before."""

    file: str
    like: str
    visit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A visit as its records tell it. accuracy_m: the phone's own error at the arrival.

    needed, came: how many workers the item takes at once, and how many did it.
    """

    visit_id: UUID
    arrived_at: datetime | None
    began_at: datetime | None
    ended_at: datetime | None
    home: Point | None
    way: str = "none"
    distance_m: float | None = None
    accuracy_m: float = 0.0
    reason: str = ""
    item_minutes: int | None = None
    missing: int = 0
    told: Sequence[Told] = ()
    alike: Sequence[Alike] = ()
    needed: int = 1
    came: int = 1

    @property
    def first_at(self) -> datetime | None:
        return self.arrived_at or self.began_at


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that speaks against a visit, with the points it takes and its figures.

    figures: the numbers of its sentence; other: the visit beside which it shows; pairs: pictures
    (`Alike`); entered: when the records were made on the phone (ISO 8601).
    """

    code: str
    takes: int
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judged:
    """A visit judged: 100 is nothing against it."""

    score: int
    reasons: tuple[Reason, ...]


def judge(seen: Seen, others: Iterable[Seen] = ()) -> Judged:
    """Return what speaks against a visit; others: the same worker's visits of that day."""
    found = [*_place(seen), *_time(seen), *_records(seen), *_beside(seen, others)]
    takes = sum(reason.takes for reason in found)
    return Judged(max(0, 100 - takes), tuple(found))


def _rule(code: str) -> dict[str, Any]:
    row: dict[str, Any] = rules()["reasons"][code]
    return row


def _reason(code: str, **figures: Any) -> Reason:
    return Reason(code, int(_rule(code)["takes"]), figures)


def _place(seen: Seen) -> list[Reason]:
    found = []
    if seen.way == "none":
        found.append(_reason("no_place"))
    wrong = sorted({one.wrong for one in seen.told if one.wrong})
    if wrong:
        found.append(_reason("wrong_code", what=wrong[0]))
    if seen.distance_m is not None:
        beyond = seen.distance_m - seen.accuracy_m
        if beyond > float(_rule("far")["beyond_m"]):
            code = "far_explained" if seen.reason else "far"
            found.append(_reason(code, m=round(seen.distance_m)))
    return found


def _time(seen: Seen) -> list[Reason]:
    start, end = seen.first_at, seen.ended_at
    if start is None or end is None or not seen.item_minutes:
        return []
    minutes = (end - start).total_seconds() / 60
    if minutes < seen.item_minutes * float(_rule("short")["share"]):
        return [_reason("short", minutes=round(minutes), item_minutes=seen.item_minutes)]
    return []


def _records(seen: Seen) -> list[Reason]:
    found = []
    if seen.missing:
        rule = _rule("missing_step")
        takes = min(int(rule["most"]), seen.missing * int(rule["takes"]))
        found.append(Reason("missing_step", takes, {"n": seen.missing}))
    if seen.came < seen.needed:
        found.append(_reason("fewer", n=seen.came, needed=seen.needed))
    if seen.alike:
        pairs = [asdict(one) for one in seen.alike]
        found.append(_reason("reused_photo", n=len({one.file for one in seen.alike}), pairs=pairs))
    late_s = max(((one.received_at - one.at).total_seconds() for one in seen.told), default=0.0)
    if late_s > float(_rule("late_told")["after_s"]):
        found.append(_reason("late_told", hours=round(late_s / 3600)))
    return found + _back_filled(seen)


def _back_filled(seen: Seen) -> list[Reason]:
    """Everything was made on the phone in one go, of a visit that is said to have lasted long."""
    made = [one.made_ms for one in seen.told if one.made_ms is not None]
    if len(made) < 3 or seen.first_at is None or seen.ended_at is None:
        return []
    within_s = (max(made) - min(made)) / 1000
    said_s = (seen.ended_at - seen.first_at).total_seconds()
    rule = _rule("back_filled")
    if within_s <= float(rule["within_s"]) and said_s >= float(rule["of_s"]):
        entered = datetime.fromtimestamp(min(made) / 1000, UTC).isoformat()
        minutes = round(said_s / 60)
        return [_reason("back_filled", seconds=round(within_s), minutes=minutes, entered=entered)]
    return []


def _beside(seen: Seen, others: Iterable[Seen]) -> list[Reason]:
    """Two places at once, or one after the other faster than anybody travels."""
    found = []
    start, end = seen.first_at, seen.ended_at
    for other in others:
        if other.visit_id == seen.visit_id or other.first_at is None or start is None:
            continue
        other_end = other.ended_at or other.first_at
        common_s = (min(end or start, other_end) - max(start, other.first_at)).total_seconds()
        if common_s > float(_rule("overlap")["more_than_s"]):
            found.append(
                _reason("overlap", minutes=round(common_s / 60), other=str(other.visit_id))
            )
        elif common_s <= 0:
            found += _travel(seen, other)
    return _worst_of_each(found)


def _travel(seen: Seen, other: Seen) -> list[Reason]:
    if seen.home is None or other.home is None or seen.first_at is None or other.first_at is None:
        return []
    first, then = (other, seen) if other.first_at < seen.first_at else (seen, other)
    if then is not seen:
        return []  # told of the later one alone
    gap_s = (then.first_at - (first.ended_at or first.first_at)).total_seconds()  # type: ignore[operator]
    km = haversine_m(first.home, then.home) / 1000  # type: ignore[arg-type]
    kmh = km / (max(gap_s, 1.0) / 3600)
    if km > 0.5 and kmh > float(_rule("travel")["faster_than_kmh"]):
        minutes = round(gap_s / 60, 1)
        return [_reason("travel", km=round(km, 1), minutes=minutes, other=str(first.visit_id))]
    return []


def _worst_of_each(found: list[Reason]) -> list[Reason]:
    kept: dict[str, Reason] = {}
    for one in found:
        kept.setdefault(one.code, one)
    return list(kept.values())


def made_ms(pk: UUID) -> int | None:
    """Return when a UUIDv7 was made, in milliseconds since 1970; None for other ids (RFC 9562)."""
    return pk.int >> 80 if pk.version == 7 else None
