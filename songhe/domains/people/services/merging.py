"""Merging two rows that are one person, and taking that back whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from psycopg import sql

from songhe.base.access import policies, wall
from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.base.events import bus
from songhe.domains.people import events, indexing, projecting, register
from songhe.domains.people.models import Person, PersonMerge, PersonRecord, Residency
from songhe.domains.people.selectors import NoSuchPerson
from songhe.domains.people.services import pointers
from songhe.kernel.errors import Conflict, Invalid, NotFound

MERGE = "people.merge_persons"
FILLED = ("phone", "care_level", "home", "disability", "insurance", "assistance")


class SamePerson(Invalid):
    code = "people.same_person"
    message = "These are the same entry."


class MergedAlready(Conflict):
    code = "people.merged_already"
    message = "One of the two was merged already."


class OneHasDied(Conflict):
    code = "people.one_has_died"
    message = "Only one of the two is recorded as dead. Make that agree first, then merge."


class ReasonForMerge(Invalid):
    code = "people.reason_for_merge"
    message = "Say why the two are one person."


class NoSuchMerge(NotFound):
    code = "people.no_such_merge"
    message = "This merge does not exist, or is not open to you."


class UndoneAlready(Conflict):
    code = "people.undone_already"
    message = "This merge was undone already."


class LaterMerge(Conflict):
    code = "people.later_merge"
    message = "The entry that stayed was merged itself since then. Undo that one first."


@transaction.atomic
def merge_persons(
    *, actor: Actor, kept_id: UUID, gone_id: UUID, reason: str, at: datetime
) -> PersonMerge:
    """Let `gone` lead to `kept`: what points at it moves, and is noted so that it can go back.

    Of the register only those kinds move of which `kept` says nothing. What a constraint forbids
    to move stays and is noted too. Readings and findings stay under the id they were stored for.
    Locks both rows in the order of their ids. Raises NoSuchPerson, SamePerson, MergedAlready,
    OneHasDied, ReasonForMerge, Denied.
    """
    kept, gone = _both(actor, kept_id, gone_id)
    if kept.merged_into_id or gone.merged_into_id:
        raise MergedAlready
    if (kept.died_on is None) != (gone.died_on is None):
        raise OneHasDied
    if not reason.strip():
        raise ReasonForMerge(field="reason")
    work = _Work(kept, gone)
    with wall.lifted():  # also what the registrar may not see goes with the person
        work.move_register()
        for pointer in pointers.pointers():
            work.move(pointer)
    gone.merged_into = kept
    gone.save(update_fields=["merged_into"])
    _tell_merged(kept, gone)
    projecting.apply(kept, at=at)
    merge = PersonMerge.objects.create(
        kept=kept,
        gone=gone,
        reason=reason.strip()[:200],
        made_at=at,
        made_by=actor.user_id,
        made_by_name=actor.display_name,
        moved=work.moved,
        stayed=work.stayed,
    )
    indexing.put_of(kept.pk)
    _note(actor, merge, "people.merge_persons", at)
    bus.publish(
        events.PersonsMerged(merge_id=merge.pk, kept_id=kept.pk, gone_id=gone.pk, recorded_at=at)
    )
    return merge


@transaction.atomic
def undo_merge(*, actor: Actor, merge_id: UUID, at: datetime) -> PersonMerge:
    """Take a merge back: every row that it moved points where it pointed before.

    What was written since then stays with `kept`. Raises NoSuchMerge, UndoneAlready, LaterMerge,
    Denied.
    """
    merge = PersonMerge.objects.select_for_update().filter(pk=merge_id).first()
    if merge is None:
        raise NoSuchMerge
    try:
        kept, gone = _both(actor, merge.kept_id, merge.gone_id)
    except NoSuchPerson:
        raise NoSuchMerge from None
    if merge.undone_at is not None:
        raise UndoneAlready
    if kept.merged_into_id is not None:
        raise LaterMerge
    gone.merged_into = None
    gone.save(update_fields=["merged_into"])
    with wall.lifted():
        for step in reversed(merge.moved):
            _BACK[step["what"]](kept, gone, step)
    _tell_merged(kept, gone)
    projecting.apply(kept, at=at)
    merge.undone_at, merge.undone_by, merge.undone_by_name = at, actor.user_id, actor.display_name
    merge.save(update_fields=["undone_at", "undone_by", "undone_by_name"])
    indexing.put([kept, gone])
    _note(actor, merge, "people.undo_merge", at)
    bus.publish(
        events.PersonsUnmerged(merge_id=merge.pk, kept_id=kept.pk, gone_id=gone.pk, recorded_at=at)
    )
    return merge


def _tell_merged(kept: Person, gone: Person) -> None:
    """Write beside both entries which others lead to them."""
    for row in (kept, gone):
        into = Person.objects.filter(merged_into=row).order_by("pk")
        row.merged_ids = list(into.values_list("pk", flat=True))
        row.save(update_fields=["merged_ids"])


def _both(actor: Actor, kept_id: UUID, gone_id: UUID) -> tuple[Person, Person]:
    if kept_id == gone_id:
        raise SamePerson
    rows = policies.scope(actor, Person.objects.select_for_update(of=("self",)), MERGE)
    found = {row.pk: row for row in rows.filter(pk__in=[kept_id, gone_id]).order_by("pk")}
    if len(found) != 2:
        raise NoSuchPerson
    for row in found.values():
        policies.authorise(actor, MERGE, row)
    return found[kept_id], found[gone_id]


def _note(actor: Actor, merge: PersonMerge, action: str, at: datetime) -> None:
    detail = {"merge": str(merge.pk), "kept": str(merge.kept_id), "gone": str(merge.gone_id)}
    audit.record_changes(
        actor=actor,
        changes=[
            (action, f"people.Person/{pk}", at, detail) for pk in (merge.kept_id, merge.gone_id)
        ],
    )


def says(person: Person, kind: str) -> bool:
    """Tell whether a person's row or records say something of a kind."""
    own = {"phone": person.phone_sealed, "care_level": person.care_level}
    if kind in own:
        return own[kind] is not None
    if kind == register.HOME and Residency.objects.filter(person=person).exists():
        return True
    return bool(projecting.believed(person, kind))


@dataclass
class _Work:
    """One merge on its way, and the notes by which it can be undone."""

    kept: Person
    gone: Person

    def __post_init__(self) -> None:
        self.moved: list[dict[str, Any]] = []
        self.stayed: list[dict[str, Any]] = []

    def move_register(self) -> None:
        """Move kinds of which `kept` says nothing; where `gone` lived is noted and ended."""
        for kind in FILLED:
            if says(self.kept, kind) or not says(self.gone, kind):
                continue
            had = set(_records(self.gone, kind))
            projecting.take_over(self.gone, kind)
            pks = _records(self.gone, kind)
            PersonRecord.objects.filter(pk__in=pks).update(person=self.kept)
            self.moved.append(
                {
                    "what": "records",
                    "kind": kind,
                    "pks": [str(pk) for pk in pks],
                    "made": [str(pk) for pk in pks if pk not in had],
                }
            )
        rows = list(Residency.objects.filter(person=self.gone).order_by("period"))
        if rows:
            self.moved.append({"what": "residencies", "rows": [_residency(row) for row in rows]})
            Residency.objects.filter(person=self.gone).delete()

    def move(self, pointer: pointers.Pointer) -> None:
        """Move what points at `gone` by a column; row by row where not all may."""
        try:
            with transaction.atomic():
                pks = _repoint(pointer, self.gone.pk, self.kept.pk)
        except IntegrityError:
            pks = self._move_singly(pointer)
        if pks:
            step = {"what": "rows", "table": pointer.table, "column": pointer.column}
            self.moved.append(step | {"pk": pointer.pk, "pks": pks})

    def _move_singly(self, pointer: pointers.Pointer) -> list[str]:
        moved, stayed = [], []
        for pk in _pointing(pointer, self.gone.pk):
            try:
                with transaction.atomic():
                    moved += _repoint(pointer, self.gone.pk, self.kept.pk, [pk])
            except IntegrityError:
                stayed.append(pk)
        if stayed:
            self.stayed.append({"table": pointer.table, "pks": stayed})
        return moved


def _records(person: Person, kind: str) -> list[UUID]:
    return list(PersonRecord.objects.filter(person=person, kind=kind).values_list("pk", flat=True))


def _residency(row: Residency) -> dict[str, str | None]:
    upper = row.period.upper
    return {
        "id": str(row.pk),
        "home": str(row.home_id),
        "room": str(row.room_id) if row.room_id else None,
        "since": row.period.lower.isoformat(),
        "until": upper.isoformat() if upper else None,
    }


_POINTING = "SELECT {pk}::text FROM {table} WHERE {column} = %s AND {where} ORDER BY 1"
_REPOINT = """
UPDATE {table} SET {column} = %s WHERE {column} = %s AND {where}
   AND (%s::text[] IS NULL OR {pk}::text = ANY (%s::text[])) RETURNING {pk}::text
"""


def _statement(text: str, pointer: pointers.Pointer) -> sql.Composed:
    return sql.SQL(text).format(
        table=sql.Identifier(pointer.table),
        column=sql.Identifier(pointer.column),
        pk=sql.Identifier(pointer.pk),
        where=sql.SQL(pointer.where),  # a literal of the code
    )


def _pointing(pointer: pointers.Pointer, person_id: UUID) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_statement(_POINTING, pointer), [person_id])
        return [row[0] for row in cursor.fetchall()]


def _repoint(
    pointer: pointers.Pointer, before: UUID, after: UUID, pks: list[str] | None = None
) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_statement(_REPOINT, pointer), [after, before, pks, pks])
        return sorted(row[0] for row in cursor.fetchall())


def count_pointing(person_id: UUID) -> dict[str, int]:
    """Return how many rows of which tables point at a person, for the preview of a merge."""
    found: dict[str, int] = {}
    with wall.lifted():  # counts alone
        for pointer in pointers.pointers():
            if rows := len(_pointing(pointer, person_id)):
                found[pointer.table] = found.get(pointer.table, 0) + rows
    return found


def _rows_back(kept: Person, gone: Person, step: dict[str, Any]) -> None:
    pointer = pointers.Pointer(step["table"], step["column"], step["pk"])
    _repoint(pointer, kept.pk, gone.pk, step["pks"])


def _records_back(kept: Person, gone: Person, step: dict[str, Any]) -> None:
    """Give records back; what `kept` says of the kind is then what it said before: nothing."""
    PersonRecord.objects.filter(pk__in=step["made"], person=kept).delete()
    PersonRecord.objects.filter(pk__in=step["pks"], person=kept).update(person=gone)
    if projecting.believed(kept, step["kind"]):
        return
    if step["kind"] == register.HOME:
        Residency.objects.filter(person=kept).delete()
    elif step["kind"] == register.PHONE:
        kept.phone_sealed = None
    elif step["kind"] == register.CARE_LEVEL:
        kept.care_level = None


def _residencies_back(kept: Person, gone: Person, step: dict[str, Any]) -> None:
    Residency.objects.bulk_create(
        Residency(
            id=UUID(row["id"]),
            person=gone,
            home_id=UUID(row["home"]),
            room_id=UUID(row["room"]) if row["room"] else None,
            period=DateTimeTZRange(
                datetime.fromisoformat(row["since"]),
                datetime.fromisoformat(row["until"]) if row["until"] else None,
            ),
        )
        for row in step["rows"]
    )


_BACK = {"rows": _rows_back, "records": _records_back, "residencies": _residencies_back}
