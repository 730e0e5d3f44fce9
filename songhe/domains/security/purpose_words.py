"""Stated purposes in words: the choices, what is open until when, the bar on every page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from songhe.base.access import purposes
from songhe.base.access.actor import Actor
from songhe.base.access.purposes import Stated
from songhe.base.access.roles import Purpose
from songhe.kit import formats


@dataclass(frozen=True, slots=True)
class Line:
    """A purpose that holds now, in words."""

    words: str


def name_of(purpose: Purpose) -> str:
    """Return a purpose in the reader's language."""
    return purpose.zh if (get_language() or "zh").startswith("zh") else purpose.en


def choices(actor: Actor) -> list[tuple[str, str]]:
    """Return the purposes that the actor's roles know."""
    return [(purpose.name, name_of(purpose)) for purpose in purposes.open_to(actor)]


def opened(stated: Stated) -> str:
    """Return what a statement has opened."""
    return _("Names are open to you until %(time)s: %(purpose)s.") % {
        "time": formats.clock(stated.until),
        "purpose": name_of(stated.purpose),
    }


def lines(actor: Actor, *, at: datetime) -> list[Line]:
    """Return what the actor has stated and what holds now."""
    return [Line(opened(stated)) for stated in purposes.stated_by(actor, at=at)]


def bar(request: HttpRequest, _obj: Any = None) -> SafeString | None:
    """Draw on every page that names are open, and how to close them; None while they are not."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not actor.purposes:
        return None
    context = {"stated": lines(actor, at=timezone.now())}
    return render_to_string("security/purposes/bar.html", context, request=request)
