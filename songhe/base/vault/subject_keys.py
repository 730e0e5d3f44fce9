"""A key per person, sealed by the vault: what must be forgotten with her is kept under it.

Records that may never be changed (the history of her rows, chained by digests) are sealed under her
key. Erasing her destroys the key; the records and their digests stay. Backups from before still
have it, as they have her rows: their keeping time is a part of the erasure (docs/operations.md).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from songhe.base import vault
from songhe.base.vault.keyring import VaultClosed
from songhe.base.vault.models import SubjectKey

_FIELD = "vault.SubjectKey.key"
_VERSION = 1
_LEAST = 29  # version, nonce and tag


def keys(holders: Iterable[UUID], *, at: datetime) -> dict[UUID, bytes | None]:
    """Return the keys of these, made where there is none yet, None where destroyed; 1-3 queries."""
    wanted = set(holders)
    found = known_keys(wanted)
    missing = wanted - set(found)
    if missing:
        fresh = [
            SubjectKey(
                id=pk, key_sealed=vault.seal(os.urandom(32).hex(), field=_FIELD, pk=pk), made_at=at
            )
            for pk in sorted(missing)
        ]
        SubjectKey.objects.bulk_create(fresh, ignore_conflicts=True)
        found |= known_keys(missing)  # of two who make one at once the first is right
    return found


def known_keys(holders: Iterable[UUID]) -> dict[UUID, bytes | None]:
    """Return the keys of those who have or had one, None where it was destroyed; 1 query."""
    return {row.pk: _open(row) for row in SubjectKey.objects.filter(pk__in=list(holders))}


def _open(row: SubjectKey) -> bytes | None:
    if row.key_sealed is None:
        return None
    return bytes.fromhex(vault.unseal(row.key_sealed, field=_FIELD, pk=row.pk))


def destroy(holders: Iterable[UUID], *, at: datetime) -> int:
    """Destroy keys for ever, also of those who had none yet; return how many are gone now."""
    wanted = set(holders)
    known = SubjectKey.objects.filter(pk__in=wanted)
    gone = known.filter(destroyed_at=None).update(key_sealed=None, destroyed_at=at)
    never = wanted - set(known.values_list("pk", flat=True))
    SubjectKey.objects.bulk_create(
        [SubjectKey(id=pk, made_at=at, destroyed_at=at) for pk in sorted(never)],
        ignore_conflicts=True,
    )
    return gone


def seal_under(key: bytes, data: bytes, *, place: str) -> bytes:
    """Seal bytes under a person's key, bound to their place."""
    nonce = os.urandom(12)
    return bytes((_VERSION,)) + nonce + AESGCM(key).encrypt(nonce, data, place.encode())


def open_under(key: bytes, sealed: bytes, *, place: str) -> bytes:
    """Open what was sealed under a person's key. Raises VaultClosed."""
    raw = bytes(sealed)
    if len(raw) < _LEAST or raw[0] != _VERSION:
        raise VaultClosed
    try:
        return AESGCM(key).decrypt(raw[1:13], raw[13:], place.encode())
    except InvalidTag:
        raise VaultClosed from None
