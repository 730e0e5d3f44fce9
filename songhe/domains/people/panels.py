"""The frame that every page of one person has: banner, what is open to the reader, tabs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext, pgettext, pgettext_lazy
from django.utils.translation import gettext as _

from songhe.base.access.actor import Actor
from songhe.base.regions import selectors as regions
from songhe.domains.people import selectors
from songhe.domains.people.selectors import FactLine, PersonView
from songhe.domains.people.terms import CareLevel, Living, Sex
from songhe.kit import slots

TOWN = 9
FIELD_WORDS: dict[str, Promise] = {
    "identity": pgettext_lazy("open", "full name"),
    "contact": pgettext_lazy("open", "numbers and address"),
    "health": pgettext_lazy("open", "health"),
    "home": pgettext_lazy("open", "sensors at home"),
    "location": pgettext_lazy("open", "position"),
    "devices": pgettext_lazy("open", "devices"),
    "finance": pgettext_lazy("open", "money"),
    "notes": pgettext_lazy("open", "care notes"),
}


@dataclass(frozen=True, slots=True)
class Tab:
    """One page of a person; higher domains add theirs in the slot `person.tabs`."""

    key: str
    label: str
    url: str
    order: int = 50


@dataclass(frozen=True)
class PersonFrame:
    """Everything the head of a person's pages shows, in words."""

    person: PersonView
    age: str
    facts: list[str]
    risks: list[str]
    scope: str
    region: str
    tabs: list[tuple[str, str, bool]]
    crumbs: list[tuple[str, str]]
    phone: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def is_day_open(self) -> bool:
        """Tell whether anything of the person's day is open to the reader."""
        return bool(self.person.fields & {"health", "home", "location", "devices"})


def frame(request: HttpRequest, person_id: UUID, current: str) -> PersonFrame:
    """Return the head of a person's page; the look is audited. Raises NoSuchPerson."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    at = timezone.now()
    person = selectors.get_person(actor, person_id, at=at)
    known = selectors.facts_of([person.id], at=at).get(person.id, [])
    return PersonFrame(
        person=person,
        age=age_words(person, at),
        facts=fact_words(person, known),
        risks=risk_words(person, known),
        scope=scope_words(person),
        region=place_words(person.region_code),
        tabs=_tabs(request, person, current),
        crumbs=[(_("People"), reverse("people:person_list")), (person.name, "")],
        phone=selectors.phone_of(person),
    )


def _tabs(request: HttpRequest, person: PersonView, current: str) -> list[tuple[str, str, bool]]:
    own = [
        Tab("now", pgettext("tab", "Now"), reverse("people:person", args=[person.id]), 0),
        Tab("contacts", _("Contacts and home"), reverse("people:contacts", args=[person.id]), 90),
    ]
    if "health" in person.fields:
        url = reverse("people:facts", args=[person.id])
        own.append(Tab("facts", pgettext("tab", "To know"), url, 85))
    if request.actor.covers("people.view_register", person.region_code):  # type: ignore[attr-defined]
        url = reverse("people:register", args=[person.id])
        own.append(Tab("register", pgettext("tab", "Register"), url, 80))
    more = [tab for tab in slots.values("person.tabs", request, person) if tab is not None]
    ordered = sorted([*own, *more], key=lambda tab: tab.order)
    return [(tab.label, tab.url, tab.key == current) for tab in ordered]


def age_words(person: PersonView, at: datetime) -> str:
    """Return age and sex: 82 岁·女."""
    age = person.age(timezone.localdate(at))
    parts = [] if age is None else [ngettext("%(n)d year", "%(n)d years", age) % {"n": age}]
    if person.sex != Sex.UNKNOWN:
        parts.append(str(Sex(person.sex).label))
    return _join(parts)


def fact_words(person: PersonView, known: Iterable[FactLine]) -> list[str]:
    """Return the grey facts: ability, how the person lives, schemes."""
    found = []
    if person.care_level is not None and "health" in person.fields:
        found.append(str(CareLevel(person.care_level).label))
    found.append(str(Living(person.living).label))
    return [*found, *(line.text for line in known if line.kind in ("scheme", "medicine"))]


def risk_words(person: PersonView, known: Iterable[FactLine]) -> list[str]:
    """Return what one must know before touching her, where health is open."""
    if "health" not in person.fields:
        return []
    return [line.text for line in known if line.kind not in ("scheme", "medicine")]


def place_words(region_code: str) -> str:
    """Return town and community of a region code in the reader's language."""
    path = [row for row in regions.path_of(region_code) if row.level >= TOWN]
    if _is_chinese():
        return " ".join(row.name for row in path)
    return ", ".join(row.name_en or row.name for row in reversed(path))


def scope_words(person: PersonView) -> str:
    """Return which classes of the person's data are open to the reader and which are not."""
    opened = [str(words) for key, words in FIELD_WORDS.items() if key in person.fields]
    closed = [str(words) for key, words in FIELD_WORDS.items() if key not in person.fields]
    if not opened:
        return _("Nothing but this page is open to you.")
    said = _("Open to you: %(what)s.") % {"what": _(", ").join(opened)}
    if not closed:
        return said
    rest = _("Not open: %(what)s.") % {"what": _(", ").join(closed)}
    return said + ("" if _is_chinese() else " ") + rest


def _join(parts: Iterable[str]) -> str:
    return ("·" if _is_chinese() else ", ").join(parts)


def _is_chinese() -> bool:
    return (get_language() or "zh").startswith("zh")


def contacts_panel(request: HttpRequest, person: PersonView) -> SafeString:
    """Draw whom to call, in order."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    context = {
        "contacts": selectors.contacts_of(actor, person),
        "numbers_open": "contact" in person.fields,
    }
    return render_to_string("people/contacts_panel.html", context, request=request)
