"""Ids: UUIDv7 for objects, derived ids for facts that stay the same however often found."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from uuid import UUID

_lock = threading.Lock()
_last_ms = 0
_sequence = 0


def uuid7() -> UUID:
    """Return a new UUIDv7 (RFC 9562, 5.7), strictly increasing within this process."""
    global _last_ms, _sequence
    random = int.from_bytes(os.urandom(10), "big")
    with _lock:
        now_ms = time.time_ns() // 1_000_000
        if now_ms > _last_ms:
            _last_ms, _sequence = now_ms, random & 0x7FF
        else:
            _sequence += 1
            if _sequence > 0xFFF:
                _last_ms, _sequence = _last_ms + 1, random & 0x7FF
        stamp_ms, sequence = _last_ms, _sequence
    value = (stamp_ms & (1 << 48) - 1) << 80
    value |= 0x7 << 76 | sequence << 64
    value |= 0b10 << 62 | random & (1 << 62) - 1
    return UUID(int=value)


def derived(*parts: object) -> UUID:
    """Return the UUIDv8 (RFC 9562, 5.8) that these parts always give."""
    text = "\x1f".join(str(part) for part in parts)
    raw = text.encode(errors="surrogatepass")
    digest = hashlib.blake2b(raw, digest_size=16, person=b"songhe.derived").digest()
    value = int.from_bytes(digest, "big")
    value = value & ~(0xF << 76) | 0x8 << 76
    value = value & ~(0b11 << 62) | 0b10 << 62
    return UUID(int=value)
