"""Sensitive fields at rest: AES-256-GCM bound to their place, and a blind index.

A sealed value is `version(1) | key number(1) | nonce(12) | ciphertext and tag`. The associated data
is `model.field:pk`, so that a value copied to another row or field does not open. The keys are in a
file of the state folder (`keyring`), never in the database; what is under an older key is sealed
anew by `rotation`. Where a value does not open, one line a process tells which key is missing and
which are here.
"""

from __future__ import annotations

import hmac
import os
from functools import cache
from uuid import UUID

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from songhe.base.vault.keyring import Ring, VaultClosed, ring

__all__ = [
    "VaultClosed",
    "blind_index",
    "blind_indexes",
    "key_id",
    "key_of",
    "seal",
    "seal_bytes",
    "unseal",
    "unseal_bytes",
]
_VERSION = 1
_LEAST = 30  # header, nonce and tag
log = structlog.get_logger(__name__)


def key_id() -> str:
    """Return the fingerprint of the key that seals: eight digits by which keys are told apart."""
    now = ring()
    return now.fingerprint(now.newest)


@cache
def _tell_missing(wanted: int, field: str) -> None:
    """Log once a process and field that the key of what is stored is not here."""
    now = ring()
    log.error(
        "vault_key_missing",
        field=field,
        key_wanted=f"key {wanted} of this database",
        key_here=", ".join(f"{number}: {now.fingerprint(number)}" for number in now.keys),
        what_helps="put back the vault.key that was kept with this database",
    )


def seal(text: str, *, field: str, pk: UUID) -> bytes:
    """Encrypt a text for one field of one row; field such as "people.Person.id_number"."""
    return seal_bytes(text.encode(), field=field, pk=pk)


def unseal(sealed: bytes | memoryview, *, field: str, pk: UUID) -> str:
    """Decrypt a sealed text. Raises VaultClosed when key, row or field do not fit."""
    return unseal_bytes(sealed, field=field, pk=pk).decode()


def seal_bytes(plain: bytes, *, field: str, pk: UUID) -> bytes:
    """Encrypt bytes (a part of a scanned paper) for one field of one row."""
    now, nonce = ring(), os.urandom(12)
    body = AESGCM(now.keys[now.newest]).encrypt(nonce, plain, _place(field, pk))
    return bytes((_VERSION, now.newest)) + nonce + body


def unseal_bytes(sealed: bytes | memoryview, *, field: str, pk: UUID) -> bytes:
    """Decrypt sealed bytes. Raises VaultClosed when key, row or field do not fit."""
    raw = bytes(sealed)
    key = ring().keys.get(raw[1]) if len(raw) >= _LEAST and raw[0] == _VERSION else None
    if key is None:
        _tell_missing(raw[1] if len(raw) > 1 else 0, field)
        raise VaultClosed
    try:
        return AESGCM(key).decrypt(raw[2:14], raw[14:], _place(field, pk))
    except InvalidTag:
        _tell_missing(raw[1], field)
        raise VaultClosed from None


def key_of(sealed: bytes | memoryview) -> int:
    """Return the number of the key under which a value is sealed."""
    return bytes(sealed[1:2])[0]


def blind_index(text: str, *, field: str) -> bytes:
    """Return the keyed hash by which an encrypted value can be looked up, to be stored with it."""
    now = ring()
    return _index(now, now.newest, text, field)


def blind_indexes(text: str, *, field: str) -> list[bytes]:
    """Return every hash under which the value may be stored: one a key, the newest first."""
    now = ring()
    return [_index(now, number, text, field) for number in sorted(now.keys, reverse=True)]


def _index(now: Ring, number: int, text: str, field: str) -> bytes:
    derived = now.indexing.get((number, field))
    if derived is None:
        derived = hmac.digest(now.keys[number], b"blind\x00" + field.encode(), "sha256")
        now.indexing[number, field] = derived
    return hmac.digest(derived, text.encode(), "sha256")


def _place(field: str, pk: UUID) -> bytes:
    return f"{field}:{pk}".encode()
