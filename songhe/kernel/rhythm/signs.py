"""Signs of life in a person's readings: what moves by her hand, not what a device repeats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from songhe.kernel import codes
from songhe.kernel.rhythm.sensing import Fired, channel_of_device, in_order
from songhe.kernel.time import MINUTE_US
from songhe.kernel.wire import Reading

KEYS = ("motion", "door", "bed", "power", "item-use", "vibration")
# Those that tell the whole time whether they are on: only a change is a sign of life.
_STATES = ("door", "bed")
# Below this (W) an appliance is off or asleep.
POWER_ON_W = 15.0
# A motion sensor that never says "clear" is taken to be on for so long.
_LONGEST_US = 12 * 60 * MINUTE_US


def numbers() -> dict[int, str]:
    """Return the numbers of the codes that can be a sign of life, with their keys."""
    return {codes.by_key(key).number: key for key in KEYS}


def is_on(key: str, value: float) -> bool:
    """Say whether a value means on: somebody seen, open, occupied, in use."""
    return value >= (POWER_ON_W if key == "power" else 0.5)


def is_sign(key: str, on: bool, was_on: bool | None) -> bool:
    """Say whether a value is a sign of life, given what the same device said before.

    Motion counts each time it is seen. A bed, a door or a switch only when it changes: a mat that
    repeats "occupied" every minute says that somebody lies there, not that she is well. What a
    mat or plug says first changes nothing that is known; a door heard first is one that was opened.
    """
    if key == "door" and was_on is None:
        return on
    if key in _STATES or key == "power":
        return was_on is not None and was_on != on
    return on or bool(was_on)


def events_of(
    readings: Iterable[Reading], sensors: Mapping[str, str], until_us: int | None = None
) -> list[Fired]:
    """Return the events of one person's home from stored readings, in order.

    until_us: up to when readings were asked for; who is in bed then has been in it until then.

    sensors: channel by device id, as `channel_of_device` names them; a device that is not in it
    counts by its code, a switch or plug not at all.
    """
    named = numbers()
    found: list[Fired] = []
    open_us: dict[tuple[str, str], tuple[int, str, str]] = {}
    before: dict[tuple[str, str], bool] = {}
    for reading in sorted(readings, key=lambda r: r.effective_us):
        for code, value in zip(reading.codes, reading.values, strict=True):
            key = named.get(code)
            if key is None:
                continue
            device = str(reading.device)
            channel = sensors.get(device) or _by_code(key)
            if channel is None:
                continue
            at_us, on, which = reading.effective_us, is_on(key, value), (device, key)
            room = str(reading.place or (reading.subject if reading.subject_kind == 2 else ""))
            began = open_us.get(which)
            sign = is_sign(key, on, before.get(which))
            before[which] = on
            if on and began is None:
                if sign:
                    open_us[which] = (at_us, channel, room)
            elif on and began is not None and key not in _STATES and key != "power":
                found.append(Fired(began[0], at_us, channel, room))
                open_us[which] = (at_us, channel, room)
            elif not on and began is not None:
                end_us = at_us if at_us - began[0] <= _LONGEST_US else began[0]
                found.append(Fired(began[0], end_us, channel, room))
                del open_us[which]
            elif not on and sign:
                found.append(Fired(at_us, at_us, channel, room))
    return in_order([*found, *_still_on(open_us.values(), until_us)])


def _still_on(open_: Iterable[tuple[int, str, str]], until_us: int | None) -> Iterator[Fired]:
    for at_us, channel, room in open_:
        lasts = channel == "bed" and until_us is not None
        yield Fired(at_us, until_us if lasts and until_us else at_us, channel, room)


def _by_code(key: str) -> str | None:
    return None if key in ("power", "item-use") else channel_of_device(key)
