"""Opening files: by the policy of what they are of, audited; and finding pictures used before."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connection
from django.db.models import QuerySet

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.base.files import sealing
from songhe.base.files.alike import BANDS, FARTHEST, bands_of, near
from songhe.base.files.kinds import kind_of, known
from songhe.base.files.media import Media
from songhe.base.files.models import FilePart, StoredFile
from songhe.base.vault.subject_keys import open_under
from songhe.kernel.errors import Denied, NotFound

OPEN = "files.open_file"
_64 = (1 << 64) - 1


class NoSuchFile(NotFound):
    code = "files.no_such_file"
    message = "There is no such file, or it is not open to you."


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that was opened: its row, the bytes asked for, how long a browser may keep them."""

    file: StoredFile
    media: Media
    body: bytes
    keep_s: int = 0


@dataclass(frozen=True, slots=True)
class Alike:
    """A picture like another. distance: bits of 64 in which they differ; is_same: the same bytes
    were sent."""

    file_id: UUID
    kind: str
    ref: str
    kept_at: datetime
    distance: int
    is_same: bool


def open_file(actor: Actor, file_id: UUID, *, at: datetime, small: bool = False) -> Opened:
    """Return a file or its thumbnail; the look is audited.

    Raises NoSuchFile where the actor may not know of what it is of, Denied, Gone, VaultClosed.
    """
    file = StoredFile.objects.filter(pk=file_id).first()
    if file is None:
        raise NoSuchFile
    _authorise(actor, file)
    if small and file.width is None:
        raise NoSuchFile
    body = _small(file) if small else _content(file)
    keep_s = kind_of(file.kind).keep_s
    about = file.ref if file.person_id is None else f"people.Person/{file.person_id}"
    if not keep_s:
        audit.record_reads(actor=actor, action=OPEN, refs=[about], at=at)
    return Opened(file, Media.JPEG if small else Media(file.media), body, keep_s)


def _authorise(actor: Actor, file: StoredFile) -> None:
    kind = known(file.kind)
    label, _, pk = file.ref.partition("/")
    if kind is None or kind.ref != label:
        raise NoSuchFile
    every = apps.get_model(label)._default_manager.filter(pk=pk)
    refused: NotFound | Denied = NoSuchFile()
    for view in kind.views:
        obj = policies.scope(actor, every, view).first()
        if obj is None:
            continue
        is_open = not kind.needs or actor.is_system or kind.needs in policies.fields(actor, obj)
        if is_open and policies.can(actor, view, obj):
            return
        refused = Denied(action=view)
    raise refused


def _content(file: StoredFile) -> bytes:
    key = sealing.key_of(file)
    rows = FilePart.objects.filter(file=file, number__gte=0).order_by("number")
    return b"".join(
        open_under(
            key, bytes(row.body_under), place=sealing.place_of(file.pk, row.number, file.parts)
        )
        for row in rows
    )


def _small(file: StoredFile) -> bytes:
    row = FilePart.objects.filter(file=file, number=FilePart.SMALL).first()
    if row is None:
        raise sealing.Gone
    place = sealing.place_of(file.pk, FilePart.SMALL, file.parts)
    return open_under(sealing.key_of(file), bytes(row.body_under), place=place)


def facts_of(file: StoredFile) -> dict[str, Any]:
    """Return what came with a file: name, lat, lon (WGS 84), error_m, device; what was not said
    is missing. The caller has asked whether the actor may see it. Raises Gone, VaultClosed."""
    if file.facts_under is None:
        raise sealing.Gone
    place = sealing.place_of(file.pk, "facts", file.parts)
    told: dict[str, Any] = json.loads(
        open_under(sealing.key_of(file), bytes(file.facts_under), place=place)
    )
    return told


def files_of(ref: str, *kinds: str) -> QuerySet[StoredFile]:
    """Return the files of something, newest first; the caller has authorised what it is."""
    rows = StoredFile.objects.filter(ref=ref).order_by("-kept_at", "-id")
    return rows.filter(kind__in=kinds) if kinds else rows


def of_person(person_id: UUID) -> Iterator[tuple[StoredFile, bytes]]:
    """Yield every readable file of a person with its content, for the copy she may ask for."""
    for file in StoredFile.objects.filter(person_id=person_id).order_by("kept_at", "id"):
        try:
            yield file, _content(file)
        except sealing.Gone:
            continue


_BANDS = " OR ".join(f"{band} = ANY(%({band})s)" for band in BANDS)
NEAR = f"""
SELECT id, kind, ref, kept_at, bit_count((fingerprint # %(mark)s)::bit(64))::int AS distance,
       sha256 = %(sha)s
  FROM files_storedfile
 WHERE id <> %(id)s AND fingerprint IS NOT NULL AND ({_BANDS})
   AND bit_count((fingerprint # %(mark)s)::bit(64)) <= %(distance)s
 ORDER BY distance, kept_at, id
"""  # noqa: S608 - names of columns


def near_of(file: StoredFile, distance: int) -> dict[str, Any]:
    """Return what NEAR asks for of a picture that has a fingerprint."""
    mark = file.fingerprint or 0
    bands = bands_of(mark & _64)
    asked = {"id": file.pk, "mark": mark, "sha": bytes(file.sha256), "distance": distance}
    return asked | {band: near(value, distance // 4) for band, value in bands.items()}


def look_alikes(file_id: UUID, *, distance: int = 6) -> list[Alike]:
    """Return pictures that differ in so many of 64 bits at most, nearest first; 2 queries.

    distance: 0 to 11; 3 finds copies that were scaled or written anew. Whoever calls may know of
    all files (an inspection, the system). Raises NoSuchFile, ValueError.
    """
    if not 0 <= distance <= FARTHEST:
        raise ValueError(f"distance is 0 to {FARTHEST} bits")
    file = StoredFile.objects.filter(pk=file_id).first()
    if file is None:
        raise NoSuchFile
    if file.fingerprint is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(NEAR, near_of(file, distance))
        return [Alike(*row) for row in cursor.fetchall()]
