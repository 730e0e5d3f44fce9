"""How an installed sensor hangs: what its detector must know of it, with limits and usual values.

It is a fact of the device, set by who installs it. A detector takes it from its parameters, under
the same names; what nobody has set is as the detector's own parameters say.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec

from songhe.kernel.codes import by_key
from songhe.kernel.signals import array, radar


class Fact(msgspec.Struct, frozen=True):
    """One fact of how a sensor hangs: one of some words, or a number within limits.

    usual: what holds while nobody has set it.
    """

    usual: str | float
    choices: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 0.0

    def holds(self, value: object) -> bool:
        """Say whether it can be this value."""
        if self.choices:
            return value in self.choices
        if not isinstance(value, int | float) or isinstance(value, bool):
            return False
        return math.isfinite(value) and self.low <= value <= self.high


# Limits are ours (status E): rooms from 1.8 m to a hall, optics from a spot to a fish eye, a radar
# from a bedside table to a ceiling.
_OF_CODE: dict[int, dict[str, Fact]] = {
    by_key("thermal-array").number: {
        "mount": Fact(array.PARAMS["mount"], choices=("ceiling", "wall")),
        "height_m": Fact(array.PARAMS["height_m"], low=1.8, high=6.0),
        "view_deg": Fact(array.PARAMS["view_deg"], low=20.0, high=150.0),
    },
    by_key("radar-points").number: {
        "height_m": Fact(radar.PARAMS["height_m"], low=0.3, high=4.0),
    },
}


def facts_of(codes: Iterable[int]) -> dict[str, Fact]:
    """Return what is to be known of how a device hangs, by the numbers of what it measures."""
    found: dict[str, Fact] = {}
    for code in codes:
        found |= _OF_CODE.get(code, {})
    return found
