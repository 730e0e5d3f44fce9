"""Reading what a merge would do, and what it did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.domains.people import register, register_reads
from songhe.domains.people.models import Person, PersonMerge
from songhe.domains.people.selectors import NoSuchPerson, PersonView, view_of
from songhe.domains.people.services import merging, pointers

MERGE = merging.MERGE


@dataclass(frozen=True, slots=True)
class Compared:
    """One kind of fact of both: what stays. filled: the duplicate's is taken over."""

    label: str
    kept: str
    gone: str
    is_filled: bool
    differs: bool


@dataclass(frozen=True, slots=True)
class Preview:
    kept: PersonView
    gone: PersonView
    rows: list[Compared]
    moves: list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Made:
    """A merge that was made, in words. stayed: what a rule of the register forbade to move."""

    merge: PersonMerge
    kept: PersonView
    gone: PersonView
    moves: list[tuple[str, int]]
    stayed: list[tuple[str, int]]


def person_to_merge(actor: Actor, person_id: UUID) -> PersonView:
    """Return a person whom the actor may merge. Raises NoSuchPerson."""
    row = policies.scope(actor, Person.objects.filter(merged_into=None), MERGE)
    found = row.filter(pk=person_id).first()
    if found is None:
        raise NoSuchPerson
    return view_of(actor, found)


def preview(actor: Actor, kept_id: UUID, gone_id: UUID, *, at: datetime) -> Preview:
    """Return both side by side, what is kept and what moves. Raises NoSuchPerson."""
    if kept_id == gone_id:
        raise NoSuchPerson
    both = [person_to_merge(actor, pk) for pk in (kept_id, gone_id)]
    said = [register_reads.register_of(actor, one.id, at=at) for one in both]
    born = [str(one.birth_on or "") for one in both]
    rows = [Compared(_("Birth date"), born[0], born[1], False, born[0] != born[1])]
    for code, course in said[0].items():
        left, right = (_words(found[code]) for found in said)
        if left or right:
            filled = not left and code in merging.FILLED
            kept = right if filled else left
            rows.append(
                Compared(str(course.kind.label), kept, right, filled, bool(left) and left != right)
            )
    counts = merging.count_pointing(gone_id)
    return Preview(both[0], both[1], rows, _moves(counts))


def _words(course: register_reads.Course) -> str:
    return course.current.words if course.current is not None else ""


def _moves(counts: dict[str, int]) -> list[tuple[str, int]]:
    found: dict[str, int] = {}
    for table, count in counts.items():
        label = str(pointers.words_of(table) or _("other entries"))
        found[label] = found.get(label, 0) + count
    return sorted(found.items())


def get_merge(actor: Actor, merge_id: UUID) -> Made:
    """Return a merge whose persons the actor may merge. Raises NoSuchMerge."""
    merge = PersonMerge.objects.filter(pk=merge_id).select_related("kept", "gone").first()
    if merge is None:
        raise merging.NoSuchMerge
    ids = [merge.kept_id, merge.gone_id]
    if policies.scope(actor, Person.objects.filter(pk__in=ids), MERGE).count() != 2:
        raise merging.NoSuchMerge
    moved: dict[str, int] = {}
    for step in merge.moved:
        if step["what"] == "rows":
            moved[step["table"]] = moved.get(step["table"], 0) + len(step["pks"])
    rows = _moves(moved)
    rows += [
        (str(register.kinds()[step["kind"]].label), len(step["pks"]))
        for step in merge.moved
        if step["what"] == "records"
    ]
    stayed = _moves({step["table"]: len(step["pks"]) for step in merge.stayed})
    views = [view_of(actor, one) for one in (merge.kept, merge.gone)]
    return Made(merge, views[0], views[1], rows, stayed)


def merges_of(actor: Actor, person_id: UUID) -> list[Any]:
    """Return the merges into a person that hold, for her page."""
    if not actor.may(MERGE):
        return []
    rows = PersonMerge.objects.filter(kept=person_id, undone_at=None)
    return list(rows.order_by("-made_at").values("pk", "made_at"))
