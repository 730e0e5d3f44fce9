"""What organisations put on other pages: the way from a person to who can see her."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from songhe.base.access.actor import Actor
from songhe.domains.organizations.terms import VIEW_ACCESS
from songhe.domains.people.panels import Tab
from songhe.domains.people.selectors import PersonView


def tab(request: HttpRequest, person: PersonView) -> Tab | None:
    """Add who can see the person, for who reviews that where she lives."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not actor.covers(VIEW_ACCESS, person.region_code):
        return None
    address = reverse("organizations:who_sees", args=[person.id])
    return Tab("access", _("Who can see what"), address, 95)
