"""Terms of requests about personal data: what is asked, how it came, how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class RequestKind(models.TextChoices):
    """What a person may ask of who handles her data (PIPL Art. 15, 44 to 48)."""

    COPY = "copy", _("a copy of the data")
    CORRECTION = "correction", _("a correction")
    ERASURE = "erasure", _("erasure")
    EXPLANATION = "explanation", _("an explanation")
    WITHDRAWAL = "withdrawal", _("withdrawal of a consent")


class RequestChannel(models.TextChoices):
    APP = "app", _("on her own screen")
    PAPER = "paper", _("on paper")
    IN_PERSON = "in-person", _("said in person")
    PHONE = "phone", _("by telephone")


class RequestState(models.TextChoices):
    MADE = "made", pgettext_lazy("request", "waiting")
    WORKING = "working", pgettext_lazy("request", "being handled")
    DONE = "done", pgettext_lazy("request", "done")
    REFUSED = "refused", pgettext_lazy("request", "refused")
    WITHDRAWN = "withdrawn", pgettext_lazy("request", "taken back")


OPEN = (RequestState.MADE, RequestState.WORKING)


@dataclass(frozen=True, slots=True)
class Deadline:
    """Within how many days a kind of request is answered, and what says so."""

    days: int
    source: str
    status: str


@cache
def _facts() -> dict[str, Any]:
    text = (files("songhe.domains.security") / "data/deadlines.yaml").read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def deadline(kind: str) -> Deadline:
    """Return the deadline of a kind of request."""
    return Deadline(**_facts()["kinds"][kind])


def due_on(kind: str, at: datetime) -> date:
    """Return the local day until which a request made at a moment is answered."""
    return timezone.localdate(at) + timedelta(days=deadline(kind).days)


def remind_days() -> int:
    """Return how many days before its end a request is brought to mind."""
    return int(_facts()["remind_days"]["value"])
