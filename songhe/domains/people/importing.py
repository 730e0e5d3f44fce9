"""Persons from a table: each row is one person with her home and one contact."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django import forms
from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext_lazy as _

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.regions import selectors as regions
from songhe.domains.people import dates, idnumber, register, sealing, terms
from songhe.domains.people.bulk import NewContact, NewHousehold, NewPerson, register_households
from songhe.domains.people.models import Home, Person, PersonRecord, Residency
from songhe.domains.people.services import AlreadyRegistered, recording
from songhe.domains.people.services.recording import Fact
from songhe.engines.exchange.declaring import Column, Importer, Taken
from songhe.engines.exchange.terms import Outcome
from songhe.kernel.errors import Conflict, Denied, Invalid, SongheError

COMMUNITY = 12
CHOSEN = ("insurance", "assistance")
_DAY = re.compile(r"^(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?$")


class OtherPerson(Conflict):
    code = "people.import_other_person"
    message = "This ID number is registered for another name, birth date or sex: check it."


class LivesElsewhere(Conflict):
    code = "people.import_lives_elsewhere"
    message = "This person is registered at another address: record the move with its date there."


class PerhapsThere(Conflict):
    code = "people.import_perhaps_there"
    message = (
        "A person of this name and birth date is registered already, with another phone number or"
        " none. Add the ID number, or register this one by hand."
    )


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


@dataclass(frozen=True, slots=True)
class _Known:
    """Who is registered among the persons of some rows."""

    by_number: dict[bytes, Person]
    by_name: dict[tuple[str, date], list[Person]]


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
        """Register who is new in one go; row by row where that is refused."""
        known = self._known(rows, at)
        found: list[Outcome | SongheError | None] = [
            self._compared(actor, row, known, at) for row in rows
        ]
        new = [index for index, one in enumerate(found) if one is None]
        try:
            with transaction.atomic():
                _register(actor, [rows[index] for index in new], at)
            for index in new:
                found[index] = Outcome.CREATED
        except SongheError:
            for index in new:
                found[index] = self._alone(actor, rows[index], at)
        return [one for one in found if one is not None]

    def _alone(self, actor: Actor, row: Taken, at: datetime) -> Outcome | SongheError:
        known = self._compared(actor, row, self._known([row], at), at)
        if known is not None:
            return known
        try:
            with transaction.atomic():
                _register(actor, [row], at)
        except SongheError as error:
            return error
        return Outcome.CREATED

    def _known(self, rows: Sequence[Taken], at: datetime) -> _Known:
        indexes = [
            index
            for row in rows
            if row.data["id_number"]
            for index in sealing.number_indexes(row.data["id_number"])
        ]
        by_number = {
            bytes(one.id_number_index): one
            for one in _with_all(Person.objects.filter(id_number_index__in=indexes), at)
            if one.id_number_index is not None
        }
        names = Person.objects.filter(
            name__in={row.data["name"].strip() for row in rows},
            birth_on__in={row.data["birth_on"] for row in rows},
        )
        by_name: dict[tuple[str, date], list[Person]] = {}
        for one in _with_all(names.order_by("pk"), at):
            by_name.setdefault((one.name, one.birth_on), []).append(one)
        return _Known(by_number, by_name)

    def _compared(
        self, actor: Actor, row: Taken, known: _Known, at: datetime
    ) -> Outcome | SongheError | None:
        """Return what becomes of a row whose person is registered, None for a new one."""
        try:
            person = _same(row.data, known)
            return None if person is None else _compare(actor, person, row.data, at)
        except SongheError as error:
            return error


def community_choices(actor: Actor, action: str) -> list[tuple[str, str]]:
    """Return the communities where the actor may do an action: (code, town and community)."""
    found: dict[str, str] = {}
    for prefix in actor.prefixes(action):
        towns = {row.code: row.name for row in regions.below(prefix[:9], 9)}
        for row in regions.below(prefix, COMMUNITY):
            found[row.code] = f"{towns.get(row.code[:9], '')}{row.name}"
    return sorted(found.items())


def _same(data: Mapping[str, Any], known: _Known) -> Person | None:
    """Return who is registered as the person of a row. Raises OtherPerson, PerhapsThere."""
    name, birth_on = data["name"].strip(), data["birth_on"]
    if data["id_number"]:
        for index in sealing.number_indexes(data["id_number"]):
            person = known.by_number.get(index)
            if person is None:
                continue
            if (person.name, person.birth_on) != (name, birth_on):
                raise OtherPerson(field="id_number")
            return person
    namesakes = known.by_name.get((name, birth_on), [])
    for person in namesakes:
        numbered = bool(data["id_number"]) and person.id_number_index is not None
        if not numbered and (sealing.phone_of(person) or "") == data["phone"]:
            return person
    if any(one.id_number_index is None or not data["id_number"] for one in namesakes):
        raise PerhapsThere(field="name")
    return None


def _compare(actor: Actor, person: Person, data: Mapping[str, Any], at: datetime) -> Outcome:
    """Record what a row says otherwise of a person. Raises what recording raises."""
    now = person
    if person.merged_into_id is not None:
        now = _with_all(Person.objects.filter(pk=person.merged_into_id), at).get()
    if not policies.can(actor, PersonImport.action, now):
        raise AlreadyRegistered(field="id_number")
    since = _since(data, at)
    facts = _differences(now, data)
    with transaction.atomic():
        for fact in facts:
            recording.record_fact(actor=actor, person_id=now.pk, fact=fact, since=since, at=at)
    return Outcome.CHANGED if facts else Outcome.UNCHANGED


def _since(data: Mapping[str, Any], at: datetime) -> datetime:
    return at if data["since_on"] is None else dates.begin_of(data["since_on"])


def _with_all(rows: QuerySet[Person], at: datetime) -> QuerySet[Person]:
    """Fetch with persons where they live and what is recorded of them; 2 queries more."""
    stays = Residency.objects.filter(period__contains=at).select_related("home")
    records = PersonRecord.objects.filter(kind__in=CHOSEN, superseded_at=None)
    return rows.prefetch_related(
        Prefetch("residencies", queryset=stays),
        Prefetch("records", queryset=records.order_by("since_at")),
    )


def _differences(person: Person, data: Mapping[str, Any]) -> list[Fact]:
    """Return what a row says otherwise of a person fetched by `_with_all`."""
    found = []
    stay = next(iter(person.residencies.all()), None)
    if data["address"] and stay is not None and stay.home.address != data["address"].strip():
        raise LivesElsewhere(field="address")
    if data["id_number"] and person.id_number_index is None and person.merged_into_id is None:
        found.append(Fact(register.NUMBER, sealed=data["id_number"]))
    if data["phone"] and (sealing.phone_of(person) or "") != data["phone"]:
        found.append(Fact(register.PHONE, sealed=data["phone"]))
    if data["living"] and person.living != data["living"]:
        found.append(Fact(register.LIVING, data["living"]))
    held = {row.kind: row.value for row in person.records.all()}
    found += [
        Fact(kind, data[kind]) for kind in CHOSEN if data[kind] and held.get(kind) != data[kind]
    ]
    return found


def _register(actor: Actor, rows: Sequence[Taken], at: datetime) -> None:
    """Register the persons of rows, who share an address in one home."""
    for row in rows:
        if row.data["birth_on"] > dates.day_of(at):
            raise Invalid(field="birth_on")
        if not actor.covers(PersonImport.action, row.data["community"]):
            raise Denied
    homes = _homes(rows)
    households: dict[tuple[str, str], list[NewPerson]] = {}
    for number, row in enumerate(rows):
        address = row.data["address"].strip()
        key = (row.data["community"], address or f"\x00{number}")
        households.setdefault(key, []).append(_person(row.data, at))
    some = []
    for (community, address), persons in households.items():
        text = "" if address.startswith("\x00") else address
        home = homes.get((community, text))
        some.append(NewHousehold(community, text, (), persons, home=home))
    register_households(actor=actor, households=some, at=at)


def _homes(rows: Sequence[Taken]) -> dict[tuple[str, str], Home]:
    wanted = {
        index: (row.data["community"], row.data["address"].strip())
        for row in rows
        if row.data["address"].strip()
        for index in sealing.address_indexes(row.data["address"].strip())
    }
    known = Home.objects.filter(
        address_index__in=list(wanted), region_code__in={one for one, _text in wanted.values()}
    )
    found: dict[tuple[str, str], Home] = {}
    for home in known.order_by("-pk"):
        if home.address_index is not None:
            text = wanted[bytes(home.address_index)][1]
            found[home.region_code, text] = home
    return found


def _person(data: Mapping[str, Any], at: datetime) -> NewPerson:
    contact = NewContact(
        data["contact_name"], data["contact_relation"] or "other", data["contact_phone"]
    )
    since = _since(data, at)
    return NewPerson(
        name=data["name"],
        sex=data["sex"] or "unknown",
        birth_on=data["birth_on"],
        id_number=data["id_number"],
        phone=data["phone"],
        living=data["living"] or "family",
        contacts=[contact] if data["contact_name"] else [],
        records=[(kind, data[kind], {}, since) for kind in CHOSEN if data[kind]],
        lives_since=since,
    )
