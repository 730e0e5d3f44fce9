"""The list of people."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from songhe.domains.people.selectors import PersonView
from songhe.kit.tables import Column, Table


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person as the reader may see it, in words."""

    person: PersonView
    age: str
    living: str
    care: str
    region: str
    risks: str


class PersonTable(Table):
    columns = (
        Column(
            "name",
            _("Name"),
            value=lambda row: row.person.name,
            link=lambda row: reverse("people:person", args=[row.person.id]),
            second=lambda row: row.age,
        ),
        Column("living", _("Lives"), second=lambda row: row.care),
        Column("region", _("Community")),
        Column("risks", _("To know")),
    )
    per_page = 50
    caption = _("People")
    empty = _("Nobody found")
