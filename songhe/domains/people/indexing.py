"""What can be found of persons: their entries in the search, written with every change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from songhe.domains.people import sealing
from songhe.domains.people.models import Contact, Person
from songhe.engines.search import services as search
from songhe.engines.search.models import SearchEntry

KIND = "people.Person"


def put(persons: Iterable[Person]) -> None:
    """Write the entries of persons; one that was merged leads to whom it was merged into."""
    rows = list(persons)
    kept = {row.merged_into_id for row in rows} - {None}
    regions = dict(Person.objects.filter(pk__in=kept).values_list("pk", "region_code"))
    calls: dict[UUID, list[str]] = defaultdict(list)
    standing = Contact.objects.filter(person__in=rows, until_on=None, superseded_at=None)
    for contact in standing:
        calls[contact.person_id].append(sealing.call_of(contact))
    search.put(KIND, [entry_of(row, regions, calls[row.pk]) for row in rows])


def add(entries: Iterable[search.Entry]) -> None:
    """Write the entries of persons who are new, as `new_entry` makes them."""
    search.add(KIND, entries)


def new_entry(
    person: Person, *, phone: str, number: str, calls: Iterable[str] = ()
) -> search.Entry:
    """Return what can be found of a person who is just being registered, before she is stored.

    phone and number: what was sealed into her row; calls: the numbers of whom one calls for her.
    """
    marks = sealing.marks_of(region_code=person.region_code, phone=phone, number=number)
    return search.Entry(
        id=person.pk,
        target=person.pk,
        region_code=person.region_code,
        name=person.name,
        marks=[*marks, *sealing.marks_of_calls(calls)],
    )


def entry_of(person: Person, regions: Mapping[UUID, str], calls: Iterable[str]) -> search.Entry:
    """Return what can be found of a person; regions are those of whom they were merged into.

    calls: the numbers of whom one calls for her. Raises VaultClosed.
    """
    marks = sealing.marks_of(
        region_code=person.region_code,
        phone=sealing.phone_of(person) or "",
        number=sealing.id_number_of(person) or "",
    )
    return search.Entry(
        id=person.pk,
        target=person.merged_into_id or person.pk,
        region_code=regions.get(person.merged_into_id or person.pk, person.region_code),
        name=person.name,
        marks=[*marks, *sealing.marks_of_calls(calls)],
        is_past=person.died_on is not None,
    )


def put_of(person_id: UUID) -> None:
    """Write the entries of a person and of all that were merged into her."""
    put(Person.objects.filter(Q(pk=person_id) | Q(merged_into=person_id)))


def put_anew(*, limit: int = 1000) -> int:
    """Write entries that are missing, or whose marks are of an older key; return how many."""
    ids: list[UUID] = search.under_older_keys(KIND, limit=limit)
    there = SearchEntry.objects.filter(pk=OuterRef("pk"))
    missing = Person.objects.filter(~Exists(there)).values_list("pk", flat=True)
    rows = Person.objects.filter(pk__in=[*ids, *missing[:limit]])
    put(rows)
    return len(rows)
