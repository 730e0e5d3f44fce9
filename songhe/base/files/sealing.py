"""The key of a file, and its parts under it (AES-256-GCM, each bound to its place)."""

from __future__ import annotations

import os
from datetime import datetime
from uuid import UUID

from songhe.base import vault
from songhe.base.access.wall import lifted
from songhe.base.files.models import StoredFile
from songhe.base.vault import subject_keys

_KEY = "files.StoredFile.key"


class Gone(vault.VaultClosed):
    code = "files.gone"
    message = "The content of this file was erased."


def make_key(
    file_id: UUID, person_id: UUID | None, *, at: datetime
) -> tuple[bytes, dict[str, bytes]]:
    """Return a new key, and the column that keeps it. Raises Gone for a person who was erased."""
    key = os.urandom(32)
    if person_id is None:
        return key, {"key_sealed": vault.seal_bytes(key, field=_KEY, pk=file_id)}
    with lifted():  # no page sees keys
        hers = subject_keys.keys([person_id], at=at)[person_id]
    if hers is None:
        raise Gone
    return key, {"key_under": subject_keys.seal_under(hers, key, place=f"{_KEY}:{file_id}")}


def key_of(file: StoredFile) -> bytes:
    """Return the key of a file. Raises Gone where it was destroyed, VaultClosed."""
    if file.key_sealed is not None:
        return vault.unseal_bytes(file.key_sealed, field=_KEY, pk=file.pk)
    if file.key_under is None or file.person_id is None:
        raise Gone
    with lifted():
        hers = subject_keys.known_keys([file.person_id]).get(file.person_id)
    if hers is None:
        raise Gone
    return subject_keys.open_under(hers, bytes(file.key_under), place=f"{_KEY}:{file.pk}")


def place_of(file_id: UUID, number: int | str, parts: int) -> str:
    """Return where a part belongs: to one file, at one place, among so many."""
    return f"files.FilePart:{file_id}:{number}/{parts}"
