"""Daily life on other pages: the tab of a person, and the night in a line on her page."""

from __future__ import annotations

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from songhe.base.access.actor import Actor
from songhe.domains.monitoring import life_reads, life_words, outdoor_reads, trend_reads
from songhe.domains.people.panels import Tab
from songhe.domains.people.selectors import PersonView


def tab(request: HttpRequest, person: PersonView) -> Tab | None:
    """Add the page of daily life to the pages of a person."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not life_reads.is_open_to(actor, person):
        return None
    return Tab("life", _("Daily life"), reverse("monitoring:life", args=[person.id]), 20)


def trends_tab(request: HttpRequest, person: PersonView) -> Tab | None:
    """Add the page of trends to the pages of a person."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not trend_reads.is_open_to(actor, person):
        return None
    return Tab("trends", _("Trends"), reverse("monitoring:trends", args=[person.id]), 30)


def outdoors_tab(request: HttpRequest, person: PersonView) -> Tab | None:
    """Add the page of a person outside to her pages."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not outdoor_reads.is_open_to(actor, person):
        return None
    return Tab("outdoors", _("Outside"), reverse("monitoring:outdoors", args=[person.id]), 40)


def night_panel(request: HttpRequest, person: PersonView) -> SafeString | None:
    """Say in one line how the last night was; nothing where no bed tells of it."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not life_reads.is_open_to(actor, person) or "health" not in person.fields:
        return None
    line = life_words.night_line(life_reads.night_of(person, at=timezone.now()))
    if not line:
        return None
    context = {"line": line, "person": person}
    return render_to_string("monitoring/panels/night.html", context, request=request)
