"""Words of notices: channels, states of a delivery, proofs, outcomes."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Channel(TextChoices):
    PAGE = "page", _("In the page")
    PUSH = "push", _("Browser push")
    SMS = "sms", _("Text message")
    VOICE = "voice", _("Phone call")


class State(TextChoices):
    """Where a delivery stands. joined: it went out within another; spared: not needed any more."""

    QUEUED = "queued", _("waits")
    HELD = "held", _("held for the quiet hours")
    SENDING = "sending", _("being sent")
    JOINED = "joined", _("sent together with others")
    SENT = "sent", _("sent, no proof yet")
    DELIVERED = "delivered", _("reached")
    FAILED = "failed", _("failed")
    SPARED = "spared", _("not needed any more")


OPEN_STATES = (State.QUEUED, State.HELD, State.SENDING)
ENDED = (State.DELIVERED, State.FAILED, State.SPARED)


class Proof(TextChoices):
    """What shows that somebody was reached."""

    OPENED = "opened", _("opened the page")
    SHOWN = "shown", _("shown by the browser")
    RECEIPT = "receipt", _("receipt of the gateway")
    CONFIRMED = "confirmed", _("confirmed with key 1")


class Outcome(TextChoices):
    WAITING = "waiting"
    REACHED = "reached"
    FAILED = "failed"
