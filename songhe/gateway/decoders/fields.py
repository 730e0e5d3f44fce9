"""Fields of a JSON object to values, as a table says: the engine of every foreign JSON format."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from songhe.gateway.decoders.formats import Field, Fields, Said, Talk
from songhe.gateway.decoders.messages import Decoded, Measurement, Refused, Status, Value
from songhe.kernel.time import from_us, to_us

DETAIL_MAX = 300
# Numbers below are seconds since 1970 until the year 5138, above milliseconds since 1973.
_MILLISECONDS_FROM = 100_000_000_000
_json = msgspec.json.Decoder().decode
_LIMITS = {
    "battery_pct": (0.0, 100.0),
    "rssi_dbm": (-150.0, 20.0),
    "link_pct": (0.0, 100.0),
    "snr_db": (-50.0, 50.0),
}


class Unreadable(Exception):
    """One field cannot be used; the text says which and why."""


def parsed(said: Said) -> dict[str, Any] | Refused:
    """Return a payload as a JSON object, or its refusal."""
    try:
        found = _json(said.payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Refused("not-json", str(error)[:DETAIL_MAX], said.payload)
    if not isinstance(found, dict):
        return Refused("bad-shape", "a JSON object was expected", said.payload)
    return found


def at(path: str, source: dict[str, Any]) -> Any:
    """Return what stands at a dotted path of an object; None when it is not there."""
    found: Any = source
    for part in path.split("."):
        if not isinstance(found, dict):
            return None
        found = found.get(part)
    return found


def instant(given: object, zone: str) -> datetime | None:
    """Return an instant from ISO 8601 text or epoch seconds or milliseconds; None for neither.

    A text without a zone is the device's own wall clock.
    """
    try:
        if isinstance(given, str):
            moment = datetime.fromisoformat(given)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
            return moment.astimezone(UTC)
        if isinstance(given, int | float) and not isinstance(given, bool):
            seconds = given / 1000 if abs(given) >= _MILLISECONDS_FROM else float(given)
            return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def number(given: object) -> float:
    """Return a field as a finite number; older hubs write numbers as text. Raises Unreadable."""
    if isinstance(given, str):
        text = given
        try:
            given = float(text)
        except ValueError:
            raise Unreadable(f"{text[:40]!r} is no number") from None
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise Unreadable(f"{_shown(given)} is no number")
    try:
        found = float(given)
    except OverflowError:
        raise Unreadable("a number beyond all bounds") from None
    if not math.isfinite(found):
        raise Unreadable(f"{found} is no number")
    return found


def read_object(talk: Talk, said: Said) -> list[Decoded]:
    """Read a JSON object by the table that the topic's rule names; times as the format says."""
    source = parsed(said)
    if isinstance(source, Refused):
        return [source]
    assert talk.format is not None and talk.rule is not None  # noqa: S101, PT018 (a format's topic)
    return read(talk, said, talk.format.tables[talk.rule.table], source, times=talk.format.times)


def read(
    talk: Talk,
    said: Said,
    table: Fields,
    source: dict[str, Any],
    *,
    times: list[str],
    unit: str | None = None,
    message_id: str | None = None,
) -> list[Decoded]:
    """Return the values and the state that a table finds in an object.

    unit: of fields whose unit is `stated`. An object of which the table knows nothing still says
    that the device is there: that is a Status without anything.
    """
    stated = (instant(at(path, source), talk.device.time_zone) for path in times)
    moment = next((found for found in stated if found is not None), None)
    has_time = moment is not None
    if moment is None:
        moment = from_us(talk.receipt_us(said))
    values: dict[str, Value] = {}
    state: dict[str, Any] = {}
    bad: list[str] = []
    for path, choices in table.items():
        given = at(path, source)
        field = None if given is None else _chosen(choices, talk, source)
        try:
            value = None if field is None else _value(field, given)
            if field is None or value is None:
                continue
            if field.status:
                state[field.status] = _state(field, value)
            elif _is_news(talk, said, field, value, has_time, moment):
                named = unit if field.unit == "stated" else field.unit
                known = values.setdefault(field.code, Value(field.code, float(value), named))
                if field.states is not None:
                    # Two fields of one state (gas, carbon monoxide): trouble in one is trouble.
                    known.value = max(known.value, float(value))
        except Unreadable as error:
            bad.append(f"{path}: {error}")
    return _made(said, moment, list(values.values()), state, bad, message_id)


def _made(
    said: Said,
    moment: datetime,
    values: list[Value],
    state: dict[str, Any],
    bad: list[str],
    message_id: str | None,
) -> list[Decoded]:
    found: list[Decoded] = []
    if values:
        found.append(Measurement(moment, values, id=message_id))
    if state or not (values or bad):
        found.append(Status(at=moment, **state))
    if bad:
        detail = "; ".join(bad)[:DETAIL_MAX]
        found.append(Refused("bad-value", detail, said.payload, is_partial=bool(found)))
    return found


def _chosen(choices: list[Field], talk: Talk, source: dict[str, Any]) -> Field | None:
    for field in choices:
        if not field.types or talk.device.type in field.types:
            return None if any(at(path, source) is True for path in field.unless) else field
    return None


def _is_news(
    talk: Talk, said: Said, field: Field, value: float | str, has_time: bool, moment: datetime
) -> bool:
    if field.repeats == "kept" or isinstance(value, str):
        return True
    repeat = talk.is_repeat(field.code, value, said, to_us(moment))
    return not repeat or (field.repeats == "timed" and has_time)


def _value(field: Field, given: object) -> float | str | None:
    """Return what a field says, None for nothing; raises Unreadable."""
    if field.status == "firmware":
        return str(given).replace("\0", "")[:64] if isinstance(given, str | int | float) else None
    if field.states is None:
        return number(given) * field.scale
    text = _shown(given).lower()
    if text in field.states:
        return field.states[text]
    if field.otherwise == "refuse":
        known = ", ".join(name or "(empty)" for name in field.states)
        raise Unreadable(f"{text[:40]!r} is none of {known}")
    return field.otherwise


def _state(field: Field, value: float | str) -> float | str | bool:
    if isinstance(value, str):
        return value
    if field.status == "online":
        return value >= 0.5
    low, high = _LIMITS[field.status]
    if not low <= value <= high:
        raise Unreadable(f"{value:g} is outside {low:g} to {high:g}")
    return value


def _shown(given: object) -> str:
    """Return a JSON value as short text; the scalars as JSON writes them."""
    if isinstance(given, str):
        return given
    if isinstance(given, dict | list):
        return "an object" if isinstance(given, dict) else "an array"
    try:
        return msgspec.json.encode(given).decode()[:40]
    except (msgspec.MsgspecError, OverflowError, ValueError):
        return "a number"


def read_availability(talk: Talk, said: Said) -> list[Decoded]:
    """Read online or offline, plain or as `{"state": "online"}`: whether the device is there."""
    text: Any = said.payload.strip().lower()
    if text[:1] in (b"{", b'"'):
        try:
            text = _json(said.payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return [Refused("not-json", str(error)[:DETAIL_MAX], said.payload)]
        text = text.get("state") if isinstance(text, dict) else text
        text = text.lower().encode() if isinstance(text, str) else b""
    if text not in (b"online", b"offline"):
        return [Refused("bad-value", "neither online nor offline", said.payload)]
    moment = from_us(talk.receipt_us(said))
    return [Status(at=moment, online=text == b"online")]


def ignore(talk: Talk, said: Said) -> list[Decoded]:
    """Take note that the device is there, and want nothing else of the message."""
    return [Status(at=from_us(said.received_us))]
