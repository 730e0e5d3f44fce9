"""Pages of people: the list, one person, contacts and home."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import View

from songhe.base.access.actor import Actor
from songhe.base.regions import selectors as regions
from songhe.domains.people import panels, selectors
from songhe.domains.people.forms import PersonFilter
from songhe.domains.people.tables import PersonRow, PersonTable
from songhe.domains.people.terms import CareLevel, Living

COUNTY, TOWN, COMMUNITY = 6, 9, 12


class PersonList(View):
    """List the people that are open to the reader; find them by one box of words."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        form = PersonFilter(request.GET or None, regions=region_choices(actor))
        asked = form.asked
        more = False
        rows: Any
        if asked["words"].strip():
            found = selectors.find_persons(actor, asked["words"], region_prefix=asked["region"])
            rows, more = found.persons, found.more
        else:
            rows = selectors.list_persons(actor, region_prefix=asked["region"])
        table = PersonTable(request, _Rows(actor, rows))
        context = {
            "form": form,
            "table": table,
            "asked": asked,
            "more": more,
            "may_register": actor.may("people.register_person"),
            "may_import": actor.may("people.import_persons"),
            "may_export": actor.may("people.export_persons"),
        }
        return render(request, "people/person_list.html", context)


class _Rows:
    """Rows made of one page of a queryset only: names, regions and facts in 3 queries."""

    def __init__(self, actor: Actor, found: Any) -> None:
        self._actor, self._found = actor, found

    def __len__(self) -> int:
        return len(self._found) if isinstance(self._found, list) else int(self._found.count())

    def __getitem__(self, page: slice) -> list[PersonRow]:
        return person_rows(self._actor, list(self._found[page]))


def person_rows(actor: Actor, persons: list[Any]) -> list[PersonRow]:
    """Return persons as rows of the list."""
    at = timezone.now()
    views = [selectors.view_of(actor, person) for person in persons]
    known = selectors.facts_of([view.id for view in views], at=at)
    names = regions.names(
        sorted({v.region_code for v in views} | {v.region_code[:9] for v in views})
    )
    return [
        PersonRow(
            person=view,
            age=panels.age_words(view, at),
            living=str(Living(view.living).label),
            care=str(CareLevel(view.care_level).label)
            if view.care_level is not None and "health" in view.fields
            else "",
            region=" ".join(
                names[code] for code in (view.region_code[:9], view.region_code) if code in names
            ),
            risks=_(", ").join(panels.risk_words(view, known.get(view.id, []))[:3])
            or (_("nothing noted") if "health" in view.fields else _("not open to you")),
        )
        for view in views
    ]


def region_choices(actor: Actor) -> list[tuple[str, str]]:
    """Return towns and communities where the reader's roles reach; counties, where that is far."""
    found: list[tuple[str, str]] = []
    for prefix in actor.prefixes(selectors.LIST):
        for level in (TOWN, COMMUNITY) if len(prefix) >= COUNTY else (COUNTY,):
            found += [(row.code, row.name) for row in regions.below(prefix, level)]
    return sorted(set(found))


class PersonPage(View):
    """One person now: what is measured, the day at home, whom to call."""

    def get(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        frame = panels.frame(request, person_id, "now")
        if frame.person.id != person_id:  # merged: the address that stays is the other one's
            return HttpResponseRedirect(reverse("people:person", args=[frame.person.id]))
        return render(request, "people/person.html", {"frame": frame, "person": frame.person})


class Contacts(View):
    """Whom to call for a person, and where she lives."""

    def get(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        frame = panels.frame(request, person_id, "contacts")
        person = frame.person
        at = timezone.now()
        context = {
            "frame": frame,
            "person": person,
            "contacts": selectors.contacts_of(request.actor, person),  # type: ignore[attr-defined]
            "numbers_open": "contact" in person.fields,
            "may_write": "contact" in person.fields
            and request.actor.covers("people.add_contact", person.region_code),  # type: ignore[attr-defined]
            "home": selectors.home_of(person.id, at=at) if "contact" in person.fields else None,
        }
        return render(request, "people/contacts.html", context)
