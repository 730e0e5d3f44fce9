"""Bluetooth health characteristics as a Bluetooth gateway hands them over, bytes untouched.

`…/gatt` takes JSON (which characteristic, its value as hex or base64), `…/gatt/2A35` the bytes.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec

from songhe.gateway.decoders.formats import Said, Talk
from songhe.gateway.decoders.gatt import layout
from songhe.gateway.decoders.gatt.ieee11073 import WORDS
from songhe.gateway.decoders.gatt.layout import Characteristic, Items, Malformed
from songhe.gateway.decoders.interface1 import MESSAGES_MAX, refusal
from songhe.gateway.decoders.messages import (
    Decoded,
    Instant,
    Measurement,
    Refused,
    Status,
    Value,
)
from songhe.kernel.time import from_us

BYTES_MAX = 512  # of an attribute (Bluetooth Core, Vol 3, Part F, 3.2.9)
# Intervals between beats are two bytes each: more would be tens of thousands of readings at once.
JSON_MAX = 16 * 1024
_BASE_UUID = "-0000-1000-8000-00805f9b34fb"
# What these describe is the measurement, not the body: without a value they are nothing.
_BESIDE = frozenset(("songhe:user-index", "songhe:measurement-doubtful", "songhe:irregular-pulse"))


class GattMessage(msgspec.Struct):
    """One notification: which characteristic, its bytes, when the gateway received it.

    session_start: of a continuous glucose monitor, the start of the session its times count from.
    """

    characteristic: Annotated[str, msgspec.Meta(min_length=4, max_length=36)]
    at: Instant | None = None
    hex: Annotated[str, msgspec.Meta(max_length=2 * BYTES_MAX)] | None = None
    base64: Annotated[str, msgspec.Meta(max_length=700)] | None = None
    session_start: Instant | None = None

    def value(self) -> bytes:
        """Return the bytes; raises ValueError when they are not there or not readable."""
        if (self.hex is None) == (self.base64 is None):
            raise ValueError("hex or base64, one of them")
        if self.hex is not None:
            return bytes.fromhex(self.hex)
        return base64.b64decode(self.base64 or "", validate=True)


_one = msgspec.json.Decoder(GattMessage).decode
_raw = msgspec.json.Decoder(list[msgspec.Raw]).decode


def read(talk: Talk, said: Said) -> list[Decoded]:
    """Read a payload of a `gatt` topic: JSON, or with the characteristic in the topic bytes."""
    named = talk.parts.get("characteristic")
    if named is not None:
        if len(said.payload) > BYTES_MAX:
            detail = f"a characteristic holds at most {BYTES_MAX} bytes"
            return [Refused("too-large", detail, said.payload)]
        return _decoded(talk, said, named, said.payload, None, None, said.payload)
    if len(said.payload) > JSON_MAX:
        detail = f"a message of characteristics holds at most {JSON_MAX} bytes"
        return [Refused("too-large", detail, said.payload)]
    if said.payload.lstrip()[:1] != b"[":
        return _message(talk, said, said.payload)
    try:
        parts = _raw(said.payload)
    except (msgspec.DecodeError, RecursionError) as error:
        return [refusal(error, said.payload)]
    if not 0 < len(parts) <= MESSAGES_MAX:
        detail = f"{len(parts)} messages, 1 to {MESSAGES_MAX} allowed"
        return [Refused("too-large" if parts else "bad-shape", detail, said.payload)]
    return [item for part in parts for item in _message(talk, said, bytes(part))]


def _message(talk: Talk, said: Said, payload: bytes) -> list[Decoded]:
    try:
        message = _one(payload)
        value = message.value()
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        return [refusal(error, payload)]
    except (ValueError, binascii.Error) as error:
        return [Refused("bad-value", str(error)[:200], payload)]
    start, at = message.session_start, message.at
    return _decoded(talk, said, message.characteristic, value, at, start, payload)


def number_of(name: str) -> str:
    """Return a characteristic's 16-bit number as four hex digits, from its UUID or number."""
    short = name.lower().removeprefix("0x").removesuffix(_BASE_UUID)
    return (short[4:] if len(short) == 8 and short.startswith("0000") else short).upper()


def _decoded(
    talk: Talk,
    said: Said,
    name: str,
    data: bytes,
    at: datetime | None,
    session_start: datetime | None,
    payload: bytes,
) -> list[Decoded]:
    """Return what the bytes of a characteristic say. at: when the gateway received them."""
    number = number_of(name)
    known = layout.characteristics().get(number)
    if known is None:
        detail = f"the characteristic {name[:40]!r} is not known"
        return [Refused("unknown-code", detail, payload)]
    received = at if at is not None else from_us(talk.receipt_us(said))
    try:
        if known.sized:
            return _sized(talk, known, data, received, session_start, payload)
        flags, items = layout.unpack(known, data)
    except Malformed as error:
        return [Refused("bad-shape", f"{number} {known.title}: {error}", payload)]
    if known.session:
        return _session(talk, items, received)
    if known.battery:
        level = items[known.battery]
        if level > 100:
            return [Refused("bad-value", f"battery: {level} %", payload)]
        return [Status(at=received, battery_pct=float(level))]
    moment = _moment(talk, known, flags, items) or received
    return _measured(known, flags, items, moment, payload)


def _sized(
    talk: Talk,
    known: Characteristic,
    data: bytes,
    received: datetime,
    session_start: datetime | None,
    payload: bytes,
) -> list[Decoded]:
    """Read records that count minutes from the start of a session.

    Where the start is not known the newest record is as old as its message, the others as much
    older as their minutes say.
    """
    rows = [layout.unpack(known, record) for record in layout.records(data)]
    learnt = talk.memory.facts.get((talk.name, "session_start"))
    start = session_start or (datetime.fromisoformat(learnt) if learnt else None)
    newest = max(items["minutes"] for _, items in rows)
    found: list[Decoded] = []
    for flags, items in rows:
        minutes = items["minutes"]
        moment = received - timedelta(minutes=newest - minutes)
        if start is not None:
            try:
                moment = start + timedelta(minutes=minutes)
            except OverflowError:
                return [Refused("bad-value", "a session beyond all times", payload)]
        found += _measured(known, flags, items, moment, payload)
    return found


def _session(talk: Talk, items: Items, received: datetime) -> list[Decoded]:
    """Remember when a session began: its own zone in quarters of an hour, -128 for none."""
    quarters = items["zone_quarters"]
    start = _clock(items["time"], talk.device.time_zone)
    if start is not None and -48 <= quarters <= 56:
        summer = items["summer"] if items["summer"] in (2, 4, 8) else 0
        wall = start.astimezone(ZoneInfo(talk.device.time_zone)).replace(tzinfo=UTC)
        start = wall - timedelta(minutes=15 * (quarters + summer))
    if start is not None:
        talk.memory.facts[talk.name, "session_start"] = start.isoformat()
    return [Status(at=received)]


def _moment(talk: Talk, known: Characteristic, flags: int, items: Items) -> datetime | None:
    """Return the device's own time, on its wall clock; None when it gives none it believes in."""
    if known.clock_unset is not None and flags >> known.clock_unset & 1:
        return None
    moment = _clock(items.get("time", b""), talk.device.time_zone)
    if moment is None:
        return None
    # The meter's clock stays as it was set first; what the user corrected since is the offset.
    return moment + timedelta(minutes=items.get("offset_minutes", 0))


def _clock(data: bytes, zone: str) -> datetime | None:
    """Return seven bytes of date and time; a field of nought is not known, so the whole is not."""
    if len(data) != 7:
        return None
    year, rest = int.from_bytes(data[:2], "little"), data[2:]
    try:
        wall = datetime(year, *rest)  # noqa: DTZ001 (its zone follows)
        return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _measured(
    known: Characteristic, flags: int, items: Items, moment: datetime, payload: bytes
) -> list[Decoded]:
    unfit, other = _unfit(known, flags, items), _other_code(known, items)
    if unfit or other is None:
        detail = unfit or "a control solution, nobody's blood"
        return [Refused("bad-value", f"{known.title}: {detail}", payload)]
    values, bad = _values(known, flags, items, other)
    found: list[Decoded] = []
    if any(value.code not in _BESIDE for value in values):
        found.append(Measurement(moment, values))
    found += _series(known, items, moment)
    if bad or not found:
        detail = "; ".join(bad) or "no value"
        found.append(
            Refused("bad-value", f"{known.title}: {detail}", payload, is_partial=bool(found))
        )
    return found


def _unfit(known: Characteristic, flags: int, items: Items) -> str:
    """Return why the whole is no measurement, "" when it is one."""
    if known.refuse is not None and flags & known.refuse.mask == known.refuse.equals:
        return known.refuse.detail
    if known.failed is not None and items[known.failed.source] == known.failed.equals:
        return "the measurement failed"
    return ""


def _values(
    known: Characteristic, flags: int, items: Items, other: dict[str, str]
) -> tuple[list[Value], list[str]]:
    """Return (values, what of the others is no number)."""
    values, bad = [], []
    for rule in known.values:
        given = items.get(rule.source)
        if given is None or given == rule.none:
            continue
        if isinstance(given, str):
            if not rule.optional:
                bad.append(f"{rule.source}: {WORDS[given]}")
            continue
        unit, scale = rule.chosen(flags)
        values.append(Value(other.get(rule.code, rule.code), given * scale, unit))
    values += [
        Value(state.code, float(bool(items[state.source] & state.mask)))
        for state in known.states
        if state.source in items
    ]
    return values, bad


def _other_code(known: Characteristic, items: Items) -> dict[str, str] | None:
    """Return codes to put in the place of the table's; None for a sample that is not of a body."""
    rule = known.controls
    if rule is None or rule.source not in items:
        return {}
    kind, location = items[rule.source] & 0x0F, items[rule.source] >> 4
    if kind == rule.type or location == rule.location:
        return None
    if kind == rule.interstitial:
        return {"14743-9": "songhe:glucose-interstitial"}
    return {}


def _series(known: Characteristic, items: Items, moment: datetime) -> list[Decoded]:
    rule = known.series
    if rule is None:
        return []
    ends, found = moment, []
    intervals: list[Any] = items.get(rule.source, [])
    for given in reversed(intervals):
        length = given * rule.scale
        found.append(Measurement(ends, [Value(rule.code, length, rule.unit)]))
        ends -= timedelta(milliseconds=max(length, 1))
    return list(reversed(found))
