"""Sensitive fields at rest: AES-256-GCM bound to their place, and a blind index.

A sealed value is `version(1) | key id(1) | nonce(12) | ciphertext and tag`. The associated data is
`model.field:pk`, so that a value copied to another row or field does not open. The key lives in the
state folder (vault.key, 0600), never in the database. Rotation comes with the work on trust.
Where a value does not open, one line a process tells which key is missing and which one is here:
by its id, a fingerprint that says nothing of the key.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import stat
from functools import cache
from pathlib import Path
from uuid import UUID

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from songhe.kernel.errors import Unavailable

_VERSION = 1
_KEY_ID = 1
log = structlog.get_logger(__name__)


class VaultClosed(Unavailable):
    code = "vault.closed"
    message = "A protected field cannot be opened: the key file does not fit this database."


@cache
def _key() -> bytes:
    path = settings.ENV.state / "vault.key"
    if not path.exists():
        _make_key(path)
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        log.error("vault_key_not_private", file=path.name, mode=oct(path.stat().st_mode & 0o777))
        raise VaultClosed
    return path.read_bytes()


def key_id() -> str:
    """Return the id of the key that is here: eight digits by which two keys are told apart."""
    return hmac.new(_key(), b"id", hashlib.sha256).hexdigest()[:8]


@cache
def _tell_missing(wanted: int, field: str) -> None:
    """Log once a process and field that the key of what is stored is not the one that is here."""
    log.error(
        "vault_key_missing",
        field=field,
        key_wanted=f"key {wanted} of this database",
        key_here=key_id(),
        what_helps="put back the vault.key that was kept with this database",
    )


def _make_key(path: Path) -> None:
    """Make the key in one step that only one of several processes can win."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"vault.key.{os.getpid()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(os.urandom(32))
        file.flush()
        os.fsync(file.fileno())
    try:
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)
    finally:
        fresh.unlink()


def seal(text: str, *, field: str, pk: UUID) -> bytes:
    """Encrypt a text for one field of one row; field such as "people.Person.id_number"."""
    nonce = os.urandom(12)
    body = AESGCM(_key()).encrypt(nonce, text.encode(), f"{field}:{pk}".encode())
    return bytes((_VERSION, _KEY_ID)) + nonce + body


def unseal(sealed: bytes | memoryview, *, field: str, pk: UUID) -> str:
    """Decrypt a sealed field. Raises VaultClosed when key, row or field do not fit."""
    raw = bytes(sealed)
    if len(raw) < 30 or raw[0] != _VERSION or raw[1] != _KEY_ID:
        _tell_missing(raw[1] if len(raw) > 1 else 0, field)
        raise VaultClosed
    try:
        return AESGCM(_key()).decrypt(raw[2:14], raw[14:], f"{field}:{pk}".encode()).decode()
    except InvalidTag:
        _tell_missing(raw[1], field)
        raise VaultClosed from None


def blind_index(text: str, *, field: str) -> bytes:
    """Return the keyed hash by which an encrypted value can be looked up exactly."""
    derived = hmac.new(_key(), b"blind\x00" + field.encode(), hashlib.sha256).digest()
    return hmac.new(derived, text.encode(), hashlib.sha256).digest()
