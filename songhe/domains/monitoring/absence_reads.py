"""Reading absences: who is away now, what rules must know of it, what calls for a look."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from songhe.base import vault
from songhe.base.access.actor import Actor
from songhe.domains.monitoring.models import Absence, AbsenceEntry
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView
from songhe.domains.telemetry import selectors as telemetry
from songhe.kernel.detectors.rules import catalogue
from songhe.kernel.errors import NotFound
from songhe.kernel.time import to_us

VIEW = "monitoring.view_absences"
KEEP = "monitoring.keep_absences"
KEPT_FOR_RULES = timedelta(days=92)  # older readings are not accepted any more
OPEN_END_US = 253_402_300_799_000_000  # the end of the year 9999: nobody knows when
SOON = timedelta(hours=24)
SETTLES = timedelta(hours=1)  # whoever leaves or brings something may move about this long
LOOKS_BACK = timedelta(days=2)
AT_HOME = frozenset({"motion", "bed", "item-use"})


class NoSuchAbsence(NotFound):
    code = "monitoring.no_such_absence"
    message = "There is no such absence, or it is not open to you."


@dataclass(frozen=True, slots=True)
class AbsenceView:
    """An absence as the actor may see it; place, contact and note are empty where not open."""

    id: UUID
    person_id: UUID
    kind: str
    since: datetime
    until: datetime | None
    place: str
    contact_name: str
    contact_phone: str | None
    note: str
    told_by: str
    made_at: datetime
    is_withdrawn: bool

    def holds(self, at: datetime) -> bool:
        """Tell whether the person is away at a moment."""
        begun = not self.is_withdrawn and self.since <= at
        return begun and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a person's absences stand: the one now, the next, and what calls for a look.

    seen_at: when sensors last saw somebody at home although nobody should be there. ends_soon:
    the one now ends within a day. over: one that ran out within two days without a sign of her.
    """

    now: AbsenceView | None
    next: AbsenceView | None
    seen_at: datetime | None
    ends_soon: bool
    over: AbsenceView | None


def periods_for_rules(person_id: UUID, *, at: datetime) -> list[list[int]]:
    """Return the fact `away` of `kernel.wire.RuleScope`: [from, to) in epoch microseconds."""
    rows = Absence.objects.filter(person=person_id, withdrawn_at=None).filter(
        Q(period__endswith=None) | Q(period__endswith__gt=at - KEPT_FOR_RULES)
    )
    return [
        [to_us(row.period.lower),
         OPEN_END_US if row.period.upper is None else to_us(row.period.upper)]
        for row in rows.order_by("period")
    ]  # fmt: skip


def away_now(person_ids: Iterable[UUID], *, at: datetime) -> dict[UUID, Absence]:
    """Return who of these persons is away at a moment; 1 query. The caller has narrowed them."""
    wanted = [pk for pk in person_ids if pk is not None]
    if not wanted:
        return {}
    rows = Absence.objects.filter(person__in=wanted, withdrawn_at=None, period__contains=at)
    return {row.person_id: row for row in rows}


def suspends(rule: str) -> bool:
    """Tell whether a rule holds still while its person is away."""
    row = catalogue().rules.get(rule)
    return row is not None and row.away == "suspend"


def is_open_to(actor: Actor, person: PersonView) -> bool:
    """Tell whether the actor may know that a person is away."""
    return actor.may(VIEW) and bool({"home", "health"} & person.fields)


def may_keep(actor: Actor, person: PersonView) -> bool:
    """Tell whether the actor may enter and end absences of a person."""
    return actor.may(KEEP) and is_open_to(actor, person)


def absences_of(actor: Actor, person: PersonView) -> list[AbsenceView]:
    """Return a person's absences, newest first; [] where they are not open."""
    if not is_open_to(actor, person):
        return []
    rows = Absence.objects.filter(person=person.id).order_by("-period", "-made_at")
    return [_view(row, person) for row in rows[:100]]


def get_absence(actor: Actor, absence_id: UUID, *, at: datetime) -> tuple[AbsenceView, PersonView]:
    """Return one absence with its person; the look is audited. Raises NoSuchAbsence."""
    row = Absence.objects.filter(pk=absence_id).first()
    if row is None:
        raise NoSuchAbsence
    try:
        person = people.get_person(actor, row.person_id, at=at)
    except people.NoSuchPerson:
        raise NoSuchAbsence from None
    if not is_open_to(actor, person):
        raise NoSuchAbsence
    return _view(row, person), person


def _view(row: Absence, person: PersonView) -> AbsenceView:
    open_here = "contact" in person.fields
    phone = None
    if open_here and row.contact_phone_sealed is not None:
        phone = vault.unseal(
            row.contact_phone_sealed, field="monitoring.Absence.contact_phone", pk=row.pk
        )
    return AbsenceView(
        id=row.pk,
        person_id=row.person_id,
        kind=row.kind,
        since=row.period.lower,
        until=row.period.upper,
        place=row.place if open_here else "",
        contact_name=row.contact_name if open_here else "",
        contact_phone=phone,
        note=row.note if open_here else "",
        told_by=row.told_by,
        made_at=row.made_at,
        is_withdrawn=row.withdrawn_at is not None,
    )


def entries_of(absences: Iterable[AbsenceView]) -> dict[UUID, list[AbsenceEntry]]:
    """Return what was done with absences, oldest first; 1 query."""
    found: dict[UUID, list[AbsenceEntry]] = {}
    for entry in AbsenceEntry.objects.filter(absence__in=[one.id for one in absences]):
        found.setdefault(entry.absence_id, []).append(entry)
    return found


def standing(actor: Actor, person: PersonView, *, at: datetime) -> Standing:
    """Return how a person's absences stand and what calls for a look."""
    known = [one for one in absences_of(actor, person) if not one.is_withdrawn]
    now = next((one for one in known if one.holds(at)), None)
    later = sorted((one for one in known if one.since > at), key=lambda one: one.since)
    over = None
    seen_at = None
    if now is not None:
        seen_at = somebody_seen(actor, person, now, at=at)
    else:
        ended = [one for one in known if one.until and at - LOOKS_BACK <= one.until <= at]
        last = max(ended, key=lambda one: one.until or at, default=None)
        if last is not None and last.until is not None and at - last.until >= SETTLES:
            seen = _last_sign(actor, person, last.until, at)
            over = last if seen is None else None
    ends_soon = now is not None and now.until is not None and now.until - at <= SOON
    return Standing(now, later[0] if later else None, seen_at, ends_soon, over)


def somebody_seen(
    actor: Actor, person: PersonView, absence: AbsenceView, *, at: datetime
) -> datetime | None:
    """Return when sensors last saw somebody in the home of one who is away; None for nobody.

    Whoever lives with her and is not away himself is no sign.
    """
    home = people.home_of(person.id, at=at)
    if home is None or home.is_institution:
        return None
    living = people.residents_by_home([home.pk], at=at).get(home.pk, [])
    if set(living) - set(away_now(living, at=at)):
        return None
    return _last_sign(actor, person, max(absence.since + SETTLES, at - LOOKS_BACK), at)


def _last_sign(actor: Actor, person: PersonView, since: datetime, at: datetime) -> datetime | None:
    home = people.home_of(person.id, at=at)
    if home is None or since >= at:
        return None
    rooms = telemetry.home_events(actor, person, home.pk, since, at)
    return max(
        (event.at for events in rooms.values() for event in events
         if event.code.key in AT_HOME and event.value >= 0.5),
        default=None,
    )  # fmt: skip
