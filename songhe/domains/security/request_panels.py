"""What requests and the history put on other pages: the reminder, the tab of a person."""

from __future__ import annotations

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from songhe.base.access.actor import Actor
from songhe.domains.people.panels import Tab
from songhe.domains.people.selectors import PersonView
from songhe.domains.security import request_reads
from songhe.domains.security.history_reads import VIEW
from songhe.domains.security.workflow import HANDLE
from songhe.kit import slots


def bar(request: HttpRequest, _obj: object = None) -> SafeString | None:
    """Draw the reminder; nothing where nothing is near its deadline."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    late, soon = request_reads.waiting(actor, at=timezone.now())
    if not late and not soon:
        return None
    context = {"late": late, "soon": soon}
    return render_to_string("security/requests/bar.html", context, request=request)


def tab(request: HttpRequest, person: PersonView) -> Tab | None:
    """Add the history to the pages of a person, for staff who may look at it there."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not actor.covers(VIEW, person.region_code):
        return None
    return Tab(
        "history",
        _("What was changed"),
        reverse("security:person_history", args=[person.id]),
        95,
    )


def register() -> None:
    """Put the reminder under the top bar of who handles requests, the history beside a person."""
    slots.register("page.bar", 20, bar, action=HANDLE)
    slots.register("person.tabs", 95, tab, action=VIEW)
