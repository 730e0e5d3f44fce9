"""Dead letters as the actor may see them; a payload is shown as text that cannot do anything."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.domains.telemetry.models import DeadLetter
from songhe.domains.telemetry.terms import VIEW_LETTERS
from songhe.kernel.errors import NotFound

SHOWN_BYTES = 8192
_HIDDEN = str.maketrans("0123456789", "0000000000")
_UNPRINTABLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)


class NoSuchLetter(NotFound):
    code = "telemetry.no_such_letter"
    message = "This message does not exist, or is not open to you."


@dataclass(frozen=True, slots=True)
class LetterView:
    """A letter with its payload as text. masked: digits are 0, for those who see no values."""

    letter: DeadLetter
    text: str
    size: int
    cut: bool
    masked: bool


def list_letters(
    actor: Actor, *, state: str = "", reason: str = "", words: str = ""
) -> QuerySet[DeadLetter]:
    """Return the dead letters the actor may see, newest first, without their payload."""
    rows = policies.scope(actor, DeadLetter.objects.defer("payload"), VIEW_LETTERS)
    if state:
        rows = rows.filter(state=state)
    if reason:
        rows = rows.filter(reason=reason)
    if words:
        rows = rows.filter(device_key__icontains=words)
    return rows.order_by("-received_at", "-id")


def get_letter(actor: Actor, letter_id: UUID, *, at: datetime) -> LetterView:
    """Return one dead letter; the look is audited. Raises NoSuchLetter outside the scope."""
    rows = policies.scope(actor, DeadLetter.objects.all(), VIEW_LETTERS)
    letter = rows.filter(pk=letter_id).first()
    if letter is None:
        raise NoSuchLetter
    ref = f"telemetry.DeadLetter/{letter_id}"
    audit.record_reads(actor=actor, action=VIEW_LETTERS, refs=[ref], at=at)
    payload = bytes(letter.payload)
    masked = "health" not in policies.fields(actor, letter)
    text = readable(payload[:SHOWN_BYTES], whole=len(payload) <= SHOWN_BYTES)
    return LetterView(
        letter=letter,
        text=text.translate(_HIDDEN) if masked else text,
        size=len(payload),
        cut=len(payload) > SHOWN_BYTES,
        masked=masked,
    )


def readable(payload: bytes, *, whole: bool = True) -> str:
    """Return a payload as text: JSON set out in lines, other text as it is, bytes as hex."""
    try:
        text = payload.decode("utf-8", "strict" if whole else "ignore")
    except UnicodeDecodeError:
        return payload.hex(" ")
    if whole:
        try:
            text = json.dumps(json.loads(text), ensure_ascii=False, indent=2)
        except (ValueError, RecursionError):
            return _UNPRINTABLE.sub("�", text)
    return _UNPRINTABLE.sub("�", text)
