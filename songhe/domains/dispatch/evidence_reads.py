"""Sampling visits by how far their records bear them out, for who supervises."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import CharField, F, QuerySet, Value
from django.db.models.functions import MD5, Cast, Concat
from django.utils.translation import gettext as _

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.domains.dispatch import terms
from songhe.domains.dispatch.models import Visit
from songhe.domains.dispatch.selectors import NoSuchOrder
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView

DRAWN = 10
WORST, NEWEST = "score", "-ended"
_SORTS = {WORST: ("evidence__score", "-ended_at"), NEWEST: ("-ended_at",)}


@dataclass(frozen=True, slots=True)
class Line:
    """One visit that is over, with what speaks against it."""

    visit: Visit
    person: PersonView | None

    @property
    def score(self) -> int | None:
        found = getattr(self.visit, "evidence", None)
        return found.score if found is not None else None

    @property
    def reasons(self) -> list[str]:
        """Return what speaks against the visit, in words."""
        found = getattr(self.visit, "evidence", None)
        return [words_of(one) for one in found.reasons] if found else []

    @property
    def rules(self) -> str:
        """Return of when the rules are by which it was judged, such as 2026-11."""
        found = getattr(self.visit, "evidence", None)
        return found.rules.partition("@")[2] if found is not None else ""

    @property
    def fields(self) -> frozenset[str]:
        """Return the classes of fields of whom it was for that are open."""
        return self.person.fields if self.person is not None else frozenset()

    @property
    def shows_notes(self) -> bool:
        """Tell whether notes, photographs and spoken words of the visit are open."""
        return "notes" in self.fields

    @property
    def dwell(self) -> timedelta | None:
        """Return how long the worker was there."""
        begin = self.visit.arrived_at or self.visit.began_at
        return self.visit.ended_at - begin if begin and self.visit.ended_at else None


@dataclass(frozen=True, slots=True)
class Pair:
    """A photograph, and one that it is like: of which visit (None: not hers to see).

    is_open: whether the actor may see both.
    """

    file: str
    like: str
    before: Visit | None
    is_open: bool


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that speaks against a visit: in words, with the points that it takes.

    other: the visit beside which it shows, None where there is none or it is not hers to see.
    entered: when the records were made on the phone, where that is the doubt.
    """

    said: str
    takes: int
    other: Visit | None
    entered: datetime | None
    pairs: tuple[Pair, ...]


def words_of(reason: dict[str, Any]) -> str:
    """Return a reason in words."""
    if reason["code"] == "back_filled" and reason["seconds"] < 60:
        return _("Everything of a visit of %(minutes)d minutes was entered at one go") % reason
    return _TEXTS[reason["code"]]() % reason


_TEXTS = {
    "no_place": lambda: _("Nothing shows that the worker stood at the door"),
    "far": lambda: _("Arrival told %(m)d m from the home, without a reason"),
    "far_explained": lambda: _("Arrival told %(m)d m from the home, with a reason"),
    "wrong_code": lambda: _("A wrong code was shown at the door"),
    "short": lambda: _("There for %(minutes)d minutes of the %(item_minutes)d that it takes"),
    "overlap": lambda: _("At another visit at the same time for %(minutes)d minutes"),
    "travel": lambda: _("%(km)s km from the visit before, and only %(minutes)s minutes between"),
    "reused_photo": lambda: _("%(n)d photograph(s) used for another visit or step too"),
    "back_filled": lambda: _("A visit of %(minutes)d minutes was entered within %(seconds)d s"),
    "fewer": lambda: _("Done by %(n)d of %(needed)d workers"),
    "late_told": lambda: _("Reached us %(hours)d hours later"),
    "missing_step": lambda: _("%(n)d required step(s) without proof"),
}


def sampled(
    actor: Actor,
    *,
    organization_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    below: int | None = None,
    sort: str = WORST,
) -> QuerySet[Visit]:
    """Return visits that are over where the actor samples, the most doubtful first.

    below: only with a score under this. since, until: of the end, half-open.
    """
    rows = Visit.objects.filter(state="done", ended_at__isnull=False)
    rows = policies.scope(actor, rows, terms.SAMPLE)
    if organization_id is not None:
        rows = rows.filter(order__organization=organization_id)
    if since is not None:
        rows = rows.filter(ended_at__gte=since)
    if until is not None:
        rows = rows.filter(ended_at__lt=until)
    if below is not None:
        rows = rows.filter(evidence__score__lt=below)
    first, *rest = _SORTS.get(sort, _SORTS[WORST])
    order = F("evidence__score").asc(nulls_last=True) if first == "evidence__score" else first
    return rows.select_related("order__organization", "order__item", "evidence", "worker").order_by(
        order, *rest, "id"
    )


def points_of(actor: Actor, line: Line) -> list[Point]:
    """Return what speaks against a visit that was opened to the actor, beside which others.

    2 queries where it is something beside another visit, else none.
    """
    found = getattr(line.visit, "evidence", None)
    if found is None:
        return []
    ids = {one.get("other") for one in found.reasons}
    ids |= {pair["visit"] for one in found.reasons for pair in one.get("pairs", ())}
    some = lines(actor, sampled(actor).filter(pk__in=ids - {None})) if ids - {None} else []
    others = {str(one.visit.pk): one for one in [*some, line]}

    def visit_of(pk: str | None) -> Visit | None:
        return others[pk].visit if pk in others else None

    def pair_of(pair: dict[str, str]) -> Pair:
        seen = [line, others.get(pair["visit"])]
        is_open = all(one is not None and one.shows_notes for one in seen)
        return Pair(pair["file"], pair["like"], visit_of(pair["visit"]), is_open)

    return [
        Point(
            words_of(one),
            one["takes"],
            visit_of(one.get("other")),
            datetime.fromisoformat(one["entered"]) if "entered" in one else None,
            tuple(pair_of(pair) for pair in one.get("pairs", ())),
        )
        for one in found.reasons
    ]


def drawn(rows: QuerySet[Visit], seed: str) -> QuerySet[Visit]:
    """Return DRAWN of some visits by chance: the same seed draws the same of the same visits."""
    return rows.order_by(MD5(Concat(Value(seed), Cast("pk", CharField()))))[:DRAWN]


def lines(actor: Actor, visits: Iterable[Visit]) -> list[Line]:
    """Return visits as lines, the person masked as the actor's roles and purposes say; 1 query."""
    rows = list(visits)
    persons = people.person_views(actor, [row.order.person_id for row in rows])
    return [Line(row, persons.get(row.order.person_id)) for row in rows]


def one(actor: Actor, visit_id: UUID, *, at: datetime) -> Line:
    """Return one visit; the look is audited. Raises NoSuchOrder."""
    found = sampled(actor).filter(pk=visit_id).first()
    if found is None:
        raise NoSuchOrder
    refs = [f"dispatch.Visit/{found.pk}", f"people.Person/{found.order.person_id}"]
    audit.record_reads(actor=actor, action=terms.SAMPLE, refs=refs, at=at)
    return lines(actor, [found])[0]
