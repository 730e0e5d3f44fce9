"""Reading alarms, actor first: the desk's list, one alarm with its evidence, scores of rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Case, CharField, Q, QuerySet, Value, When
from django.db.models.functions import Cast, Concat

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.base.outside import services as outside
from songhe.base.outside.models import OutsideMessage
from songhe.base.regions import selectors as regions
from songhe.domains.monitoring import absence_reads, words
from songhe.domains.monitoring.models import Absence, Alarm, AlarmEntry, Finding, RuleOverride
from songhe.domains.monitoring.own_alarms import OwnAlarm as OwnAlarm
from songhe.domains.monitoring.own_alarms import own_alarms as own_alarms
from songhe.domains.monitoring.own_calls import CallState as CallState
from songhe.domains.monitoring.own_calls import OwnCall as OwnCall
from songhe.domains.monitoring.own_calls import own_call as own_call
from songhe.domains.monitoring.platform import platform_alarms as platform_alarms
from songhe.domains.monitoring.platform import platform_troubles as platform_troubles
from songhe.domains.monitoring.recent_reads import NightExits as NightExits
from songhe.domains.monitoring.recent_reads import absences_near as absences_near
from songhe.domains.monitoring.recent_reads import night_exits as night_exits
from songhe.domains.monitoring.rule_scores import RuleScore as RuleScore
from songhe.domains.monitoring.rule_scores import home_scores as home_scores
from songhe.domains.monitoring.rule_scores import scores as scores
from songhe.domains.monitoring.terms import PLATFORM_REGION
from songhe.domains.monitoring.words import rule_name as rule_name
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView
from songhe.engines.alarms.terms import OPEN_STATES, Priority, State
from songhe.kernel.errors import NotFound
from songhe.kernel.wire import EvidenceKey

VIEW = "monitoring.view_alarm"
LIST = "monitoring.list_alarms"
MESSAGES = "outside.view_messages"


class NoSuchAlarm(NotFound):
    code = "monitoring.no_such_alarm"
    message = "This alarm does not exist, or is not open to you."


@dataclass(frozen=True, slots=True)
class AlarmLine:
    """An alarm in the list. Persons are as the actor may see them; place is community and address.

    household: who lives in the home when the trouble is the home's and not one person's.
    absence: where the person is when she is away now, and may be known to be.
    """

    alarm: Alarm
    title: str
    person: PersonView | None
    place: str
    last: AlarmEntry | None
    household: tuple[PersonView, ...] = ()
    absence: Absence | None = None

    @property
    def persons(self) -> tuple[PersonView, ...]:
        """Return whom it is about: the person, or who lives in the home."""
        return self.household if self.person is None else (self.person,)


@dataclass(frozen=True, slots=True)
class EvidenceLink:
    """A finding of an alarm with the keys of the stored readings on which it rests."""

    finding: Finding
    why: str
    keys: list[EvidenceKey]


_HEAD = "monitoring.Alarm/"
_WAITS = Case(
    When(state=State.UNACKNOWLEDGED, then=0), When(state=State.RETURNED, then=1), default=2
)


def open_alarms(actor: Actor) -> QuerySet[Alarm]:
    """Return the open alarms the actor may list: worst first, then who waits, then the newest.

    Of one priority those that nobody has stand above those that somebody has, and those that are
    back to normal between them. Members of incidents are
    left out, and the platform's own: those are on its page.
    """
    rows = policies.scope(actor, Alarm.objects.all(), LIST).exclude(region_code=PLATFORM_REGION)
    return (
        rows.filter(state__in=OPEN_STATES, incident=None)
        .select_related(
            "home",
            "room",
            "device",
            "organization",
            "organization__next_organization",
            "acknowledged_by",
            "assigned_to",
        )
        .order_by("priority_rank", _WAITS, "-raised_at", "-id")
    )


def lines(actor: Actor, alarms: Iterable[Alarm]) -> list[AlarmLine]:
    """Return alarms as lines of a list: households, persons, places, absences, in 5 queries."""
    rows = list(alarms)
    shared = {row.home_id: row.raised_at for row in rows if row.home_id and _is_of_a_household(row)}
    living = people.residents_by_home(shared, at=max(shared.values())) if shared else {}
    wanted = [row.person_id for row in rows if row.person_id]
    persons = people.person_views(actor, [*wanted, *(pk for pks in living.values() for pk in pks)])
    names = regions.names(sorted({row.region_code for row in rows}))
    entries = AlarmEntry.objects.filter(alarm__in=[row.pk for row in rows])
    last: dict[UUID, AlarmEntry] = {
        entry.alarm_id: entry for entry in entries.order_by("alarm", "-at", "-id").distinct("alarm")
    }
    away = absence_reads.away_now(persons, at=actor.at) if actor.at is not None else {}
    return [
        AlarmLine(
            alarm=row,
            absence=away.get(row.person_id) if row.person_id else None,
            title=words.title(row),
            person=persons.get(row.person_id) if row.person_id else None,
            place=_place(names.get(row.region_code, ""), row),
            last=last.get(row.pk),
            household=tuple(
                persons[pk]
                for pk in living.get(row.home_id or row.pk, ())
                if _is_of_a_household(row)
            ),
        )
        for row in rows
    ]


def _is_of_a_household(row: Alarm) -> bool:
    return (
        row.person_id is None
        and row.home is not None
        and not row.home.is_institution
        and not row.is_storm
    )


def _place(community: str, row: Alarm) -> str:
    """Return community and address; the community once where the address begins with it."""
    address = row.home.address if row.home and not row.is_storm else ""
    if address.startswith(community):
        return address or community
    return f"{community} {address}".strip()


def get_alarm(actor: Actor, alarm_id: UUID) -> Alarm:
    """Return one alarm; raises NoSuchAlarm outside the scope."""
    rows = policies.scope(actor, Alarm.objects.all(), VIEW).select_related(
        "home",
        "room",
        "device",
        "organization",
        "organization__next_organization",
        "acknowledged_by",
        "assigned_to",
        "incident",
    )
    alarm = rows.filter(pk=alarm_id).first()
    if alarm is None:
        raise NoSuchAlarm
    return alarm


def open_alarm(actor: Actor, alarm_id: UUID, *, at: datetime) -> AlarmLine:
    """Return one alarm for a page that opens it; reading the person is audited.

    Raises NoSuchAlarm outside the scope.
    """
    [line] = lines(actor, [get_alarm(actor, alarm_id)])
    refs = [f"people.Person/{person.id}" for person in line.persons if person.fields]
    if refs:
        audit.record_reads(actor=actor, action=VIEW, refs=refs, at=at)
    return line


@dataclass(frozen=True, slots=True)
class Search:
    """What the history is narrowed by; empty is everything. Days are half-open [since, until)."""

    since: datetime | None = None
    until: datetime | None = None
    rule: str = ""
    priority: str = ""
    state: str = ""
    outcome: str = ""
    region: str = ""
    person: UUID | None = None


def history(actor: Actor, search: Search, *, sort: str = "-raised") -> QuerySet[Alarm]:
    """Return the alarms the actor may list that fit a search, members of incidents included."""
    rows = policies.scope(actor, Alarm.objects.all(), LIST)
    if search.since:
        rows = rows.filter(raised_at__gte=search.since)
    if search.until:
        rows = rows.filter(raised_at__lt=search.until)
    if search.state:
        rows = (
            rows.exclude(state=State.RESOLVED)
            if search.state == "open"
            else rows.filter(state=search.state)
        )
    if search.region:
        rows = rows.filter(region_code__startswith=search.region)
    exact = {
        "rule": search.rule,
        "priority": search.priority,
        "outcome": search.outcome,
        "person": search.person,
    }
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    order = {"raised": "raised_at", "priority": "priority_rank"}[sort.removeprefix("-")]
    return rows.select_related(
        "home", "room", "device", "organization", "acknowledged_by", "assigned_to", "resolved_by"
    ).order_by(f"-{order}" if sort.startswith("-") else order, "-raised_at", "-id")


def rang(refs: Iterable[str]) -> dict[str, tuple[str, datetime]]:
    """Return the priority of alarms and when they rang first, by reference
    (`monitoring.Alarm/<id>`); 1 query, 0 for none.

    For rows that rest on an alarm and were narrowed already; other references are left out.
    """
    rows = _of_refs(refs).only("priority", "raised_at")
    return {f"{_HEAD}{row.pk}": (row.priority, row.raised_at) for row in rows}


def titles(refs: Iterable[str]) -> dict[str, list[str]]:
    """Return what rang, and in which room, by reference (`monitoring.Alarm/<id>`); 1 query.

    For rows that rest on an alarm and were narrowed already; other references are left out.
    """
    return {
        f"{_HEAD}{row.pk}": [words.title(row), *([row.room.name] if row.room else [])]
        for row in _of_refs(refs).select_related("room", "device")
    }


def _of_refs(refs: Iterable[str]) -> QuerySet[Alarm]:
    ids = [ref.removeprefix(_HEAD) for ref in refs if ref.startswith(_HEAD)]
    return Alarm.objects.filter(pk__in=ids)  # of nothing, nothing is asked


def spots(actor: Actor) -> dict[str, dict[str, tuple[int, bool]]]:
    """Return open alarms by region code and priority: how many, and whether one is untaken."""
    found: dict[str, dict[str, tuple[int, bool]]] = {}
    rows = open_alarms(actor).order_by().values_list("region_code", "priority", "state")
    for region, priority, state in rows:
        here = found.setdefault(region, {})
        count, untaken = here.get(priority, (0, False))
        here[priority] = (count + 1, untaken or state == State.UNACKNOWLEDGED)
    return found


def messages(actor: Actor) -> QuerySet[OutsideMessage]:
    """Return the messages that left, for who may view them, newest first.

    Those about alarms of the actor's regions. Codes to sign in as well where no message really
    leaves: a real code is read by nobody but who gets it.
    """
    rows = policies.scope(actor, Alarm.objects.all(), MESSAGES)
    refs = rows.annotate(ref=Concat(Value(_HEAD), Cast("pk", CharField()))).values("ref")
    shown = Q(ref__in=refs)
    if actor.may(MESSAGES) and outside.is_fake():
        shown |= Q(ref__startswith="accounts.User/")
    return OutsideMessage.objects.filter(shown).order_by("-sent_at", "-id")


def course_of(alarm: Alarm) -> list[AlarmEntry]:
    """Return an alarm's course, oldest first."""
    return list(AlarmEntry.objects.filter(alarm=alarm))


def evidence_of(alarm: Alarm) -> list[EvidenceLink]:
    """Return the findings of an alarm with their evidence, newest first."""
    rows = Finding.objects.filter(pk__in=alarm.finding_links.values("finding"))
    return [
        EvidenceLink(
            finding=row,
            why=words.why(row),
            keys=[
                EvidenceKey(
                    UUID(key["subject"]), UUID(key["device"]), key["at_us"], key["fingerprint"]
                )
                for key in row.evidence
            ],
        )
        for row in rows.order_by("-onset_at", "-decided_at")
    ]


def members_of(actor: Actor, alarm: Alarm) -> list[AlarmLine]:
    """Return the alarms that an incident joins."""
    rows = Alarm.objects.filter(incident=alarm).select_related(
        "home", "room", "device", "organization", "acknowledged_by", "assigned_to"
    )
    return lines(actor, rows.order_by("raised_at"))


def alarms_of_person(actor: Actor, person_id: UUID, *, limit: int = 20) -> list[AlarmLine]:
    """Return a person's newest alarms that the actor may list."""
    rows = policies.scope(actor, Alarm.objects.filter(person=person_id), LIST)
    related = ("home", "room", "device", "organization", "acknowledged_by", "assigned_to")
    return lines(actor, rows.select_related(*related).order_by("-raised_at", "-id")[:limit])


def away_now(actor: Actor, persons: Iterable[PersonView], *, at: datetime) -> dict[UUID, Absence]:
    """Return who of these persons is away now, where the actor may know it; 1 query."""
    shown = [person.id for person in persons if absence_reads.is_open_to(actor, person)]
    return absence_reads.away_now(shown, at=at)


def high_alarm_unanswered(actor: Actor) -> bool:
    """Tell whether a high-priority alarm that the actor may list is unacknowledged (the crown)."""
    rows = policies.scope(actor, Alarm.objects.all(), LIST)
    return rows.filter(priority=Priority.HIGH, state=State.UNACKNOWLEDGED, incident=None).exists()


@dataclass(frozen=True, slots=True)
class Standing:
    """What is open by priority, what rings as (id, priority), whether the crown is lit.

    newest is the newest alarm that nobody has.
    """

    counts: dict[str, int]
    ringing: list[tuple[UUID, str]]
    newest: Alarm | None

    @property
    def lit(self) -> bool:
        return any(priority == Priority.HIGH for _id, priority in self.ringing)


def standing(actor: Actor) -> Standing:
    """Return how the desk stands; 1 query."""
    rows = list(open_alarms(actor).select_related(None))
    counts = dict.fromkeys((p.value for p in Priority), 0)
    for row in rows:
        counts[row.priority] += 1
    untaken = [row for row in rows if row.state == State.UNACKNOWLEDGED]
    newest = max(untaken, key=lambda row: (row.raised_at, row.pk), default=None)
    return Standing(counts, [(row.pk, row.priority) for row in untaken], newest)


def last_resolved_at(actor: Actor) -> datetime | None:
    """Return when the last alarm that the actor may list was closed."""
    rows = policies.scope(actor, Alarm.objects.all(), LIST).exclude(resolved_at=None)
    return rows.order_by("-resolved_at").values_list("resolved_at", flat=True).first()


def overrides_of_rule(rule: str) -> list[RuleOverride]:
    """Return every change of a rule in any scope, newest first; the caller narrows persons."""
    return list(RuleOverride.objects.filter(rule=rule).order_by("-made_at", "-id")[:200])


def effective(scopes: list[str]) -> dict[str, list[RuleOverride]]:
    """Return by rule the newest override of each scope that changes it, in the scopes' order."""
    newest: dict[tuple[str, str], RuleOverride] = {}
    for row in RuleOverride.objects.filter(scope__in=scopes).order_by("number"):
        newest[row.scope, row.rule] = row
    found: dict[str, list[RuleOverride]] = {}
    for scope in scopes:
        for (of, rule), row in newest.items():
            if of == scope and not row.is_back:
                found.setdefault(rule, []).append(row)
    return found


def overrides_of(scope: str) -> list[RuleOverride]:
    """Return every change of rules for a scope, newest first."""
    return list(RuleOverride.objects.filter(scope=scope).order_by("-made_at", "-id"))
