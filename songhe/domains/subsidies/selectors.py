"""Reading programmes and entitlements, actor first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import get_language

from songhe.base.access import policies
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.audit import services as audit
from songhe.domains.people import selectors as people
from songhe.domains.subsidies import purses
from songhe.domains.subsidies.models import Entitlement, Programme
from songhe.domains.subsidies.purses import Purse
from songhe.domains.subsidies.terms import KEEP, VIEW, EntitlementState
from songhe.kernel.errors import NotFound

IN_USE = (EntitlementState.GRANTED, EntitlementState.ACTIVE)


class NoSuchEntitlement(NotFound):
    code = "subsidies.no_such_entitlement"
    message = "This entitlement does not exist, or is not open to you."


class NoSuchProgramme(NotFound):
    code = "subsidies.no_such_programme"
    message = "There is no such programme in force on that day."


@dataclass(frozen=True, slots=True)
class ProgrammeView:
    """A programme as it is in force on a day. Amounts in fen, shares in percent."""

    code: str
    payer: str
    name_zh: str
    name_en: str
    funder_id: UUID
    region_prefix: str
    item_kinds: tuple[str, ...]
    share_pct: int | None
    fixed_fen: int | None
    cap_fen: int | None
    cap_visits: int | None
    least_age: int | None
    least_level: int | None
    source: str
    status: str

    @property
    def name(self) -> str:
        """Return the name in the reader's language."""
        return self.name_en if (get_language() or "zh").startswith("en") else self.name_zh


@dataclass(frozen=True, slots=True)
class EntitlementLine:
    """An entitlement with what is left of the month; None where there is no such limit.

    until: the first day on which it does not hold any more.
    """

    id: UUID
    person_id: UUID
    programme: ProgrammeView
    state: str
    since: date
    until: date | None
    ability_level: int | None
    cap_fen: int | None
    left_fen: int | None
    cap_visits: int | None
    left_visits: int | None
    given_at: datetime
    given_by_name: str


def _view(row: Programme) -> ProgrammeView:
    return ProgrammeView(
        code=row.code,
        payer=row.payer,
        name_zh=row.name_zh,
        name_en=row.name_en,
        funder_id=row.funder_id,
        region_prefix=row.region_prefix,
        item_kinds=tuple(row.item_kinds),
        share_pct=row.share_pct,
        fixed_fen=row.fixed_fen,
        cap_fen=row.cap_fen,
        cap_visits=row.cap_visits,
        least_age=row.least_age,
        least_level=row.least_level,
        source=row.source,
        status=row.status,
    )


def programmes(on: date, *, region: str = "") -> list[ProgrammeView]:
    """Return the programmes in force on a day, in the order in which they pay; 1 query.

    region: those of this region alone, where one is given.
    """
    rows = Programme.objects.filter(period__contains=on).order_by("rank", "code")
    return [_view(row) for row in rows if not region or region.startswith(row.region_prefix)]


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule of a programme. until: the first day without it, None where none is known."""

    programme: ProgrammeView
    rank: int
    since: date
    until: date | None
    made_at: datetime


def rules_of(code: str) -> list[RuleLine]:
    """Return every rule that a programme has, had or will have, the newest first; 1 query."""
    rows = Programme.objects.filter(code=code).order_by("-period")
    return [
        RuleLine(_view(row), row.rank, row.period.lower, row.period.upper, row.made_at)
        for row in rows
    ]


def coming(on: date) -> list[RuleLine]:
    """Return the rules that begin after a day, the next first; 1 query."""
    rows = Programme.objects.filter(period__startswith__gt=on).order_by("period", "rank")
    return [
        RuleLine(_view(row), row.rank, row.period.lower, row.period.upper, row.made_at)
        for row in rows
    ]


def programmes_by_code(codes: Iterable[str]) -> dict[str, ProgrammeView]:
    """Return programmes by code, each as it was last in force; 1 query."""
    rows = Programme.objects.filter(code__in=set(codes)).order_by("period")
    return {row.code: _view(row) for row in rows}


def in_force(code: str, on: date) -> Programme:
    """Return a programme's rule on a day. Raises NoSuchProgramme."""
    row = Programme.objects.filter(code=code, period__contains=on).first()
    if row is None:
        raise NoSuchProgramme(field="programme")
    return row


def entitled(person_id: UUID, on: date, *, item_kind: str = "") -> list[Purse]:
    """Return what a person is entitled to on a day, in the order in which programmes pay.

    What was given under an id that was merged into hers counts, once a programme. For services
    that know why they ask; 3 queries.
    """
    view = people.person_views(SYSTEM, [person_id]).get(person_id)
    ids = view.ids if view else [person_id]
    given = Entitlement.objects.filter(person__in=ids, state__in=IN_USE, period__contains=on)
    rows = {row.programme: row for row in sorted(given, key=lambda row: row.person_id == person_id)}
    rules = Programme.objects.filter(code__in=rows, period__contains=on).order_by("rank", "code")
    if item_kind:
        rules = rules.filter(item_kinds__contains=[item_kind])
    return [Purse(rule, rows[rule.code]) for rule in rules]


def _open(actor: Actor, action: str) -> QuerySet[Entitlement]:
    return policies.scope(actor, Entitlement.objects.all(), action)


def entitlements_of(
    actor: Actor, person: people.PersonView, *, on: date, at: datetime
) -> list[EntitlementLine]:
    """Return a person's entitlements, the standing ones first, with what is left of the month.

    The read is audited; 5 queries. Nothing where her money is not open to the actor.
    """
    if "finance" not in person.fields:
        return []
    rows = list(_open(actor, VIEW).filter(person__in=person.ids).order_by("-period"))
    audit.record_reads(actor=actor, action=VIEW, refs=[f"people.Person/{person.id}"], at=at)
    rules: dict[str, Programme] = {}
    codes = {row.programme for row in rows}
    for rule in Programme.objects.filter(code__in=codes).order_by("period"):
        if rule.code not in rules or rule.period.lower <= on:
            rules[rule.code] = rule
    left = purses.left([Purse(rules[row.programme], row) for row in rows], on)
    lines = [_line(row, rules[row.programme], left[row.pk]) for row in rows]
    return sorted(
        lines, key=lambda one: (one.state == EntitlementState.ENDED, -one.since.toordinal())
    )


def _line(
    row: Entitlement, rule: Programme, left: tuple[int | None, int | None]
) -> EntitlementLine:
    purse = Purse(rule, row)
    return EntitlementLine(
        id=row.pk,
        person_id=row.person_id,
        programme=_view(rule),
        state=row.state,
        since=row.period.lower,
        until=row.period.upper,
        ability_level=row.ability_level,
        cap_fen=purse.cap_fen,
        left_fen=left[0],
        cap_visits=purse.cap_visits,
        left_visits=left[1],
        given_at=row.given_at,
        given_by_name=row.given_by_name,
    )


def person_of(actor: Actor, entitlement_id: UUID, *, action: str = KEEP) -> UUID:
    """Return whose entitlement it is. Raises NoSuchEntitlement."""
    row = _open(actor, action).filter(pk=entitlement_id).values_list("person", flat=True).first()
    if row is None:
        raise NoSuchEntitlement
    return row


def may_keep(actor: Actor, region_code: str) -> bool:
    """Tell whether an actor may give, pause and end entitlements of who lives in a region."""
    return actor.covers(KEEP, region_code) and "finance" in actor.fields_in(region_code)


def can_be_given(actor: Actor, person_id: UUID, *, on: date) -> list[ProgrammeView]:
    """Return the programmes of her region that a person does not have yet."""
    person = people.choose_person(actor, people.VIEW, person_id)
    has = set(
        Entitlement.objects.filter(person=person_id)
        .exclude(state=EntitlementState.ENDED)
        .values_list("programme", flat=True)
    )
    return [one for one in programmes(on, region=person.region_code) if one.code not in has]
