"""What monitoring puts on other pages, and what the desk is built from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from songhe.base.access.actor import Actor
from songhe.base.regions import selectors as regions
from songhe.domains.monitoring import (
    opened,
    phrases,
    rule_access,
    rule_words,
    selectors,
    trial_reads,
    words,
)
from songhe.domains.monitoring.opened import home_picture as home_picture
from songhe.domains.monitoring.phrases import entry_line as entry_line
from songhe.domains.monitoring.phrases import facts as facts
from songhe.domains.monitoring.phrases import listed as listed
from songhe.domains.monitoring.phrases import living_words as living_words
from songhe.domains.monitoring.phrases import local_name as local_name
from songhe.domains.monitoring.phrases import sex_words as sex_words
from songhe.domains.monitoring.selectors import AlarmLine
from songhe.domains.monitoring.terms import PriorityWord
from songhe.domains.organizations import selectors as organizations
from songhe.engines.alarms.terms import State
from songhe.kernel.detectors.rules import spec
from songhe.kit import charts

PERSON_ALARMS = 5
COLUMNS = 4


@dataclass(frozen=True, slots=True)
class Row:
    """One alarm in a list, three lines; the name is masked unless opened or taken by the reader."""

    id: UUID
    priority: str
    state: str
    what: str
    who: str
    stands: str
    rest: str
    since_at: datetime
    current: bool


def row(actor: Actor, line: AlarmLine, *, opened_id: UUID | None, at: datetime) -> Row:
    """Return an alarm as a row of a list."""
    alarm = line.alarm
    current = alarm.pk == opened_id
    mine = actor.user_id is not None and actor.user_id in (
        alarm.acknowledged_by_id, alarm.assigned_to_id)  # fmt: skip
    who = [line.place]
    if line.person is not None:
        name = phrases.name_in_list(line.person, opened=current or mine)
        age = phrases.age_words(line.person, at)
        who = [f"{name} {age}".strip(), phrases.living_words(line.person), line.place]
    elif line.household:
        names = [phrases.name_in_list(person, opened=current or mine) for person in line.household]
        who = [phrases.listed(names), line.place]
    stands, rest = phrases.row_state(alarm, line.last, at)
    return Row(
        id=alarm.pk,
        priority=alarm.priority,
        state=alarm.state,
        what=line.title,
        who=phrases.facts(who),
        stands=stands,
        rest=phrases.facts([phrases.away_of(line, at), rest]),
        since_at=alarm.raised_at,
        current=current,
    )


def desk_rows(
    actor: Actor,
    *,
    opened_id: UUID | None,
    at: datetime,
    place: str = "",
    is_oldest_first: bool = False,
) -> list[Row]:
    """Return the open alarms of the actor as rows: worst first, then who waits, then the newest.

    place: a region code, and what lies in it. is_oldest_first: by their clocks alone.
    """
    alarms = selectors.open_alarms(actor)
    if place:
        alarms = alarms.filter(region_code__startswith=place)
    if is_oldest_first:
        alarms = alarms.order_by("raised_at", "id")
    found = selectors.lines(actor, alarms)
    return [row(actor, line, opened_id=opened_id, at=at) for line in found]


def platform_rows(actor: Actor, *, at: datetime) -> list[Row]:
    """Return the platform's own open alarms as rows, for who keeps it running."""
    found = selectors.lines(actor, selectors.platform_alarms(actor))
    return [row(actor, line, opened_id=None, at=at) for line in found]


def announcement(standing: selectors.Standing) -> str:
    """Return the words that announce the newest alarm; the name stays masked."""
    alarm = standing.newest
    if alarm is None:
        return ""
    return _("New alarm, %(priority)s: %(what)s") % {
        "priority": PriorityWord(alarm.priority).label,
        "what": words.title(alarm),
    }


def alarm_context(actor: Actor, alarm_id: UUID, *, at: datetime) -> dict[str, Any]:
    """Return what the page of an opened alarm shows; reading the person is audited."""
    line = selectors.open_alarm(actor, alarm_id, at=at)
    return opened.context(actor, line, at=at)


def county_plan(actor: Actor, *, href: str) -> list[SafeString]:
    """Draw each region of the actor with its open alarms; a community links to `href` + code."""
    found = selectors.spots(actor)
    pictures = []
    for prefix in _prefixes(actor):
        pictures += _plan_of(prefix, found, href)
    return pictures


@dataclass(frozen=True, slots=True)
class BusyPlace:
    """A community with open alarms: how many, and how many of them nobody has taken."""

    code: str
    name: str
    count: int
    untaken: int


def busy_places(actor: Actor) -> list[BusyPlace]:
    """Return the communities with open alarms, most untaken ones first; 2 queries."""
    counts: dict[str, list[int]] = {}
    rows = selectors.open_alarms(actor).order_by().values_list("region_code", "state")
    for code, state in rows:
        here = counts.setdefault(code, [0, 0])
        here[0] += 1
        here[1] += state == State.UNACKNOWLEDGED
    named = regions.by_code(sorted(counts))
    found = [
        BusyPlace(code, phrases.local_name(named[code].name, named[code].name_en), *counts[code])
        for code in counts
        if code in named
    ]
    return sorted(found, key=lambda one: (-one.untaken, -one.count, one.code))


def _prefixes(actor: Actor) -> tuple[str, ...]:
    return tuple(p for p in actor.prefixes(selectors.LIST) if len(p) >= 6)


def _plan_of(
    prefix: str, found: dict[str, dict[str, tuple[int, bool]]], href: str
) -> list[SafeString]:
    communities = regions.below(prefix, 12)
    if not communities:
        return []
    names = {region.code: phrases.local_name(region.name, region.name_en)
             for region in regions.path_of(prefix) + regions.below(prefix[:6], 9)}  # fmt: skip
    towns: dict[str, list[charts.Community]] = {}
    for region in communities:
        here = found.get(region.code, {})
        spots = [charts.Spots(priority, count, untaken)  # type: ignore[arg-type]
                 for priority, (count, untaken) in here.items()]  # fmt: skip
        towns.setdefault(region.code[:9], []).append(
            charts.Community(
                region.code,
                phrases.local_name(region.name, region.name_en),
                spots,
                href=f"{href}{region.code}",
            )
        )
    drawn = [charts.Town(code, names.get(code, code), rows) for code, rows in towns.items()]
    return [charts.district(charts.District(names.get(prefix, prefix), drawn, COLUMNS))]


def place_choices(actor: Actor) -> list[tuple[str, str]]:
    """Return the towns and communities of the actor's regions, for a filter."""
    choices = []
    for prefix in _prefixes(actor):
        below = regions.below(prefix, 12)
        names = {r.code: phrases.local_name(r.name, r.name_en) for r in regions.below(prefix, 9)}
        towns: dict[str, list[tuple[str, str]]] = {}
        for region in below:
            name = phrases.local_name(region.name, region.name_en)
            towns.setdefault(region.code[:9], []).append((region.code, name))
        for code, inside in towns.items():
            town = names.get(code, code)
            choices.append((code, town))
            choices += [(one, phrases.facts([town, name])) for one, name in inside]
    return choices


def alarms_lit(request: HttpRequest) -> bool:
    """Tell whether the crown is lit."""
    return selectors.high_alarm_unanswered(request.actor)  # type: ignore[attr-defined]


def place(request: HttpRequest) -> str:
    """Return where the actor works, for the top bar: the organisation, else the regions."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    ids = {held.organization_id for held in actor.roles if held.organization_id is not None}
    names = [
        phrases.local_name(row.name, row.name_en)
        for row in organizations.organizations_by_id(ids).values()
    ] if ids else []  # fmt: skip
    codes = sorted({held.region_prefix for held in actor.roles if held.region_prefix})
    paths = [regions.path_of(code) for code in codes[:2]]
    names += [phrases.local_name(path[-1].name, path[-1].name_en) for path in paths if path]
    return phrases.facts(dict.fromkeys(names))


def alarms_panel(request: HttpRequest, person: Any) -> str:
    """Put a person's newest alarms beside her."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    now = timezone.now()
    found = selectors.alarms_of_person(actor, person.id, limit=PERSON_ALARMS)
    rows = [row(actor, line, opened_id=line.alarm.pk, at=now) for line in found]
    context = {"rows": rows, "person": person}
    return render_to_string("monitoring/panels/alarms.html", context, request=request)


@dataclass(frozen=True, slots=True)
class OwnRule:
    """A rule that differs for a person."""

    rule: str
    name: str
    enabled: bool
    changes: list[str]
    reason: str
    by: str
    made_at: datetime
    may_change: bool


def rules_panel(request: HttpRequest, person: Any) -> str:
    """Put the rules that differ for a person on her page."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if "health" not in person.fields:
        return ""
    changeable = frozenset(
        rule
        for rule, _name in rule_words.rule_choices()
        if rule_access.may_for_person(
            actor, rule_access.CHANGE, rule, person.id, person.region_code
        )
    )
    own = [_own(rule, rows[0], rule in changeable)
           for rule, rows in selectors.effective([f"person:{person.id}"]).items()]  # fmt: skip
    may_try = actor.may(trial_reads.TRY)
    context = {
        "own": own,
        "person": person,
        "may_change": bool(changeable),
        "may_try": may_try,
        "choices": [
            (rule, name)
            for rule, name in rule_words.rule_choices()
            if may_try or rule in changeable
        ],
    }
    return render_to_string("monitoring/panels/rules.html", context, request=request)


def _own(rule: str, made: Any, may_change: bool) -> OwnRule:
    shown = {one.name: one for one in rule_words.parameters(rule)}
    changes = [
        _("%(what)s %(value)s") % {"what": shown[name].label, "value": shown[name].show(value)}
        for name, value in made.params.items()
        if name in shown
    ]
    name = rule_words.name_of(spec(rule))
    by = phrases.made_by(made.made_by, made.made_by_name)
    return OwnRule(rule, name, made.enabled, changes, made.reason, by, made.made_at, may_change)
