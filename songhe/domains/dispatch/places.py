"""Where a worker was, and whether that was at the door."""

from __future__ import annotations

import hashlib
import secrets

from songhe.kernel.geo import Point, haversine_m

# Digits and letters that nobody mistakes for each other (Crockford's base 32); in a QR code they
# are the short kind of text, so that its squares are large.
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LONG = 16
PREFIX = "SONGHE:"


def new_door_code() -> str:
    """Return a fresh code for a door: 16 letters, 80 bits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_LONG))


def in_groups(code: str) -> str:
    """Return a door's code as one reads and types it: ABCD EFGH JKMN PQRS."""
    return " ".join(code[first : first + 4] for first in range(0, len(code), 4))


def plain(shown: str) -> str:
    """Return what was scanned or typed without prefix, gaps and letters that look like digits."""
    text = shown.strip().upper().removeprefix(PREFIX)
    return "".join(text.split()).replace("-", "").translate(str.maketrans("OIL", "011"))


def is_door_code(shown: str) -> bool:
    """Tell whether this is shaped like a door's code, and not like the family's six digits."""
    return len(plain(shown)) == _LONG


def digest(shown: str) -> bytes:
    """Return what is kept of a door's code; phones work out the same (`proof.js`)."""
    return hashlib.sha256(b"songhe-door\0" + plain(shown).encode()).digest()


def new_family_code() -> str:
    """Return the six digits that a family tells at the door."""
    return f"{secrets.randbelow(1_000_000):06d}"


def point(lat: float | None, lon: float | None) -> Point | None:
    """Return a place, None where it is not known."""
    return None if lat is None or lon is None else (lat, lon)


def apart_m(here: Point | None, there: Point | None) -> float | None:
    """Return how far two places are apart in metres, None where either is unknown."""
    return None if here is None or there is None else round(haversine_m(here, there), 1)
