"""Open mHealth data points: checked against the shape of their schema, and kept where a code is.

A point is `{"header": {…"schema_id"…}, "body": {…}}`; one, or an array of up to 500.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import yaml

from songhe.gateway.decoders import fields
from songhe.gateway.decoders.formats import Said, Talk
from songhe.gateway.decoders.interface1 import MESSAGES_MAX, refusal
from songhe.gateway.decoders.messages import Decoded, Measurement, Refused, Value
from songhe.gateway.decoders.openmhealth import shapes
from songhe.kernel.time import from_us

DETAIL_MAX = 300
# When the part of a day ends, by the wall clock.
_PARTS_END = {"morning": 12, "afternoon": 18, "evening": 22, "night": 30}
_SECONDS = {
    "ps": 1e-12,
    "ns": 1e-9,
    "us": 1e-6,
    "ms": 1e-3,
    "sec": 1.0,
    "s": 1.0,
    "min": 60.0,
    "h": 3600.0,
    "d": 86_400.0,
    "wk": 604_800.0,
    "Mo": 2_629_800.0,
    "yr": 31_557_600.0,
}
_any = msgspec.json.Decoder().decode
_raw = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A field of a body that becomes a value; `codes` by what the field `choose` says."""

    field: str
    code: str
    unit: str | None = None
    choose: str = ""
    codes: dict[str, str] = {}


class _Points(msgspec.Struct, forbid_unknown_fields=True):
    version: str
    statistics: list[str]
    units: dict[str, str]
    points: dict[str, list[Rule]]


@cache
def points() -> _Points:
    """Return what becomes a reading, as points.yaml says."""
    folder = resources.files("songhe.gateway.decoders.openmhealth")
    return msgspec.convert(yaml.safe_load((folder / "points.yaml").read_text("utf-8")), _Points)


def read(talk: Talk, said: Said) -> list[Decoded]:
    """Read one data point or an array of them."""
    if said.payload.lstrip()[:1] != b"[":
        return _single(talk, said, said.payload)
    try:
        parts = _raw(said.payload)
    except (msgspec.DecodeError, RecursionError) as error:
        return [refusal(error, said.payload)]
    if not 0 < len(parts) <= MESSAGES_MAX:
        detail = f"{len(parts)} points, 1 to {MESSAGES_MAX} allowed"
        return [Refused("too-large" if parts else "bad-shape", detail, said.payload)]
    return [item for part in parts for item in _single(talk, said, bytes(part))]


def _single(talk: Talk, said: Said, payload: bytes) -> list[Decoded]:
    try:
        point: Any = _any(payload)
        shapes.check("omh/data-point-1", point)
    except shapes.Misfit as error:
        detail = str(error).replace("body", "point", 1)[:DETAIL_MAX]
        return [Refused("bad-shape", detail, payload)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return [refusal(error, payload)]
    header, body = point["header"], point["body"]
    named = header["schema_id"]
    schema = f"{named['namespace']}/{named['name']}-{named['version']}"
    try:
        shapes.check(schema, body)
    except KeyError:
        return [Refused("unknown-code", f"the schema {schema[:100]} is not known", payload)]
    except shapes.Misfit as error:
        return [Refused("bad-shape", f"{schema}: {error}"[:DETAIL_MAX], payload)]
    moment = effective(body, talk.device.time_zone) or fields.instant(
        header["creation_date_time"], talk.device.time_zone
    )
    values, detail = _values(named["name"], body)
    if detail:
        return [Refused("bad-value", f"{schema}: {detail}"[:DETAIL_MAX], payload, is_partial=True)]
    given = moment or from_us(said.received_us)
    return [Measurement(given, values, id=header["id"].replace("\0", "")[:200])]


def _values(name: str, body: dict[str, Any]) -> tuple[list[Value], str]:
    """Return (values, why nothing of a good point is kept)."""
    table = points()
    rules = table.points.get(name)
    if rules is None:
        return [], "nothing of it is kept: there is no code for it"
    statistic = body.get("descriptive_statistic")
    if isinstance(statistic, str) and statistic not in table.statistics:
        return [], f"nothing of it is kept: its {statistic} is no reading"
    values = []
    for rule in rules:
        given = body.get(rule.field)
        if given is None:
            continue
        code = rule.code
        if rule.choose and isinstance(body.get(rule.choose), str):
            code = rule.codes.get(body[rule.choose], "")
            if not code:
                return [], f"nothing of it is kept: {body[rule.choose][:60]} is not measured here"
        unit, amount = rule.unit, given
        if isinstance(given, dict):
            amount, unit = given.get("value"), table.units.get(str(given.get("unit")))
            if unit is None:
                return [], f"nothing of it is kept: the unit {given.get('unit')!r:.30} is not known"
        try:
            values.append(Value(code, fields.number(amount), unit))
        except fields.Unreadable as error:
            return [], f"{rule.field}: {error}"
    return values, "" if values else "nothing of it is kept: it has no value of a known code"


def effective(body: dict[str, Any], zone: str) -> datetime | None:
    """Return the time of a body: its instant, or the end of its interval; None without one."""
    frame = body.get("effective_time_frame")
    if not isinstance(frame, dict):
        return None
    moment = fields.instant(frame.get("date_time"), zone)
    interval = frame.get("time_interval")
    if moment is not None or not isinstance(interval, dict):
        return moment
    end = fields.instant(interval.get("end_date_time"), zone)
    if end is not None:
        return end
    start, duration = (
        fields.instant(interval.get("start_date_time"), zone),
        interval.get("duration"),
    )
    try:
        if start is not None and isinstance(duration, dict):
            length = fields.number(duration.get("value")) * _SECONDS[str(duration.get("unit"))]
            return start + timedelta(seconds=length)
        return _part_of_day(interval, zone)
    except (KeyError, ValueError, OverflowError, fields.Unreadable):
        return start


def _part_of_day(interval: dict[str, Any], zone: str) -> datetime | None:
    day = date.fromisoformat(str(interval.get("date")))
    hours = _PARTS_END[str(interval.get("part_of_day"))]
    wall = datetime.combine(day, time(), ZoneInfo(zone)) + timedelta(hours=hours)
    return wall.astimezone(UTC)
