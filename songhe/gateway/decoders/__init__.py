"""Bytes to decoded messages: device interface 1, and the formats of others as tables."""

from __future__ import annotations

from collections.abc import Callable

from songhe.gateway.decoders import (
    chirpstack,
    fields,
    formats,
    gatt,
    homeassistant,
    interface1,
    openmhealth,
)
from songhe.gateway.decoders.formats import Memory, Reader, Talk
from songhe.gateway.decoders.messages import (
    Acknowledgement,
    Beacon,
    Decoded,
    Measurement,
    Refused,
    Sightings,
    Status,
    Value,
    Waveform,
)
from songhe.kernel.wire import DeviceSnapshot

Decoder = Callable[[bytes], list[Decoded]]
DECODERS: dict[str, Decoder] = interface1.DECODERS
# Kinds of our own topics whose messages need more than their bytes: zone, receipt, memory.
TALKS: dict[str, Reader] = {"gatt": gatt.read, "openmhealth": openmhealth.read}
KINDS = (*DECODERS, *TALKS)
READERS: dict[str, Reader] = {
    "object": fields.read_object,
    "availability": fields.read_availability,
    "ignore": fields.ignore,
    "homeassistant.state": homeassistant.state,
    "homeassistant.attribute": homeassistant.attribute,
    "chirpstack.up": chirpstack.up,
}


def decode(kind: str, payload: bytes) -> list[Decoded]:
    """Return what a payload of a kind holds, refusals in their place; never raises."""
    return DECODERS[kind](payload)


def own_talk(
    kind: str, device: DeviceSnapshot, memory: Memory, *, name: str = "", part: str | None = None
) -> Talk:
    """Return what reads a kind of TALKS. part: what follows the kind in the topic."""
    parts = {} if part is None else {"characteristic": part}
    return Talk(TALKS[kind], device, memory, name=name or device.key, parts=parts)


def foreign_talk(
    table: formats.Format, topic: str, device_of: Callable[[str], DeviceSnapshot], memory: Memory
) -> Talk | None:
    """Return what reads a foreign topic, None for one that the format does not know.

    device_of: the device of a foreign name, "" for the hub itself; raises KeyError.
    """
    meaning = table.meaning(topic)
    if meaning is None:
        return None
    rule, name, parts = meaning
    try:
        device = device_of(name)
    except KeyError:
        return Talk(formats.stranger, device_of(""), memory, name=name)
    return Talk(
        READERS[rule.reader], device, memory, name=name, parts=parts, format=table, rule=rule
    )


__all__ = [
    "DECODERS",
    "KINDS",
    "READERS",
    "TALKS",
    "Acknowledgement",
    "Beacon",
    "Decoded",
    "Measurement",
    "Memory",
    "Refused",
    "Sightings",
    "Status",
    "Talk",
    "Value",
    "Waveform",
    "decode",
    "foreign_talk",
    "own_talk",
]
