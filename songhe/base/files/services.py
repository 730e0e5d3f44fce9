"""Keeping files: judged by content, pictures written anew, sealed under a key of their own."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from songhe.base.access.actor import Actor
from songhe.base.access.wall import lifted
from songhe.base.audit import services as audit
from songhe.base.files import pictures, sealing
from songhe.base.files.alike import bands_of, signed
from songhe.base.files.kinds import kind_of
from songhe.base.files.limits import limits
from songhe.base.files.media import IMAGES, NotTaken, media_of
from songhe.base.files.models import FilePart, StoredFile
from songhe.base.vault.subject_keys import seal_under
from songhe.kernel.errors import Conflict
from songhe.kernel.ids import derived

_PERSON = "people.Person/"
_NAME = 120


class OtherContent(Conflict):
    code = "files.other_content"
    message = "Another file was sent under this number already. Send it anew."


def keep(
    *,
    content: bytes,
    kind: str,
    name: str,
    ref: str,
    by: Actor,
    at: datetime,
    file_id: UUID | None = None,
    person_id: UUID | None = None,
) -> StoredFile:
    """Keep a file of what `ref` names; the caller authorises. Sent twice it is kept once.

    kind: a declared one; file_id: the sender's own number of it: the same bytes under another
    number are another file, for something else points to it by that number. Without a number the
    same bytes of the same thing are the same file. person_id: whose data it is (taken from a ref
    to a person): its key goes with her erasure. Raises NotTaken, TooLarge, ActiveFile,
    TooManyPixels, OtherContent; Gone for a person who was erased.
    """
    declared = kind_of(kind)
    if not ref.startswith(f"{declared.ref}/"):
        raise ValueError(f"a file of the kind {kind} is of {declared.ref}, not of {ref}")
    media, digest = media_of(content), hashlib.sha256(content).digest()
    if media not in declared.media:
        raise NotTaken(field="file")
    if person_id is None and ref.startswith(_PERSON):
        person_id = UUID(ref.removeprefix(_PERSON))
    pk = file_id or derived("file", ref, kind, digest.hex())
    known = _kept(pk, kind, ref, digest, is_numbered=file_id is not None)
    if known is not None:
        return known
    picture = pictures.take(content, media) if media in IMAGES else None
    try:
        with transaction.atomic():
            return _write(
                StoredFile(
                    id=pk, kind=kind, ref=ref, person_id=person_id, media=media,
                    sha256=digest, kept_by_id=by.user_id, kept_at=at,
                    **(_of_picture(picture, is_compared=declared.is_compared) if picture else {}),
                ),
                picture.content if picture else content,
                picture.small if picture else b"",
                _facts(name, picture),
                by,
            )  # fmt: skip
    except IntegrityError:
        # Of two who send at once the first is right.
        known = _kept(pk, kind, ref, digest, is_numbered=file_id is not None)
        if known is None:
            raise
        return known


def _kept(pk: UUID, kind: str, ref: str, digest: bytes, *, is_numbered: bool) -> StoredFile | None:
    """Return the file that this is already. Raises OtherContent."""
    with lifted():  # its number may be somebody else's
        there = StoredFile.objects.filter(pk=pk).first()
        if there is None and is_numbered:
            return None
        if there is None:
            return StoredFile.objects.filter(ref=ref, kind=kind, sha256=digest).first()
    if (bytes(there.sha256), there.ref, there.kind) != (digest, ref, kind):
        raise OtherContent(field="file")
    return there


def _of_picture(picture: pictures.Picture, *, is_compared: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "width": picture.width,
        "height": picture.height,
        "taken_at": picture.told.taken_at,
    }
    mark = picture.fingerprint if is_compared else None
    if mark is not None:
        found |= {"fingerprint": signed(mark)} | bands_of(mark)
    return found


def _facts(name: str, picture: pictures.Picture | None) -> dict[str, Any]:
    told = picture.told if picture is not None else pictures.Told()
    said = {"lat": told.lat, "lon": told.lon, "error_m": told.error_m, "device": told.device}
    facts = {"name": name[:_NAME]} | said
    return {word: value for word, value in facts.items() if value not in (None, "")}


def _write(
    row: StoredFile, content: bytes, small: bytes, facts: dict[str, Any], by: Actor
) -> StoredFile:
    key, kept_key = sealing.make_key(row.pk, row.person_id, at=row.kept_at)
    size = limits()["part_bytes"]
    pieces = dict(
        enumerate(content[first : first + size] for first in range(0, len(content), size))
    )
    row.size_bytes, row.parts = len(content), len(pieces)
    for column, value in kept_key.items():
        setattr(row, column, value)
    told = json.dumps(facts, ensure_ascii=False).encode()
    row.facts_under = seal_under(key, told, place=sealing.place_of(row.pk, "facts", row.parts))
    row.save(force_insert=True)
    if small:
        pieces[FilePart.SMALL] = small
    FilePart.objects.bulk_create(
        FilePart(
            file=row,
            number=number,
            body_under=seal_under(key, piece, place=sealing.place_of(row.pk, number, row.parts)),
        )
        for number, piece in pieces.items()
    )
    audit.record_change(
        actor=by,
        action="files.keep_file",
        ref=row.ref,
        at=row.kept_at,
        detail={"file": str(row.pk), "kind": row.kind, "media": row.media},
    )
    return row


@transaction.atomic
def discard(*, ref: str, kind: str, by: Actor, at: datetime) -> int:
    """Destroy the files of one kind of something: replaced or taken back. Return how many.

    The caller authorises. What proves something is never discarded; it ends by its class.
    """
    with lifted():  # who keeps it now need not be who kept it then
        rows = list(StoredFile.objects.filter(ref=ref, kind=kind).values_list("pk", flat=True))
        FilePart.objects.filter(file__in=rows).delete()
        StoredFile.objects.filter(pk__in=rows).delete()
    for pk in rows:
        audit.record_change(
            actor=by, action="files.discard_file", ref=ref, at=at, detail={"file": str(pk)}
        )
    return len(rows)
