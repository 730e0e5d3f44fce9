"""IEEE 11073-20601 floating-point numbers as Bluetooth carries them, with what is no number."""

from __future__ import annotations

from typing import Literal

# A value, or the word of what stands in its place.
NotNumber = Literal["NaN", "NRes", "+INF", "-INF", "reserved"]
Medical = float | NotNumber

_SFLOAT: dict[int, NotNumber] = {
    0x07FF: "NaN",
    0x0800: "NRes",
    0x07FE: "+INF",
    0x0802: "-INF",
    0x0801: "reserved",
}
_FLOAT: dict[int, NotNumber] = {
    0x007FFFFF: "NaN",
    0x00800000: "NRes",
    0x007FFFFE: "+INF",
    0x00800002: "-INF",
    0x00800001: "reserved",
}
WORDS: dict[str, str] = {
    "NaN": "not a number: the measurement failed",
    "NRes": "not at this resolution",
    "+INF": "above the range of the device",
    "-INF": "below the range of the device",
    "reserved": "a reserved value",
}


def _scaled(mantissa: int, exponent: int) -> float:
    # Division by a power of ten is correctly rounded; multiplication by 10**-n is not.
    return mantissa * 10.0**exponent if exponent >= 0 else mantissa / 10.0**-exponent


def sfloat(raw: int) -> Medical:
    """Return a 16-bit SFLOAT: 4 bits of exponent above 12 of mantissa, both in two's complement.

    The special values are those of exponent 0; 0x07FF with another exponent is a number.
    """
    special = _SFLOAT.get(raw)
    if special is not None:
        return special
    mantissa, exponent = raw & 0x0FFF, raw >> 12
    mantissa -= 0x1000 if mantissa >= 0x0800 else 0
    exponent -= 0x10 if exponent >= 0x08 else 0
    return _scaled(mantissa, exponent)


def float32(raw: int) -> Medical:
    """Return a 32-bit FLOAT: 8 bits of exponent above 24 of mantissa, both in two's complement."""
    special = _FLOAT.get(raw)
    if special is not None:
        return special
    mantissa, exponent = raw & 0x00FFFFFF, raw >> 24
    mantissa -= 0x01000000 if mantissa >= 0x00800000 else 0
    exponent -= 0x100 if exponent >= 0x80 else 0
    return _scaled(mantissa, exponent)
