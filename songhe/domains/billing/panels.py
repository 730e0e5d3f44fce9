"""What billing puts on a person's page: the tab of her bills."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

# How far records bear out what is charged: filled by the rooms that keep them.
from songhe.domains.billing.proofs import CHECKED as CHECKED
from songhe.domains.billing.proofs import SLOT as SLOT
from songhe.domains.billing.proofs import Proof as Proof
from songhe.domains.people.panels import Tab
from songhe.domains.people.selectors import PersonView


def tab(request: HttpRequest, person: PersonView) -> Tab | None:
    """Return the tab of charges, where the person's money is open."""
    if "finance" not in person.fields:
        return None
    return Tab("charges", _("Bills"), reverse("billing:person", args=[person.id]), 61)
