"""Persons from a table: each row is one person with her home and one contact."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from songhe.base.access.actor import Actor
from songhe.base.regions import selectors as regions
from songhe.domains.people import idnumber, register, terms
from songhe.domains.people.taking import take_rows
from songhe.engines.exchange.declaring import Column, Importer, Taken
from songhe.engines.exchange.terms import Outcome
from songhe.kernel.errors import SongheError

COMMUNITY = 12
_DAY = re.compile(r"^(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?$")


class DayField(forms.Field):
    """A day as people write it: 1944-03-09, 1944/3/9, 1944年3月9日, 19440309."""

    default_error_messages = {"invalid": _("is no date: write it as 1944-03-09")}

    def to_python(self, value: Any) -> date | None:
        if not value:
            return None
        found = _DAY.match(str(value).strip())
        try:
            return date(*(int(part) for part in found.groups())) if found else self._no()
        except ValueError:
            return self._no()

    def _no(self) -> date:
        raise forms.ValidationError(self.error_messages["invalid"])


class PersonRowForm(forms.Form):
    """A row: what is in the ID number is taken from it and compared."""

    name = forms.CharField(max_length=60)
    id_number = forms.CharField(required=False, max_length=18)
    sex = forms.CharField(required=False)
    birth_on = DayField(required=False)
    phone = forms.RegexField(
        r"^[\d+\-() ]{4,20}$",
        required=False,
        error_messages={"invalid": _("is no phone number")},
    )
    community = forms.CharField()
    address = forms.CharField(required=False, max_length=200)
    living = forms.CharField(required=False)
    insurance = forms.CharField(required=False)
    assistance = forms.CharField(required=False)
    since_on = DayField(required=False)
    contact_name = forms.CharField(required=False, max_length=60)
    contact_relation = forms.CharField(required=False)
    contact_phone = forms.CharField(required=False, max_length=20)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        text = given.get("id_number") or ""
        if text:
            try:
                number, born, sex = idnumber.parse(text, today=date.max)
            except idnumber.BadIdNumber:
                self.add_error("id_number", _("cannot be right: check its 18 digits"))
                return given
            given["id_number"] = number
            if given.get("birth_on") not in (None, born):
                self.add_error("birth_on", _("is not the one in the ID number"))
            if given.get("sex") not in ("", None, sex):
                self.add_error("sex", _("is not the one in the ID number"))
            given["birth_on"], given["sex"] = born, sex
        elif not given.get("birth_on") and "birth_on" not in self.errors:
            self.add_error("birth_on", _("is needed where there is no ID number"))
        if bool(given.get("contact_name")) != bool(given.get("contact_phone")):
            self.add_error("contact_phone", _("name and phone of a contact belong together"))
        return given


class PersonImport(Importer):
    """Persons of the actor's communities; those who are registered already are compared."""

    kind, action, title = "people.persons", "people.import_persons", _("Persons")
    form = PersonRowForm
    at_once = 400

    def columns(self, actor: Actor, at: datetime) -> Sequence[Column]:
        kinds = register.kinds()
        return (
            Column("name", _("Name"), required=True, example="陈伟"),
            Column("id_number", _("ID number"), _("18 digits, as text"), width=24),
            Column("sex", _("Sex"), _("not needed with an ID number"), choices=terms.Sex.choices),
            Column(
                "birth_on", _("Birth date"), _("not needed with an ID number"), example="1944-03-09"
            ),
            Column("phone", _("Own phone"), width=18),
            Column(
                "community",
                _("Community"),
                _("as in the list, or its 12-digit code"),
                required=True,
                choices=community_choices(actor, self.action),
                width=28,
            ),
            Column("address", _("Address"), _("who shares a home has the same address"), width=34),
            Column(
                "living", _("Living situation"), choices=kinds[register.LIVING].choices, width=18
            ),
            Column("insurance", _("Medical insurance"), choices=kinds["insurance"].choices),
            Column("assistance", _("Social assistance"), choices=kinds["assistance"].choices),
            Column(
                "since_on",
                _("True since"),
                _("the day since when address and status are so; the import's day if left out"),
                example="2026-01-01",
            ),
            Column("contact_name", _("Contact's name")),
            Column("contact_relation", _("Relation"), choices=terms.Relation.choices),
            Column("contact_phone", _("Contact's phone"), width=18),
        )

    def take(
        self, actor: Actor, rows: Sequence[Taken], at: datetime
    ) -> list[Outcome | SongheError]:
        """Register who is new, some at once; record what is told otherwise of the others."""
        return take_rows(actor, rows, at, action=self.action)


def community_choices(actor: Actor, action: str) -> list[tuple[str, str]]:
    """Return the communities where the actor may do an action: (code, town and community)."""
    found: dict[str, str] = {}
    for prefix in actor.prefixes(action):
        towns = {row.code: row.name for row in regions.below(prefix[:9], 9)}
        for row in regions.below(prefix, COMMUNITY):
            found[row.code] = f"{towns.get(row.code[:9], '')}{row.name}"
    return sorted(found.items())
