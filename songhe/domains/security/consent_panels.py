"""What consent and emergencies put on other pages: the tab of staff, the bar over every page."""

from __future__ import annotations

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from songhe.base.access.actor import Actor
from songhe.base.consent.acting import RECORD
from songhe.base.consent.emergencies import BREAK
from songhe.domains.people.panels import Tab
from songhe.domains.people.selectors import PersonView
from songhe.domains.people.services import pointers
from songhe.domains.security import emergency_reads
from songhe.kit import slots


def tab(request: HttpRequest, person: PersonView) -> Tab | None:
    """Add the page of consents to the pages of a person, for who records them there."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not actor.covers(RECORD, person.region_code):
        return None
    address = reverse("security:consent_records", args=[person.id])
    return Tab("consents", _("Consents and guardians"), address, 80)


def bar(request: HttpRequest, _obj: object = None) -> SafeString | None:
    """Say on every page that a glass stands broken, until when, and how to close it."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    rows = emergency_reads.open_now(actor, at=timezone.now())
    if not rows:
        return None
    return render_to_string("security/emergencies/bar.html", {"rows": rows}, request=request)


_MOVES: tuple[tuple[str, Promise], ...] = (
    ("consent_consent", gettext_lazy("consents")),
    ("consent_guardianship", gettext_lazy("guardians")),
    ("consent_paper", gettext_lazy("papers")),
    ("consent_emergency", gettext_lazy("emergencies")),
    ("consent_lookup", gettext_lazy("searches by number")),
)


def register() -> None:
    """Fill the slots, and tell what moves when two entries of a person are merged."""
    for table, label in _MOVES:
        pointers.tell(pointers.Pointer(table, "person_id"))
        pointers.name(table, label)
    slots.register("person.tabs", 80, tab, action=RECORD)
    slots.register("page.bar", 5, bar, action=BREAK)
