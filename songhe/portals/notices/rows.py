"""Notices as their reader sees them: words in the language that is on, and how each was told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext_lazy

from songhe.base.access.actor import Actor
from songhe.base.notify import words
from songhe.base.notify.models import Notice
from songhe.base.notify.selectors import Told
from songhe.base.notify.terms import Channel, Proof, State
from songhe.kit import formats
from songhe.kit.tables import Column, Table

_REASONS = {
    "no_phone": gettext_lazy("there is no phone number"),
    "no_gateway": gettext_lazy("no gateway for messages is set up"),
    "no_browser": gettext_lazy("no browser was chosen"),
    "browser_gone": gettext_lazy("the browser is gone"),
    "push_busy": gettext_lazy("the push service was busy"),
    "push_away": gettext_lazy("the push service did not answer"),
    "push_refused": gettext_lazy("the push service refused it"),
    "push_not_allowed": gettext_lazy("the push service is not one that we know"),
    "gateway_busy": gettext_lazy("the gateway was busy"),
    "number_refused": gettext_lazy("the number does not exist"),
    "undelivered": gettext_lazy("the message did not arrive"),
    "unanswered": gettext_lazy("nobody answered"),
    "answered": gettext_lazy("answered, but not confirmed with key 1"),
    "account_closed": gettext_lazy("the account is closed"),
}


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """One notice in the list."""

    notice: Notice
    title: str
    body: str
    url: str

    @property
    def made_at(self) -> datetime:
        return self.notice.made_at


@dataclass(frozen=True, slots=True)
class TellingRow:
    """One channel of a notice: when, how it stands, and the proof or the reason."""

    channel: str
    state: str
    when: str
    detail: str


def row_of(notice: Notice, reader: Actor) -> NoticeRow:
    """Return a notice in the reader's words."""
    return NoticeRow(
        notice,
        words.title_of(notice, reader),
        words.body_of(notice, reader),
        reverse("notices:open", args=[notice.pk]),
    )


def telling_of(told: Told, *, at: datetime) -> TellingRow:
    """Return how a notice was told on one channel."""
    proof = str(Proof(told.proof).label) if told.proof else ""
    state = State(told.state)
    moment = told.proven_at or told.sent_at or (told.due_at if state is State.HELD else None)
    when = formats.clock_or_day(moment, at) if moment is not None else "–"
    reason = _REASONS.get(told.reason, "") if state in {State.FAILED, State.QUEUED} else ""
    return TellingRow(
        str(Channel(told.channel).label), str(state.label), when, proof or str(reason)
    )


class TellingTable(Table):
    """How one notice was told."""

    columns = (
        Column("channel", gettext_lazy("Way")),
        Column("state", gettext_lazy("How it stands"), second=lambda row: row.detail),
        Column("when", gettext_lazy("When")),
    )
    caption = gettext_lazy("How you were told")
