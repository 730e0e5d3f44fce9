"""What who plans sees on other pages: the services of a person as a page of hers."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import pgettext

from songhe.domains.dispatch import terms
from songhe.domains.people.panels import Tab
from songhe.domains.people.selectors import PersonView
from songhe.kit import slots


def tab(request: HttpRequest, person: PersonView) -> Tab:
    """Add the page of services to the pages of a person."""
    return Tab(
        "services", pgettext("tab", "Services"), reverse("dispatch:services", args=[person.id]), 60
    )


def register() -> None:
    """Called when the app is ready."""
    slots.register("person.tabs", 60, tab, action=terms.LIST)
