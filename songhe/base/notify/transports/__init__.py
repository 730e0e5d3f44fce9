"""Transports: one small module each; what goes out, and how a failure is told.

A transport is a function (letter, at) that raises Failed. The page needs none: the notice is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from songhe.base.access.actor import ANONYMOUS
from songhe.base.accounts.models import User
from songhe.base.notify import words
from songhe.base.notify.kinds import known
from songhe.base.notify.models import Delivery, Notice, Preference


class Failed(Exception):
    """It could not be sent. is_permanent: trying again would not help."""

    def __init__(self, reason: str, *, is_permanent: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_permanent = is_permanent


@dataclass(frozen=True, slots=True)
class Letter:
    """What goes out. glance: for a locked screen; message: for SMS and voice; path: where to."""

    user: User
    notice_id: UUID
    delivery_id: UUID
    ref: str
    glance: str
    message: str
    path: str
    language: str
    is_urgent: bool

    @classmethod
    def of(
        cls, notice: Notice, delivery: Delivery, wanted: Preference | None, *, others: int
    ) -> Letter:
        """Return the letter of a delivery, in the language of its user.

        others: how many more go out within it; it says their number then, and nothing else.
        """
        language = wanted.language if wanted is not None else settings.LANGUAGE_CODE
        path = f"/notices/{notice.pk}/"
        with override(language):
            if others:
                count = others + 1
                glance = ngettext("%(n)s new notice", "%(n)s new notices", count) % {"n": count}
                message, path = words.signed(glance), "/notices/"
            else:
                kind = known(notice.kind)
                glance = str(kind.glance) if kind is not None else _("A new notice")
                message = words.message_of(notice, ANONYMOUS)
        return cls(
            user=notice.user,
            notice_id=notice.pk,
            delivery_id=delivery.pk,
            ref=notice.ref,
            glance=glance,
            message=message,
            path=path,
            language=language,
            is_urgent=notice.give_up_at is not None,
        )


class Transport(Protocol):
    def __call__(self, letter: Letter, *, at: datetime) -> None: ...


def transport_of(channel: str) -> Transport:
    """Return the transport of a channel. Raises KeyError for the page."""
    return _transports()[channel]


def _transports() -> Mapping[str, Transport]:
    from songhe.base.notify.transports import messages, push

    return {"push": push.send, "sms": messages.sms, "voice": messages.voice}
