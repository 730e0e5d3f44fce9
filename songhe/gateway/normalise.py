"""Decoded messages to stored ones: canonical units, plausibility, clock check, subject by time."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

from songhe.gateway.decoders import Beacon, Measurement, Sightings, Status, Value
from songhe.gateway.registry import Device
from songhe.kernel import codes
from songhe.kernel.time import DAY_US, MINUTE_US, SECOND_US
from songhe.kernel.wire import Binding, Flag, Reading, SubjectKind

OLDEST_US = 92 * DAY_US
AHEAD_US = 5 * MINUTE_US
LATE_US = 15 * MINUTE_US
CLOCK_TOLERANCE_US = 120 * SECOND_US
# An offset that moves by less than this is the same offset: a resent message keeps its key.
SAME_OFFSET_US = 30 * SECOND_US
UNREMARKABLE_US = 10 * SECOND_US
# Further ahead than the window is long is no clock that runs fast but a broken time.
BROKEN_CLOCK_US = OLDEST_US
SHAPES_KEPT = 10_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATE, _ADJUSTED, _FUTURE = int(Flag.LATE), int(Flag.ADJUSTED), int(Flag.FUTURE)
_RESTAMPED = int(Flag.RESTAMPED)


class Unusable(Exception):
    """A message, or one value of it, cannot be stored; the reason is a dead letter's."""

    def __init__(self, reason: str, detail: str) -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(reason)


def instant_us(moment: datetime) -> int:
    """Return epoch microseconds of an aware datetime (faster than a timedelta division)."""
    return round(moment.timestamp() * 1_000_000)


def learn_offset(
    device: Device, at_us: int, sent_us: int | None, received_us: int, dup: bool
) -> None:
    """Learn how far a device's clock is ahead of ours.

    sent_at says it outright, but not in a repeated message, whose sent_at is that of the first
    try. Without sent_at a time too far ahead can only be a clock that runs fast, and a time within
    the tolerance of ours shows that it was set right.
    """
    if sent_us is None:
        ahead_us = at_us - received_us
        if device.offset_us and abs(ahead_us) <= CLOCK_TOLERANCE_US:
            device.offset_us = 0
        if AHEAD_US + device.offset_us < ahead_us <= BROKEN_CLOCK_US:
            device.offset_us = ahead_us
    elif not dup:
        offset_us = sent_us - received_us
        if abs(offset_us) <= CLOCK_TOLERANCE_US:
            device.offset_us = 0
        elif abs(offset_us - device.offset_us) > SAME_OFFSET_US:
            device.offset_us = offset_us


def effective_us(
    device: Device, at_us: int, sent_us: int | None, received_us: int, dup: bool
) -> tuple[int, int]:
    """Return (effective time, flags) of a device's time; raises Unusable outside the window."""
    learn_offset(device, at_us, sent_us, received_us, dup)
    moment_us, flags = at_us, 0
    if device.offset_us:
        moment_us, flags = at_us - device.offset_us, _ADJUSTED
    age_us = received_us - moment_us
    if age_us > LATE_US:
        if age_us > OLDEST_US:
            raise Unusable("too-old", "more than 92 days before its receipt")
        return moment_us, flags | _LATE
    if age_us < -UNREMARKABLE_US:
        if age_us < -AHEAD_US:
            raise Unusable("future", "more than 5 minutes after its receipt")
        return moment_us, flags | _FUTURE
    return moment_us, flags


class _Units:
    """(code, unit) to (number, whether canonical, low, high), each looked up once.

    plain holds those in the canonical unit. shapes holds combinations of codes, none twice: the
    same few come again and again, and one object of each makes them quick to compare.
    """

    def __init__(self) -> None:
        self.known: dict[tuple[str, str | None], tuple[int, bool, float, float]] = {}
        self.plain: dict[tuple[str, str | None], tuple[int, float, float]] = {}
        self.shapes: dict[tuple[int, ...], tuple[int, ...]] = {}

    def find(self, name: str, unit: str | None) -> tuple[int, bool, float, float]:
        """Look up a code and unit and keep them; raises Unusable."""
        try:
            code = codes.by_code(name)
            if unit is not None:
                codes.convert(code.number, 0.0, unit)
        except codes.UnknownCode as error:
            raise Unusable("unknown-code", str(error)) from None
        except codes.UnknownUnit as error:
            raise Unusable("bad-unit", str(error)) from None
        found = (code.number, unit is None or unit == code.unit, code.low, code.high)
        if code.kind != "waveform":
            self.known[name, unit] = found
            if found[1]:
                self.plain[name, unit] = (code.number, code.low, code.high)
        return found

    def shape(self, numbers: tuple[int, ...]) -> tuple[int, ...]:
        """Return the one object of a combination of codes, none of them twice."""
        found = self.shapes.get(numbers)
        if found is None:
            if len(self.shapes) >= SHAPES_KEPT:
                self.shapes.clear()
            found = self.shapes[numbers] = numbers
        return found

    def canonical(self, value: Value) -> tuple[int, float]:
        """Return (number, value in the canonical unit); raises Unusable."""
        found = self.known.get((value.code, value.unit))
        if found is None:
            found = self.find(value.code, value.unit)
            if codes.by_number(found[0]).kind == "waveform":
                raise Unusable("unknown-code", f"{value.code} is a waveform")
        number, is_canonical, low, high = found
        amount = value.value
        if not is_canonical:
            amount = codes.convert(number, amount, value.unit or "")
        if not low <= amount <= high:
            raise Unusable("implausible", f"{value.code} outside {low:g} to {high:g}")
        return number, amount


units = _Units()


def subject_at(device: Device, moment_us: int) -> Binding:
    """Return whom or what a device served at an instant; unbound it is its own subject."""
    return device.bound_at(moment_us) or Binding(0, None, int(SubjectKind.DEVICE), device.id)


Checked = tuple[tuple[int, ...], tuple[float, ...], list[tuple[Value, Unusable]]]


def _checked(values: list[Value]) -> Checked:
    """Return (numbers, their canonical values, refused values with their reasons)."""
    numbers, amounts, plain = [], [], units.plain
    for value in values:
        found = plain.get((value.code, value.unit))
        if found is None or not found[1] <= value.value <= found[2]:
            return _sifted(values)
        numbers.append(found[0])
        amounts.append(value.value)
    shape = units.shapes.get(tuple(numbers))
    return _sifted(values) if shape is None else (shape, tuple(amounts), [])


def _sifted(values: list[Value]) -> Checked:
    """Check value by value what is not in its canonical unit and range, or seen the first time."""
    good: dict[int, float] = {}
    bad: list[tuple[Value, Unusable]] = []
    for value in values:
        try:
            number, amount = units.canonical(value)
        except Unusable as error:
            bad.append((value, error))
            continue
        if number in good:
            bad.append((value, Unusable("bad-shape", f"{value.code} twice")))
        else:
            good[number] = amount
    return units.shape(tuple(good)), tuple(good.values()), bad


def measurement(
    device: Device, message: Measurement, received_us: int, *, dup: bool = False, flags: int = 0
) -> tuple[Reading | None, list[tuple[Value, Unusable]]]:
    """Return (the reading of a message's good values or None, the bad values).

    One bad value does not take the others with it: a pressure monitor that reports a critical
    pressure and an impossible pulse has still reported the pressure. Raises Unusable for a time
    outside the window.
    """
    moment_us = at_us = round(message.at.timestamp() * 1_000_000)
    sent_at = message.sent_at
    if sent_at is not None or device.offset_us or not 0 <= received_us - at_us <= LATE_US:
        sent_us = None if sent_at is None else instant_us(sent_at)
        moment_us, time_flags = effective_us(device, at_us, sent_us, received_us, dup)
        flags |= time_flags
    flags |= device.flags
    if message.id is not None and device.restamped(message.id, at_us):
        flags |= _RESTAMPED
    numbers, amounts, bad = _checked(message.readings)
    if not numbers:
        return None, bad
    bound = device.present
    if bound is None or moment_us < bound.since_us:
        bound = subject_at(device, moment_us)
    reading = Reading(
        bound.subject_kind,
        bound.subject,
        device.id,
        moment_us,
        received_us,
        numbers,
        amounts,
        flags,
        bound.person,
        bound.place,
    )
    return reading, bad


def status_reading(
    device: Device, status: Status, received_us: int, *, dup: bool = False, flags: int = 0
) -> tuple[int, Reading | None]:
    """Return (effective time, reading of the battery and signal or None); raises Unusable.

    The subject is the device itself, whoever it serves: a battery is nobody's vital sign.
    """
    if status.at is None:
        moment_us, time_flags = received_us, _RESTAMPED
    else:
        sent_us = None if status.sent_at is None else instant_us(status.sent_at)
        moment_us, time_flags = effective_us(
            device, instant_us(status.at), sent_us, received_us, dup
        )
    numbers: dict[int, float] = {}
    if status.battery_pct is not None:
        numbers[codes.by_key("battery").number] = status.battery_pct
    if status.rssi_dbm is not None:
        numbers[codes.by_key("rssi").number] = status.rssi_dbm
    if status.link_pct is not None:
        numbers[codes.by_key("link-quality").number] = status.link_pct
    if status.snr_db is not None:
        numbers[codes.by_key("snr").number] = status.snr_db
    if not numbers:
        return moment_us, None
    make = partial(Reading, int(SubjectKind.DEVICE), device.id, device.id, moment_us, received_us)
    bound = device.bound_at(moment_us)
    person, place = (bound.person, bound.place) if bound is not None else (None, None)
    reading = make(tuple(numbers), tuple(numbers.values()), flags | time_flags, person, place)
    return moment_us, reading


def sighting(
    device: Device,
    message: Sightings,
    heard: Beacon,
    beacon: Device,
    received_us: int,
    *,
    dup: bool = False,
    flags: int = 0,
) -> Reading:
    """Return the signal of one beacon at a worn tag: the tag's subject, the beacon as its device.

    It tells in which room a person is: a code of its own, in the class of locations.
    Raises Unusable.
    """
    at_us = instant_us(message.at)
    sent_us = None if message.sent_at is None else instant_us(message.sent_at)
    moment_us, time_flags = effective_us(device, at_us, sent_us, received_us, dup)
    if message.id is not None and device.restamped(message.id, at_us):
        flags |= _RESTAMPED
    bound, there = subject_at(device, moment_us), beacon.bound_at(moment_us)
    return Reading(
        bound.subject_kind,
        bound.subject,
        beacon.id,
        moment_us,
        received_us,
        (codes.by_key("sighting").number,),
        (heard.rssi_dbm,),
        flags | time_flags | int(Flag.WELLNESS),
        bound.person,
        there.place if there is not None else None,
    )
