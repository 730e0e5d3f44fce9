"""The ring of keys: a file of the state folder, never in the database.

A line a key: its number (1 to 255), a space, 64 hexadecimal digits. The last one seals, all of them
open. Only the account that runs Songhe may read the file.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from django.conf import settings

from songhe.kernel.errors import Conflict, Unavailable

MOST = 255
NAME = "vault.key"
log = structlog.get_logger(__name__)


class VaultClosed(Unavailable):
    code = "vault.closed"
    message = "A protected field cannot be opened: the key file does not fit this database."


class RingFull(Conflict):
    code = "vault.ring_full"
    message = "The key file has had 255 keys; no further one can be added to this database."


@dataclass(frozen=True, slots=True)
class Ring:
    """The keys by number, and the number of the one that seals.

    indexing: what blind indexes are made with, derived once by (number of the key, field).
    """

    keys: dict[int, bytes]
    newest: int
    stamp: tuple[int, int]
    indexing: dict[tuple[int, str], bytes] = field(default_factory=dict, compare=False, repr=False)

    def fingerprint(self, number: int) -> str:
        """Return eight digits by which two keys are told apart; they say nothing of the key."""
        return hmac.new(self.keys[number], b"id", hashlib.sha256).hexdigest()[:8]


_read: Ring | None = None


def path() -> Path:
    """Return where the key file is."""
    return Path(settings.ENV.state) / NAME


def ring() -> Ring:
    """Return the ring as the file has it now; the first one is made. Raises VaultClosed."""
    global _read
    file = f"{settings.ENV.state}/{NAME}"  # asked for every sealed value: a path object costs more
    try:
        found = os.stat(file)
    except FileNotFoundError:
        _first(path())
        found = os.stat(file)
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        log.error("vault_key_not_private", file=NAME, mode=oct(found.st_mode & 0o777))
        raise VaultClosed
    stamp = (found.st_ino, found.st_mtime_ns)
    now = _read
    if now is None or now.stamp != stamp:
        now = _read = _parse(path().read_bytes(), stamp)
    return now


def forget() -> None:
    """Read the file anew at the next use, as another process would."""
    global _read
    _read = None


def add_key() -> int:
    """Add a key, which seals from now on; return its number. Raises RingFull, VaultClosed."""
    with _alone():
        now = ring()
        number = now.newest + 1
        if number > MOST:
            raise RingFull
        _write({**now.keys, number: os.urandom(32)})
    return number


def drop_keys(numbers: set[int]) -> None:
    """Take keys out of the ring for ever; the newest stays."""
    with _alone():
        now = ring()
        _write({n: key for n, key in now.keys.items() if n not in numbers or n == now.newest})


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Let one process at a time change the file: a key that another overwrote would be lost."""
    with path().with_name("vault.key.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _parse(text: bytes, stamp: tuple[int, int]) -> Ring:
    keys = {}
    try:
        for line in text.decode("ascii").split("\n"):
            if line.strip():
                number, digits = line.split()
                keys[int(number)] = bytes.fromhex(digits)
        if {len(key) for key in keys.values()} != {32}:
            raise ValueError("a key is not of 256 bits")
        return Ring(keys, max(keys), stamp)
    except ValueError:
        log.error("vault_key_damaged", file=path().name)
        raise VaultClosed from None


def _text(keys: dict[int, bytes]) -> str:
    return "".join(f"{number} {key.hex()}\n" for number, key in sorted(keys.items()))


def _beside(file: Path, text: str) -> Path:
    """Write a private file beside the key file, to its last byte on the disk."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"vault.key.{os.getpid()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    return fresh


def _first(file: Path) -> None:
    """Make the first key in one step that only one of several processes can win."""
    fresh = _beside(file, _text({1: os.urandom(32)}))
    try:
        with contextlib.suppress(FileExistsError):
            os.link(fresh, file)
    finally:
        fresh.unlink()
    _sync_folder(file.parent)


def _write(keys: dict[int, bytes]) -> None:
    file = path()
    _beside(file, _text(keys)).replace(file)
    _sync_folder(file.parent)
    forget()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
