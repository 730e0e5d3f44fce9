"""One opened alarm as a page shows it: what, why, where, who, what was done, whom to call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.regions import selectors as regions
from songhe.domains.devices import selectors as devices
from songhe.domains.monitoring import (
    absence_reads,
    phrases,
    reasons,
    selectors,
)
from songhe.domains.monitoring.models import Absence, Alarm, AlarmEntry
from songhe.domains.monitoring.selectors import AlarmLine
from songhe.domains.monitoring.terms import EntryKind, HelpStep
from songhe.domains.organizations import selectors as organizations
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import ContactLine, FactLine, PersonView
from songhe.domains.people.terms import CareLevel
from songhe.domains.telemetry import panels as readings
from songhe.domains.telemetry import selectors as telemetry
from songhe.engines.alarms.terms import OPEN_STATES, Priority, State
from songhe.kernel import codes
from songhe.kit import charts, formats

ACTS = ("acknowledge", "note", "assign", "shelve", "resolve")
PLAN_PX = 304.0
_VITALS = ("sbp", "heart-rate", "spo2", "glucose", "glucose-interstitial", "temperature",
           "respiration", "weight")  # fmt: skip
_MOST_VITALS = 5
# Fire brigade first: who smells smoke or gas calls 119 (Fire Protection Law, article 44).
_FIRE = frozenset({"smoke", "gas"})
_UNITS = ("mmHg", "mmol/L", "°C", "%")


@dataclass(frozen=True, slots=True)
class Head:
    """Sign, what, value, clock, count-down, and what the actor may do now."""

    line: AlarmLine
    second: str
    state: str
    step: phrases.NextStep | None
    may: frozenset[str]
    family: ContactLine | None
    running: bool
    away: str = ""

    @property
    def alarm(self) -> Alarm:
        return self.line.alarm

    @property
    def may_call(self) -> bool:
        """Tell whether the actor may write down calls, and sees whom one may call."""
        return "note" in self.may and any(
            "contact" in person.fields for person in self.line.persons
        )

    @property
    def is_helped(self) -> bool:
        """Tell whether the last that was heard is that help was given: then one closes it."""
        last = self.line.last
        return (
            last is not None and last.kind == EntryKind.HELP and last.data["step"] == HelpStep.DONE
        )

    @property
    def is_fire(self) -> bool:
        """Tell whether the fire brigade is called before anybody is sent."""
        return self.alarm.rule in _FIRE

    @property
    def title(self) -> tuple[str, str]:
        """Return what the alarm says, and the unit that stands small behind it."""
        title = self.line.title
        for unit in _UNITS:
            if title.endswith(f" {unit}"):
                return title.removesuffix(f" {unit}"), unit
        return title, ""

    @property
    def call_words(self) -> str:
        """Return the words of the button that calls the person."""
        if self.line.household:
            return _("Call the home")
        sex = self.line.person.sex if self.line.person is not None else ""
        return {"female": _("Call her"), "male": _("Call him")}.get(sex, _("Call the person"))


@dataclass(frozen=True, slots=True)
class Banner:
    """Who it is about."""

    person: PersonView
    age: str
    facts: list[str]
    risks: list[str]
    scope: str
    absence: str = ""


def may_do(actor: Actor, alarm: Alarm) -> frozenset[str]:
    """Return the acts that the actor may do on an alarm as it stands."""
    open_now = alarm.state in OPEN_STATES
    found = {act for act in ACTS
             if policies.can(actor, f"monitoring.{act}_alarm", alarm)
             and (open_now or act == "note")}  # fmt: skip
    if alarm.state == State.ACKNOWLEDGED:
        found.discard("acknowledge")
    if alarm.state == State.SHELVED:
        found.discard("shelve")
    return frozenset(found)


def head(actor: Actor, line: AlarmLine, contacts: list[ContactLine], *, at: datetime) -> Head:
    """Return the head of an alarm."""
    alarm = line.alarm
    who = phrases.listed([person.name for person in line.persons])
    told = {"onset": _time(alarm.onset_at, at), "raised": _time(alarm.raised_at, at)}
    number = alarm.summary.get("code")
    if number is not None and codes.by_number(int(number)).kind == "quantity":
        times = _("measured %(onset)s, received %(raised)s") % told
    else:
        times = _("since %(onset)s, received %(raised)s") % told
    late = _("told late") if alarm.is_late else ""
    where = "" if alarm.is_storm or alarm.room is None else alarm.room.name
    return Head(
        line=line,
        second=phrases.facts([who, where, times, late]),
        away=phrases.away_of(line, at),
        state=phrases.state_words(alarm),
        step=phrases.next_step(alarm, at),
        may=may_do(actor, alarm),
        family=next(iter(contacts), None),
        running=alarm.state in OPEN_STATES,
    )


def _time(moment: datetime, at: datetime) -> str:
    """Return the clock with seconds for today, day and clock before."""
    today = formats.clock_or_day(moment, at) == formats.clock(moment)
    return formats.clock(moment, seconds=True) if today else formats.moment(moment)


def course(alarm: Alarm, at: datetime) -> list[phrases.CourseLine]:
    """Return the course of an alarm, oldest first; rings one after another are one line."""
    lines: list[phrases.CourseLine] = []
    rang: list[AlarmEntry] = []
    high = alarm.priority == Priority.HIGH
    for entry in selectors.course_of(alarm):
        if entry.kind == EntryKind.RANG:
            rang.append(entry)
            continue
        lines += phrases.rang_lines(rang, at)
        rang = []
        lines.append(phrases.entry_line(entry, at, high=high))
    return [*lines, *phrases.rang_lines(rang, at)]


def banner(person: PersonView, away: Absence | None, *, at: datetime) -> Banner:
    """Return who it is about: age, how she lives, what one must know before touching her."""
    known = people.facts_of([person.id], at=at).get(person.id, []) if person.fields else []
    sees = "health" in person.fields
    level = person.care_level if sees else None
    care = [str(CareLevel(level).label)] if level is not None else []
    scheme = [row.text for row in known if row.kind == "scheme"]
    if "identity" in person.fields:
        scope = _("Open to you for the answer to this alarm; each look is recorded.")
    else:
        scope = _("Name and data open when you take the alarm.")
    return Banner(
        person=person,
        age=phrases.facts([phrases.age_words(person, at), phrases.sex_words(person)]),
        facts=[*care, phrases.living_words(person), *scheme],
        risks=_risks(person, known),
        scope=scope,
        absence="" if away is None else phrases.away_words(away.kind, away.period.upper, at),
    )


def _risks(person: PersonView, known: list[FactLine]) -> list[str]:
    if "health" not in person.fields:
        return []
    return [row.text for row in known if row.kind not in ("scheme", "medicine")]


def vitals(actor: Actor, person: PersonView, alarm: Alarm, *, at: datetime) -> list[readings.Vital]:
    """Return the last values, the code of the alarm first, each with its own time."""
    latest = {row.code.key: row for row in telemetry.latest_of(actor, person, None, at=at)}
    wanted = [key for key in _VITALS if key in latest]
    if "glucose-interstitial" in wanted and "glucose" in wanted:
        wanted.remove("glucose")
    number = alarm.summary.get("code")
    wanted.sort(key=lambda key: latest[key].code.number != number)
    shown = [
        [latest[one] for one in ((key, "dbp") if key == "sbp" else (key,)) if one in latest]
        for key in wanted[:_MOST_VITALS]
    ]
    numbers = [row.code.number for rows in shown for row in rows]
    usual = telemetry.baselines(person.ids, numbers, at=alarm.onset_at) if numbers else {}
    found = []
    for rows in shown:
        [vital] = readings.vitals(rows, usual, at=at)
        raised = rows[0].at == alarm.last_at and rows[0].code.number == number
        high = raised and alarm.priority == Priority.HIGH
        found.append(replace(vital, state="high") if high else vital)
    return found


def home_plan(line: AlarmLine, *, at: datetime) -> SafeString:
    """Draw the home of an alarm with its room and the silent sensors; empty without."""
    return home_picture(line.alarm.home, line.persons, room_id=line.alarm.room_id, at=at)


def home_picture(
    home: Any, persons: Sequence[PersonView], *, room_id: UUID | None, at: datetime
) -> SafeString:
    """Draw a home with the room in which something is, and the sensors that are silent.

    Empty where there is no plan, or the home of any of its persons is not open.
    """
    if home is None or home.is_institution or not home.plan.get("rooms"):
        return SafeString("")
    if any("home" not in one.fields for one in persons):
        return SafeString("")
    names = {str(room.pk): room.name for room in people.rooms_of(home)}
    body = home.plan
    scale = PLAN_PX / float(body["width"])
    rooms = [
        charts.Room(
            key=str(row["room"]),
            label=names.get(str(row["room"]), ""),
            x=8 + float(row["x"]) * scale,
            y=8 + float(row["y"]) * scale,
            width=float(row["w"]) * scale,
            height=float(row["h"]) * scale,
        )
        for row in body["rooms"]
    ]
    sensors = []
    if persons:
        found = devices.devices_of(person_id=persons[0].id, home_id=home.pk, at=at)
        sensors = [
            charts.Sensor(str(row.room_id), row.type.name, lost=row.silent)
            for row in found
            if row.room_id is not None
        ]
    floor = charts.FloorPlan(
        name=home.address,
        width=PLAN_PX + 16,
        height=float(body["height"]) * scale + 16,
        rooms=rooms,
        sensors=sensors,
        alarm_room=str(room_id or ""),
    )
    return charts.plan(floor)


def where(alarm: Alarm) -> SafeString:
    """Draw the town with the community of the alarm."""
    town_code = alarm.region_code[:9]
    path = {region.code: region for region in regions.path_of(alarm.region_code)}
    if town_code not in path:
        return SafeString("")
    spot = charts.Spots(alarm.priority, 1, alarm.state == State.UNACKNOWLEDGED)  # type: ignore[arg-type]
    communities = [
        charts.Community(
            region.code,
            phrases.local_name(region.name, region.name_en),
            [spot] if region.code == alarm.region_code and alarm.state in OPEN_STATES else (),
            here=region.code == alarm.region_code,
        )
        for region in regions.below(town_code, 12)
    ]
    town = path[town_code]
    name = phrases.local_name(town.name, town.name_en)
    return charts.district(charts.District(name, [charts.Town(town_code, name, communities)], 3))


def staff_choices(actor: Actor, alarm: Alarm, *, at: datetime) -> list[tuple[str, str]]:
    """Return whom one may send: the staff of the organisation that has the alarm."""
    if alarm.organization_id is None:
        return []
    return [
        (str(row.user_id), phrases.facts([row.name, row.title]))
        for row in organizations.staff_of(actor, alarm.organization_id, at=at)
    ]


@dataclass(frozen=True, slots=True)
class Callee:
    """Whom one may call. name is what the course will say."""

    key: str
    name: str
    words: str
    phone: str | None
    note: str = ""


def callable_people(actor: Actor, line: AlarmLine) -> list[Callee]:
    """Return whom one may call: the person, then the contacts in their order."""
    own = [
        Callee(f"self-{n}" if n else "self", person.name, person.name, people.phone_of(person))
        for n, person in enumerate(line.persons)
        if "contact" in person.fields
    ]
    return [*own, *(_callee(row) for row in contacts_of(actor, line))]


def _callee(row: ContactLine) -> Callee:
    who = phrases.facts([row.relation, row.name])
    return Callee(str(row.id), row.name, who, row.phone, row.note)


def contacts_of(actor: Actor, line: AlarmLine) -> list[ContactLine]:
    """Return whom to call, in order; nobody where contact data is not open."""
    return [
        contact
        for person in line.persons
        if "contact" in person.fields
        for contact in people.contacts_of(actor, person)
    ]


def members(actor: Actor, alarm: Alarm) -> list[tuple[str, list[AlarmLine]]]:
    """Return the members of an incident by home, each home once."""
    homes: dict[UUID | None, tuple[str, list[AlarmLine]]] = {}
    for line in selectors.members_of(actor, alarm):
        key = line.alarm.home_id
        homes.setdefault(key, (line.place, []))[1].append(line)
    return list(homes.values())


def fresh(actor: Actor, line: AlarmLine, *, at: datetime) -> dict[str, Any]:
    """Return what of an alarm's page changes while it is open."""
    person = line.person
    return {
        "may_rules": actor.may("monitoring.view_rules"),
        "head": head(actor, line, contacts_of(actor, line), at=at),
        "why": reasons.why(actor, line, at=at),
        "course": course(line.alarm, at),
        "members": members(actor, line.alarm) if line.alarm.is_storm else [],
        "vitals": vitals(actor, person, line.alarm, at=at) if person is not None else [],
    }


def context(actor: Actor, line: AlarmLine, *, at: datetime) -> dict[str, Any]:
    """Return everything that the page of an alarm shows."""
    away = absence_reads.away_now([one.id for one in line.persons], at=at)
    return fresh(actor, line, at=at) | {
        "where": where(line.alarm),
        "banners": [banner(person, away.get(person.id), at=at) for person in line.persons],
        "plan": home_plan(line, at=at),
        "callees": callable_people(actor, line),
    }
