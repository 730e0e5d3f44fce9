"""What one demo install knows of itself: its secret, its seed, when it was made and last resumed.

Passwords and device secrets follow from the install's secret, which stays in the state folder
(demo.json, 0600) and is never part of the code.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from datetime import date
from pathlib import Path

import msgspec

from songhe.config.demo.county import SEED
from songhe.kernel.errors import NotFound

FILE = "demo.json"
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


class NoDemo(NotFound):
    """The state folder holds no demo county."""

    code = "config.no_demo"
    message = (
        "There is no demo county in %(state)s. Start it with `songhe demo`, or name its state "
        "folder with SONGHE_STATE."
    )


class Install(msgspec.Struct, kw_only=True):
    """The file. filled_us: up to when history is stored; resumed_us: the start of the script."""

    secret: str
    made_on: date
    seed: int = SEED
    filled_us: int = 0
    resumed_us: int = 0
    starts: int = 0

    def _derive(self, *parts: str) -> bytes:
        return hmac.new(self.secret.encode(), "\x00".join(parts).encode(), hashlib.sha256).digest()

    def device_secret(self, key: str) -> str:
        """Return the secret of a demo device: 160 bits in base 32, as register_device makes."""
        return base64.b32encode(self._derive("device", key)[:20]).decode().lower()

    def password(self, login: str) -> str:
        """Return the password of a login: demo- and eight letters or digits, none alike."""
        digest = self._derive("password", login)
        letters = "".join(_LETTERS[byte % 31] for byte in digest[:8])
        return f"demo-{letters[:4]}-{letters[4:]}"


def new_install(made_on: date, seed: int = SEED) -> Install:
    """Return a fresh install with a random secret."""
    return Install(secret=secrets.token_hex(32), made_on=made_on, seed=seed)


def load(state: Path) -> Install:
    """Return the install of a state folder; raises NoDemo."""
    try:
        return msgspec.json.decode((state / FILE).read_bytes(), type=Install)
    except FileNotFoundError:
        raise NoDemo(state=state) from None


def save(state: Path, install: Install) -> None:
    """Write the install, readable by its owner alone."""
    fresh = state / f"{FILE}.new"
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(install)))
    fresh.replace(state / FILE)
