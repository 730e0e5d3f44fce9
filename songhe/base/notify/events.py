"""Facts about notices: somebody was reached, or nobody was."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from songhe.base.events.bus import Event


class NoticeDelivered(Event, frozen=True):
    """The first proof that a user was reached. channel, proof: as in terms."""

    event_name: ClassVar[str] = "notify.NoticeDelivered"
    notice_id: UUID
    user_id: UUID
    kind: str
    ref: str
    channel: str
    proof: str


class NoticeFailed(Event, frozen=True):
    """No proof came in time, or every channel failed. reasons: by channel, "" where none came."""

    event_name: ClassVar[str] = "notify.NoticeFailed"
    notice_id: UUID
    user_id: UUID
    kind: str
    ref: str
    reasons: dict[str, str]
