"""Portraits of workers: square, modest, without what the camera wrote into them."""

from __future__ import annotations

import io
from datetime import datetime
from uuid import UUID

from django.db import transaction
from PIL import Image

from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.base.files import kinds, pictures
from songhe.base.files import services as files
from songhe.base.files.media import IMAGES, NotTaken, media_of
from songhe.domains.organizations.models import WorkerFacts
from songhe.domains.organizations.policies import open_facts as open_facts
from songhe.domains.organizations.services.qualifying import member
from songhe.kernel.errors import Invalid
from songhe.kernel.ids import uuid7

PORTRAIT = "organizations.portrait"
# Whoever may sign in at all may know who comes to her; who that is, the policy of the facts says.
SEE = "home.view"
_SIDE = 512  # pixels: sharp at the largest place where it stands, 96 px on a phone of 4 to 1
_LEAST = 120
_QUALITY = 85
_HEAD = 0.3  # of what is cut off above and below a tall picture: heads are in its upper half


class TooSmall(Invalid):
    code = "organizations.portrait_too_small"
    message = "The picture is too small. Take one of at least %(least)s by %(least)s pixels."


def register() -> None:
    """Called when the app is ready."""
    kinds.declare(
        kinds.FileKind(
            PORTRAIT,
            ref="organizations.WorkerFacts",
            views=(SEE,),
            media=IMAGES,
            is_compared=False,
            keep_s=3600,
        )
    )


@transaction.atomic
def set_portrait(*, actor: Actor, staff_id: UUID, content: bytes, at: datetime) -> UUID:
    """Keep a worker's portrait, cut square; the one before is destroyed. Return the file's id.

    Raises NotEmployed, Denied, TooSmall, NotTaken, TooLarge, TooManyPixels.
    """
    staff = member(actor, staff_id, at)
    square = squared(content)
    facts, _is_new = WorkerFacts.objects.select_for_update().get_or_create(
        user=staff.user, defaults={"changed_at": at}
    )
    ref = f"organizations.WorkerFacts/{facts.pk}"
    files.discard(ref=ref, kind=PORTRAIT, by=actor, at=at)
    kept = files.keep(
        content=square, kind=PORTRAIT, name="", ref=ref, by=actor, at=at, file_id=uuid7()
    )
    _point(facts, str(kept.pk), actor, "organizations.set_portrait", at)
    return kept.pk


@transaction.atomic
def remove_portrait(*, actor: Actor, staff_id: UUID, at: datetime) -> None:
    """Destroy a worker's portrait; her initial stands in its place. Raises NotEmployed, Denied."""
    staff = member(actor, staff_id, at)
    facts = WorkerFacts.objects.select_for_update().filter(user=staff.user_id).first()
    if facts is None or facts.photo is None:
        return
    ref = f"organizations.WorkerFacts/{facts.pk}"
    files.discard(ref=ref, kind=PORTRAIT, by=actor, at=at)
    _point(facts, None, actor, "organizations.remove_portrait", at)


def squared(content: bytes) -> bytes:
    """Return a picture upright, cut square, at most 512 px, as JPEG, without EXIF.

    Raises TooSmall, NotTaken, TooLarge, TooManyPixels.
    """
    media = media_of(content)
    if media not in IMAGES:
        raise NotTaken(field="file")
    clean = pictures.take(content, media).content
    with Image.open(io.BytesIO(clean)) as opened:
        picture = opened.convert("RGBA")
    paper = Image.new("RGB", picture.size, "white")
    paper.paste(picture, mask=picture.getchannel("A"))
    side = min(paper.size)
    if side < _LEAST:
        raise TooSmall(field="file", least=_LEAST)
    left, top = (paper.width - side) // 2, round((paper.height - side) * _HEAD)
    square = paper.crop((left, top, left + side, top + side))
    square.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    square.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def _point(facts: WorkerFacts, photo: str | None, actor: Actor, action: str, at: datetime) -> None:
    facts.photo, facts.changed_at = photo, at
    facts.save(update_fields=["photo", "changed_at"])
    audit.record_change(
        actor=actor, action=action, ref=f"organizations.WorkerFacts/{facts.pk}", at=at
    )
