"""The install's own signature: an Ed25519 key in a file of the state folder, and the chain's end.

`audit.key` is for the account that runs Songhe alone. Its public half belongs into the hands of
somebody outside (`songhe audit key`): without it a forged chain could bring a key of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from pathlib import Path
from typing import Any

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from songhe.base.audit import proof
from songhe.kernel.errors import Unavailable

log = structlog.get_logger(__name__)


class KeyClosed(Unavailable):
    code = "audit.key_closed"
    message = "The key that signs the audit (audit.key) cannot be used: %(why)s"


def _state() -> Path:
    return Path(settings.ENV.state)


def make_key() -> None:
    """Make the key where there is none; of several processes one wins."""
    file = _state() / "audit.key"
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"audit.key.{os.getpid()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as out:
        out.write(Ed25519PrivateKey.generate().private_bytes_raw().hex() + "\n")
        out.flush()
        os.fsync(out.fileno())
    try:
        with contextlib.suppress(FileExistsError):
            os.link(fresh, file)
    finally:
        fresh.unlink()


def _key() -> Ed25519PrivateKey:
    make_key()
    file = _state() / "audit.key"
    if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        log.error("audit_key_not_private", file=file.name)
        raise KeyClosed(why="others may read it; chmod 600 audit.key")
    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(file.read_text("ascii").strip()))
    except ValueError:
        log.error("audit_key_damaged", file=file.name)
        raise KeyClosed(why="it is damaged; put back the one of a backup") from None


def public_key() -> str:
    """Return the public key, 64 hexadecimal digits. Raises KeyClosed."""
    return _key().public_key().public_bytes_raw().hex()


def sign(message: bytes) -> str:
    """Return the signature of a message, 128 hexadecimal digits. Raises KeyClosed."""
    return _key().sign(message).hex()


def write_head(position: int, link: bytes, at: str) -> None:
    """Keep the signed end of the chain outside the database: who cuts it there is found out."""
    head = {
        "position": position,
        "link": link.hex(),
        "at": at,
        "signature": sign(proof.head_message(position, link.hex(), at)),
    }
    file = _state() / "audit.head"
    fresh = file.with_name(f"audit.head.{os.getpid()}")
    fresh.write_text(json.dumps(head), encoding="ascii")
    fresh.replace(file)


def read_head() -> dict[str, Any] | None:
    """Return the signed end of the chain, None where none was kept yet."""
    try:
        head: dict[str, Any] = json.loads((_state() / "audit.head").read_text("ascii"))
    except FileNotFoundError:
        return None
    except ValueError:
        return {"position": 0, "link": "", "at": "", "signature": ""}  # forged or torn: not signed
    return head
