"""What the chain is made of: digests, links, checkpoints. Pure: no database, no settings.

A link is SHA-256 over the link before it, its position, the moment of sealing, the id and the
digest of what it seals. It holds ids and digests only. `verify` reads these again elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from songhe.kernel import merkle

FORMAT = 1
GENESIS = hashlib.sha256(b"songhe audit chain 1").digest()
GONE = bytes(32)  # the digest of what was taken away before it could be sealed
ENTRY, CHANGE = "entry", "change"


def canonical(value: Any) -> bytes:
    """Return the one way to write a value down: JSON, keys sorted, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def moment(at: datetime) -> str:
    """Return an instant as the chain writes it: UTC, to the microsecond."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def day_of(sealed_at: str) -> date:
    """Return the UTC day of an instant as `moment` wrote it. Raises ValueError."""
    return date.fromisoformat(sealed_at[:10])


def digest(record: dict[str, Any]) -> bytes:
    """Return the digest of a record's canonical form."""
    return hashlib.sha256(canonical(record)).digest()


@dataclass(frozen=True, slots=True)
class Link:
    """One link as it is stored and exported. source is `entry` or `change`."""

    position: int
    source: str
    entry: UUID
    digest: bytes
    sealed_at: str
    link: bytes

    def follows(self, previous: bytes) -> bool:
        """Tell whether this is what comes after a link."""
        made = link_after(
            previous, self.position, self.source, self.entry, self.digest, self.sealed_at
        )
        return self.link == made


def link_after(
    previous: bytes, position: int, source: str, entry: UUID, digest: bytes, sealed_at: str
) -> bytes:
    """Return the link that seals one record behind `previous`."""
    said = [previous.hex(), position, source, str(entry), digest.hex(), sealed_at]
    return hashlib.sha256(canonical(said)).digest()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The signed sum of one UTC day: positions first to last, their Merkle root, the last link."""

    day: str
    first: int
    last: int
    root: str
    link: str
    previous: str
    signature: str = ""

    def message(self) -> bytes:
        """Return what is signed."""
        return canonical(
            {
                "what": "songhe audit checkpoint",
                "day": self.day,
                "first": self.first,
                "last": self.last,
                "root": self.root,
                "link": self.link,
                "previous": self.previous,
            }
        )

    def mark(self) -> str:
        """Return the digest by which the next checkpoint names this one."""
        return hashlib.sha256(self.message()).hexdigest()


def head_message(position: int, link: str, at: str) -> bytes:
    """Return what is signed of the end of the chain at a moment."""
    return canonical({"what": "songhe audit head", "position": position, "link": link, "at": at})


def end_message(header: dict[str, Any], counts: dict[str, Any]) -> bytes:
    """Return what is signed of a whole export: its head, its counts, the digest of its lines."""
    return canonical({"what": "songhe audit export", "header": header, "counts": counts})


def cut_message(day: str, last: int, link: str, destroyed: int, kept: list[int], at: str) -> bytes:
    """Return what is signed of a destruction by time: up to where, and what stands below it."""
    return canonical(
        {
            "what": "songhe audit cut",
            "day": day,
            "last": last,
            "link": link,
            "destroyed": destroyed,
            "kept": kept,
            "at": at,
        }
    )


def is_signed(message: bytes, signature: str, key: str) -> bool:
    """Tell whether a hexadecimal Ed25519 signature is of this message and key."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(
            bytes.fromhex(signature), message
        )
    except (ValueError, InvalidSignature):
        return False
    return True


def fingerprint(key: str) -> str:
    """Return sixteen digits by which people tell two public keys apart."""
    return hashlib.sha256(bytes.fromhex(key)).hexdigest()[:16]


class DayTree(merkle.Tree):
    """The tree of one day's links and the positions it spans."""

    def __init__(self, day: str, first: int) -> None:
        super().__init__()
        self.day, self.first, self.last, self.link = day, first, first, b""

    def add_link(self, position: int, link: bytes) -> None:
        """Add the next link of the day."""
        self.add(link)
        self.last, self.link = position, link
