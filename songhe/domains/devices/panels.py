"""Devices on the pages of a person: a tab of their own."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from songhe.domains.people.panels import Tab
from songhe.domains.people.selectors import PersonView


def devices_tab(_request: HttpRequest, person: PersonView) -> Tab | None:
    """Return the tab of a person's devices where they are open."""
    if "devices" not in person.fields:
        return None
    return Tab("devices", _("Devices"), reverse("devices:of_person", args=[person.id]), 40)
