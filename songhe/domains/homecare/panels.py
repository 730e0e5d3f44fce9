"""Home care beds on the pages of a person: a tab of their own."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from songhe.domains.homecare import own_reads as own_reads
from songhe.domains.homecare import terms
from songhe.domains.people.panels import Tab
from songhe.domains.people.selectors import PersonView


def beds_tab(request: HttpRequest, person: PersonView) -> Tab | None:
    """Return the tab of a person's bed for who may see beds."""
    actor = request.actor  # type: ignore[attr-defined]
    if not actor.may(terms.VIEW):
        return None
    return Tab("homecare", _("Home care bed"), reverse("homecare:of_person", args=[person.id]), 45)
