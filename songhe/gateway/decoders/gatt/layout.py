"""Byte layouts of characteristics: from bytes to named items, as characteristics.yaml says."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any, Literal

import msgspec
import yaml

from songhe.gateway.decoders.gatt.ieee11073 import Medical, float32, sfloat

Kind = Literal["u8", "s8", "u16", "u24", "s16", "sfloat", "float32", "time7"]
CRC_BYTES = 2


class Malformed(Exception):
    """The bytes do not fit the layout; the text says where."""


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One item: there always, with a bit of the flags (`if`), without it (`unless`), or often."""

    name: str
    kind: Kind = msgspec.field(name="as")
    present: int | None = msgspec.field(name="if", default=None)
    absent: int | None = msgspec.field(name="unless", default=None)
    repeats: bool = False


class ValueOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code's value: item * scale in unit, both chosen by a bit of the flags where there are two.

    none: the number that means that there is nothing. optional: what is no number is left out.
    """

    code: str
    source: str = msgspec.field(name="from")
    unit: tuple[str | None, ...] = (None,)
    scale: tuple[float, ...] = (1.0,)
    bit: int | None = None
    none: float | None = None
    optional: bool = False

    def chosen(self, flags: int) -> tuple[str | None, float]:
        """Return (unit, scale) as the flags say."""
        which = 0 if self.bit is None else flags >> self.bit & 1
        return self.unit[min(which, len(self.unit) - 1)], self.scale[
            min(which, len(self.scale) - 1)
        ]


class StateOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A state: 1 when any of the masked bits of an item is set."""

    code: str
    source: str = msgspec.field(name="from")
    mask: int


class Series(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Intervals one after the other, the last of which ends at the time of the message."""

    code: str
    source: str = msgspec.field(name="from")
    scale: float
    unit: str


class Failed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The number of an item that says that the measurement failed."""

    source: str = msgspec.field(name="from")
    equals: int


class Unfit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Flags that say that nothing was measured."""

    mask: int
    equals: int
    detail: str


class Controls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Samples of a glucose meter that are not blood: a control solution, interstitial fluid."""

    source: str = msgspec.field(name="from")
    type: int
    location: int
    interstitial: int


class Characteristic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One characteristic's layout and meaning."""

    title: str
    status: str
    items: list[Item]
    flags: Literal["u8", "u16"] | None = None
    values: list[ValueOf] = []
    states: list[StateOf] = []
    series: Series | None = None
    failed: Failed | None = None
    refuse: Unfit | None = None
    controls: Controls | None = None
    clock_unset: int | None = None
    sized: bool = False
    battery: str = ""
    session: bool = False


class _File(msgspec.Struct, forbid_unknown_fields=True):
    version: str
    types: dict[str, int]
    characteristics: dict[str, Characteristic]


@cache
def _file() -> _File:
    text = (resources.files("songhe.gateway.decoders.gatt") / "characteristics.yaml").read_text()
    raw: Any = yaml.safe_load(text)
    return msgspec.convert(raw, _File)


def characteristics() -> dict[str, Characteristic]:
    """Return every known characteristic by its 16-bit number in hex."""
    return _file().characteristics


def _number(data: bytes, kind: Kind) -> Any:
    if kind == "time7":
        return data
    raw = int.from_bytes(data, "little", signed=kind in ("s8", "s16"))
    if kind == "sfloat":
        return sfloat(raw)
    return float32(raw) if kind == "float32" else raw


Items = dict[str, Any]


def unpack(layout: Characteristic, data: bytes) -> tuple[int, Items]:
    """Return (flags, items by name); raises Malformed for too few or too many bytes."""
    widths, place, flags = _file().types, 0, 0
    if layout.flags is not None:
        place = widths[layout.flags]
        if len(data) < place:
            raise Malformed("no flags")
        flags = int.from_bytes(data[:place], "little")
    found: Items = {}
    for item in layout.items:
        if item.present is not None and not flags >> item.present & 1:
            continue
        if item.absent is not None and flags >> item.absent & 1:
            continue
        width = widths[item.kind]
        many = max((len(data) - place) // width, 1) if item.repeats else 1
        if place + many * width > len(data):
            raise Malformed(f"{len(data)} bytes end before {item.name}")
        pieces = [
            _number(data[start : start + width], item.kind)
            for start in range(place, place + many * width, width)
        ]
        found[item.name] = pieces if item.repeats else pieces[0]
        place += many * width
    spare = len(data) - place
    if (spare and not (layout.sized or layout.session)) or spare > CRC_BYTES:
        raise Malformed(f"{spare} bytes more than the flags say")
    return flags, found


def records(data: bytes) -> list[bytes]:
    """Return the records of a notification in which each begins with its own size."""
    found, place = [], 0
    while place < len(data):
        size = data[place]
        if size < 2 or place + size > len(data):
            raise Malformed(f"a record of {size} bytes in the {len(data) - place} that are left")
        found.append(data[place + 1 : place + size])
        place += size
    if not found:
        raise Malformed("no record")
    return found


__all__ = [
    "Characteristic",
    "Items",
    "Malformed",
    "Medical",
    "characteristics",
    "records",
    "unpack",
]
