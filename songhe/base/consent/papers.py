"""Scanned papers: what is taken is known by its content, and lies sealed in small parts."""

from __future__ import annotations

import hashlib
import re
import struct
from datetime import datetime
from uuid import UUID

from django.db import transaction

from songhe.base import vault
from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.base.consent.models import Paper, PaperPart
from songhe.base.consent.terms import PERSON
from songhe.kernel.errors import Invalid, NotFound
from songhe.kernel.ids import uuid7

MOST_BYTES = 10 * 1024 * 1024
MOST_PIXELS = 60_000_000  # a phone's camera has some 12 to 50 million
PART_BYTES = 64 * 1024
BODY = "consent.PaperPart.body"
JPEG, PNG, PDF = "image/jpeg", "image/png", "application/pdf"
_ACTIVE = re.compile(rb"/(JavaScript|JS|Launch|EmbeddedFile|RichMedia|XFA)\b")
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # start of frame, ITU-T T.81 table B.1


class NotAPaper(Invalid):
    code = "consent.not_a_paper"
    message = "This file cannot be used. Take a photograph (JPEG or PNG) or a PDF."


class PaperTooLarge(Invalid):
    code = "consent.paper_too_large"
    message = "The file is larger than %(most)s MB. Take the photograph with fewer pixels."


class ActivePaper(Invalid):
    code = "consent.active_paper"
    message = "This PDF carries a program or another file. Print it and take a photograph."


class NoSuchPaper(NotFound):
    code = "consent.no_such_paper"
    message = "There is no such paper, or it is not open to you."


def media_type_of(body: bytes) -> str:
    """Return what a file is by its content, whatever its name says.

    Raises PaperTooLarge (bytes or pixels), ActivePaper, NotAPaper.
    """
    if len(body) > MOST_BYTES:
        raise PaperTooLarge(field="paper", most=MOST_BYTES // 1024 // 1024)
    if body.startswith(b"%PDF-") and b"%%EOF" in body[-1024:]:
        if _ACTIVE.search(body):
            raise ActivePaper(field="paper")
        return PDF
    try:
        kind, width, height = _png(body) or _jpeg(body) or ("", 0, 0)
    except (struct.error, IndexError):
        raise NotAPaper(field="paper") from None
    if not kind or width <= 0 or height <= 0:
        raise NotAPaper(field="paper")
    if width * height > MOST_PIXELS:
        raise PaperTooLarge(field="paper", most=MOST_BYTES // 1024 // 1024)
    return kind


def _png(body: bytes) -> tuple[str, int, int] | None:
    if not body.startswith(b"\x89PNG\r\n\x1a\n") or body[12:16] != b"IHDR":
        return None
    if b"IEND" not in body[-16:]:
        return None
    width, height = struct.unpack(">II", body[16:24])
    return PNG, width, height


def _jpeg(body: bytes) -> tuple[str, int, int] | None:
    if not body.startswith(b"\xff\xd8\xff") or b"\xff\xd9" not in body[-64:]:
        return None
    at = 2
    while at + 4 <= len(body) and body[at] == 0xFF:
        mark, (length,) = body[at + 1], struct.unpack(">H", body[at + 2 : at + 4])
        if mark in _FRAMES:
            height, width = struct.unpack(">HH", body[at + 5 : at + 9])
            return JPEG, width, height
        if mark == 0xDA or length < 2:
            return None
        at += 2 + length
    return None


@transaction.atomic
def keep_paper(*, actor: Actor, person_id: UUID, kind: str, body: bytes, at: datetime) -> Paper:
    """Seal a scan or photograph of a person's paper. The caller authorises. Raises as above."""
    media_type = media_type_of(body)
    paper = Paper.objects.create(
        person_id=person_id,
        kind=kind,
        media_type=media_type,
        size_bytes=len(body),
        sha256=hashlib.sha256(body).digest(),
        taken_at=at,
        taken_by_id=actor.user_id,
    )
    parts = []
    for number, first in enumerate(range(0, len(body), PART_BYTES)):
        pk, piece = uuid7(), body[first : first + PART_BYTES]
        sealed = vault.seal_bytes(piece, field=BODY, pk=pk)
        parts.append(PaperPart(id=pk, paper=paper, number=number, body_sealed=sealed))
    PaperPart.objects.bulk_create(parts)
    audit.record_change(
        actor=actor,
        action="consent.keep_paper",
        ref=f"{PERSON}/{person_id}",
        at=at,
        detail={"paper": str(paper.pk), "kind": kind},
    )
    return paper


def person_of(paper_id: UUID) -> UUID:
    """Return whose paper it is, so that the caller can authorise. Raises NoSuchPaper."""
    found = Paper.objects.filter(pk=paper_id).values_list("person_id", flat=True).first()
    if found is None:
        raise NoSuchPaper
    return found


def open_paper(*, actor: Actor, paper_id: UUID, at: datetime) -> tuple[str, bytes]:
    """Return media type and bytes; the look is audited. The caller authorises.

    Raises NoSuchPaper, VaultClosed; a paper whose bytes changed does not open.
    """
    paper = Paper.objects.filter(pk=paper_id).first()
    if paper is None:
        raise NoSuchPaper
    body = b"".join(
        vault.unseal_bytes(part.body_sealed, field=BODY, pk=part.pk)
        for part in PaperPart.objects.filter(paper=paper).order_by("number")
    )
    if hashlib.sha256(body).digest() != bytes(paper.sha256):
        raise vault.VaultClosed
    audit.record_reads(
        actor=actor, action="consent.open_paper", refs=[f"{PERSON}/{paper.person_id}"], at=at
    )
    return paper.media_type, body
