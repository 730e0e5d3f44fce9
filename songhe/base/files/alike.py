"""Pictures that look alike: fingerprints that differ in few bits, found by their bands.

Of two marks that differ in d bits at least one of four bands differs in d // 4 bits at most. So the
index is asked for the bands within that radius (1, 17 or 137 values a band), and what it finds is
counted out.
"""

from __future__ import annotations

from itertools import combinations

_BAND = 16
BANDS = ("band_a", "band_b", "band_c", "band_d")
FARTHEST = 11
_SIGN = 1 << 63


def signed(mark: int) -> int:
    """Return 64 bits as the signed number that the database keeps."""
    return mark - (1 << 64) if mark & _SIGN else mark


def bands_of(mark: int) -> dict[str, int]:
    """Return the four bands of 16 bits, by column."""
    return {band: (mark >> _BAND * place) & 0xFFFF for place, band in enumerate(BANDS)}


def near(band: int, radius: int) -> list[int]:
    """Return every value of 16 bits that differs from a band in so many bits at most."""
    flips = [
        sum(1 << bit for bit in chosen)
        for count in range(radius + 1)
        for chosen in combinations(range(_BAND), count)
    ]
    return [band ^ flip for flip in flips]
