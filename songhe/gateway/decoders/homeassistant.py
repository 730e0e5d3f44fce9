"""Home Assistant's statestream: a state is plain text; what it means, other topics have said."""

from __future__ import annotations

from typing import Any

import msgspec

from songhe.gateway.decoders import fields
from songhe.gateway.decoders.formats import Format, Said, Talk
from songhe.gateway.decoders.messages import Decoded, Measurement, Refused, Status, Value
from songhe.kernel.time import DAY_US, from_us, to_us

STATE_MAX = 255  # Home Assistant's own limit
# A press of last season, told again at every start of the hub, is no news and no dead letter.
OLD_US = 90 * DAY_US
_ATTRIBUTES = frozenset(("device_class", "unit_of_measurement"))
_GONE = frozenset(("unavailable",))
_SILENT = frozenset(("unknown", "none", ""))
_json = msgspec.json.Decoder().decode


def attribute(talk: Talk, said: Said) -> list[Decoded]:
    """Learn the device class and the unit of an entity; every other attribute is let go."""
    name = talk.parts["attribute"]
    if name in _ATTRIBUTES and len(said.payload) <= STATE_MAX:
        try:
            given: Any = _json(said.payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            given = said.payload.decode("utf-8", "replace")
        if isinstance(given, str):
            talk.memory.facts[talk.name, name] = given
    return [Status(at=from_us(said.received_us))]


def state(talk: Talk, said: Said) -> list[Decoded]:
    """Read the state of an entity at the time of its receipt."""
    if len(said.payload) > STATE_MAX:
        return [Refused("too-large", f"a state holds at most {STATE_MAX} bytes", said.payload)]
    try:
        text = said.payload.decode("utf-8").strip()
    except UnicodeDecodeError:
        return [Refused("bad-shape", "a state is text in UTF-8", said.payload)]
    moment = from_us(talk.receipt_us(said))
    if text.lower() in _GONE:
        talk.is_repeat("online", 0.0, said, said.received_us)
        return [Status(at=moment, online=False)]
    back: bool | None = None
    key = (talk.name, "online")
    if key in talk.memory.states and not talk.is_repeat("online", 1.0, said, said.received_us):
        back = True
    found: list[Decoded] = [Status(at=moment)]
    if text.lower() not in _SILENT:
        found = _meant(talk, said, text)
    if back:
        found.append(Status(at=moment, online=True))
    return found


def _meant(talk: Talk, said: Said, text: str) -> list[Decoded]:
    assert talk.format is not None  # noqa: S101 (a format's topic)
    table = talk.format.tables.get(talk.parts["domain"])
    if table is None:
        return [Status(at=from_us(said.received_us))]
    if "press" in table:
        return _pressed(talk, said, text)
    meaning = _class(talk, talk.format, table)
    if not meaning:
        detail = (
            f"what {talk.name[:100]} means is not known: publish_attributes must be on, and the"
            " entity have a device class that the table knows"
        )
        return [Refused("bad-shape", detail, said.payload)]
    fields_of = table[meaning]
    unit = None
    if any(field.unit == "stated" for field in fields_of):
        stated = talk.memory.facts.get((talk.name, "unit_of_measurement"))
        unit = talk.format.units.get(stated or "")
        if unit is None:
            detail = (
                f"the unit of {talk.name[:100]} is {stated[:20]!r}, which is not known"
                if stated
                else f"the unit of {talk.name[:100]} was not told: publish_attributes must be on"
            )
            return [Refused("bad-unit", detail, said.payload)]
    return fields.read(talk, said, {meaning: fields_of}, {meaning: text}, times=[], unit=unit)


def _class(talk: Talk, table_of: Format, table: dict[str, Any]) -> str:
    """Return the row of a table that an entity's state is read by, "" for none."""
    told = talk.memory.facts.get((talk.name, "device_class"))
    if told is not None and told in table:
        return told
    entity = talk.parts["object"]
    ends = [name for name in table if entity == name or entity.endswith(f"_{name}")]
    if ends:
        return max(ends, key=len)
    default = table_of.defaults.get(talk.parts["domain"], {})
    return default.get(talk.device.type, "") if told is None else ""


def _pressed(talk: Talk, said: Said, text: str) -> list[Decoded]:
    """Read a button or an event: its state is the instant of its last press.

    The same instant told again (after a restart of the hub) is the same reading, kept once.
    """
    assert talk.format is not None  # noqa: S101 (a format's topic)
    moment = fields.instant(text, talk.device.time_zone)
    if moment is None:
        return [Refused("bad-value", f"{text[:40]!r} is no time of a press", said.payload)]
    if to_us(moment) < said.received_us - OLD_US:
        return [Status(at=from_us(said.received_us))]
    for field in talk.format.tables[talk.parts["domain"]]["press"]:
        if not field.types or talk.device.type in field.types:
            return [Measurement(moment, [Value(field.code, 1.0)])]
    return [Status(at=from_us(said.received_us))]
