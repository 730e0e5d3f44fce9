"""What is open to a person who has just signed in: the desk, own people, links, or nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from songhe.base.access.actor import Actor
from songhe.domains.monitoring import selectors as monitoring
from songhe.domains.monitoring.selectors import OwnAlarm
from songhe.domains.people import panels as people_panels
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import ContactLine, PersonView
from songhe.domains.telemetry import panels as telemetry_panels
from songhe.domains.telemetry import selectors as telemetry
from songhe.domains.telemetry.panels import Vital, vitals, when_words
from songhe.domains.telemetry.selectors import LatestValue
from songhe.domains.telemetry.terms import VIEW_READINGS, Freshness
from songhe.kit import formats

MOST_PERSONS = 50
DESK_ROLES = frozenset({"operator", "shift_leader"})
PERSON_TYPE = "people.Person"
VIEW_PLATFORM = "operations.view_platform"


class Kind(StrEnum):
    """Which page a person starts on."""

    DESK = "desk"
    WORK = "work"
    ELDER = "elder"
    PEOPLE = "people"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Link:
    """A page that the actor may open, with one sentence on what is there."""

    url: str
    icon: str
    title: str | Promise
    text: str | Promise


@dataclass(frozen=True, slots=True)
class PersonLine:
    """A person with her state in a sentence; sign is the priority of an open alarm, or ""."""

    person: PersonView
    age: str
    headline: str
    sentence: str
    sign: str
    is_unknown: bool
    url: str


@dataclass(frozen=True)
class Opening:
    """The first page: where to, or what is on it."""

    kind: Kind
    url: str = ""
    persons: list[PersonLine] = field(default_factory=list)
    more: bool = False
    links: list[Link] = field(default_factory=list)


# action, route, icon, title, text: what staff without people of their own start from
_LINKS: tuple[tuple[str, str, str, Promise, Promise], ...] = (
    ("dispatch.work", "worker:today", "bike", gettext_lazy("My visits"),
     gettext_lazy("Where you go today, step by step, also without a signal.")),
    ("dispatch.view_figures", "dispatch:my_week", "chart-column", gettext_lazy("My week"),
     gettext_lazy("Orders by status, load, punctuality, quality, and what is settled.")),
    (VIEW_PLATFORM, "operations:platform", "server", gettext_lazy("Platform"),
     gettext_lazy("Whether everything runs, and what to do when it does not.")),
    ("monitoring.view_statistics", "monitoring:statistics", "chart-column",
     gettext_lazy("Alarms in figures"),
     gettext_lazy("How many alarms there were, how quickly they were answered, how often right.")),
    ("devices.list_devices", "devices:device_list", "radio-tower", gettext_lazy("Devices"),
     gettext_lazy("What is installed where, what is silent, what has to be commissioned.")),
    ("telemetry.view_dead_letters", "telemetry:letter_list", "mail-x",
     gettext_lazy("Messages not taken"),
     gettext_lazy("What devices sent and the gateway could not use.")),
    ("monitoring.list_alarms", "monitoring:history", "history", gettext_lazy("Alarms"),
     gettext_lazy("What rang, who answered, how it ended.")),
    ("people.list_persons", "people:person_list", "users", gettext_lazy("People"),
     gettext_lazy("Everybody who is open to you.")),
    ("security.review_emergencies", "security:emergencies", "siren",
     gettext_lazy("Review of emergencies"),
     gettext_lazy("Who opened whose data in an emergency, and whether it was right.")),
    ("security.list_requests", "security:request_list", "inbox", gettext_lazy("Requests"),
     gettext_lazy("What people ask about their own data, and by when an answer is due.")),
    ("security.search_audit", "security:audit_search", "scan-search", gettext_lazy("Audit"),
     gettext_lazy("Who looked at what, who changed what, and who was refused.")),
    ("security.view_chain", "security:chain", "link", gettext_lazy("Audit chain"),
     gettext_lazy("Whether the records of the audit are whole, and since when.")),
    ("security.view_retention", "security:retention", "archive-x",
     gettext_lazy("Retention and destruction"),
     gettext_lazy("How long each kind of data is kept, what must stay, and proof of what went.")),
    ("organizations.review_roles", "organizations:review", "user-cog",
     gettext_lazy("Review of roles"),
     gettext_lazy("Who holds which role, which end soon, and which nobody uses.")),
    ("catalog.set_price", "catalog:item_list", "book-open-check", gettext_lazy("Services"),
     gettext_lazy("What is offered, in which steps, at which price.")),
    ("billing.check_settlements", "billing:settlements", "scale", gettext_lazy("Settlements"),
     gettext_lazy("What providers ask your organisation to pay, line by line.")),
    ("organizations.keep_qualifications", "organizations:qualifications", "id-card",
     gettext_lazy("Papers of staff"),
     gettext_lazy("Whose papers end soon, and what each worker is qualified for.")),
)  # fmt: skip


# Roles with one kind of work alone begin with it.
_STARTS = {"worker": "worker:today", "payer": "billing:settlements"}
# What is open at one's own organisation, without any region.
_OWN_HOUSE = (
    "dispatch.work",
    "dispatch.view_figures",
    "billing.check_settlements",
    "catalog.set_price",
    "organizations.keep_qualifications",
)


def url_of(name: str) -> str:
    """Return the address of a route, "" where it is not installed."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def opening_of(actor: Actor, *, at: datetime) -> Opening:
    """Return what the actor starts with; reading the persons' state is audited."""
    held = {role.role for role in actor.roles}
    desk = url_of("desk:alarms")
    if held & DESK_ROLES and desk:
        return Opening(Kind.DESK, url=desk)
    if len(held) == 1 and held <= _STARTS.keys():
        return Opening(Kind.WORK, url=url_of(_STARTS[held.pop()]))
    own = own_person(actor)
    if held == {"elder"} and own is not None:
        return Opening(Kind.ELDER)
    persons, more = _persons(actor, at) if actor.granted(PERSON_TYPE) else ([], False)
    links = _links(actor, has_persons=bool(persons))
    if not persons and not links:
        return Opening(Kind.NOTHING)
    return Opening(Kind.PEOPLE, persons=persons, more=more, links=links)


def own_person(actor: Actor) -> UUID | None:
    """Return the person whose own account this is: the one opened to an elder's role."""
    granted = [pk for pk, fields in actor.granted(PERSON_TYPE).items() if "identity" in fields]
    return granted[0] if len(granted) == 1 else None


def _links(actor: Actor, *, has_persons: bool) -> list[Link]:
    found = []
    for action, name, icon, title, text in _LINKS:
        if action == VIEW_PLATFORM:  # the platform stands in no region
            if actor.may(action):
                found.append(Link(url_of(name), icon, title, text))
            continue
        only_own = name == "people:person_list" and not actor.prefixes(action)
        url = url_of(name)
        if url and actor.may(action) and not only_own and (_reaches(actor, action) or has_persons):
            found.append(Link(url, icon, title, text))
    return found


def _reaches(actor: Actor, action: str) -> bool:
    """Tell whether an action is open without a person: in a region, or of one's own house."""
    own_house = action in _OWN_HOUSE
    return bool(actor.prefixes(action) or (own_house and actor.organizations(action)))


def _persons(actor: Actor, at: datetime) -> tuple[list[PersonLine], bool]:
    granted = actor.granted(PERSON_TYPE)
    rows = list(people.list_persons(actor).filter(pk__in=granted)[: MOST_PERSONS + 1])
    views = [people.view_of(actor, row) for row in rows[:MOST_PERSONS]]
    latest = telemetry.latest_of_persons(actor, views, at=at)
    ids = [view.id for view in views]
    signs, alarms = _signs(actor, ids), monitoring.own_alarms(actor, ids)
    if views and actor.may(VIEW_READINGS):
        telemetry.opened(actor, [view.id for view in views], at=at)
    lines = [
        _line(actor, view, latest[view.id], signs.get(view.id, ""), alarms.get(view.id), at)
        for view in views
    ]
    order = {"high": 0, "medium": 1, "low": 2, "unknown": 3, "": 4}
    lines.sort(key=lambda line: (order[line.sign], not line.is_unknown))
    return lines, len(rows) > MOST_PERSONS


def _signs(actor: Actor, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the worst priority of the open alarms of persons, as far as the actor may list."""
    if not actor.may(monitoring.LIST):
        return {}
    found: dict[UUID, str] = {}
    rows = monitoring.open_alarms(actor).filter(person__in=list(ids))
    for person, priority in rows.values_list("person", "priority"):
        found.setdefault(person, priority)
    return found


def _line(
    actor: Actor,
    view: PersonView,
    latest: list[LatestValue],
    sign: str,
    alarm: OwnAlarm | None,
    at: datetime,
) -> PersonLine:
    may_read = actor.may(VIEW_READINGS) and bool(view.fields - {"identity", "contact"})
    headline, sentence, unknown = (
        _state(latest, at) if may_read else ("", _("Measurements are not open to you."), False)
    )
    if sign:
        headline = _("An alarm is open.")
    elif alarm is not None:
        sign, headline, unknown = alarm.priority, _alarm_words(alarm), False
    return PersonLine(
        person=view,
        age=people_panels.age_words(view, at),
        headline=headline,
        sentence=sentence,
        sign=sign,
        is_unknown=unknown,
        url=reverse("people:person", args=[view.id]),
    )


def _alarm_words(alarm: OwnAlarm) -> str:
    """Return what rang of one's own, and who has it."""
    said = {"what": alarm.title, "time": formats.clock(alarm.since), "who": alarm.by}
    if alarm.by:
        return _("%(what)s. It rang at the desk at %(time)s, %(who)s looks after it.") % said
    return _("%(what)s. It rings at the desk since %(time)s.") % said


def _state(latest: list[LatestValue], at: datetime) -> tuple[str, str, bool]:
    """Return headline, sentence and whether nothing is known; calm is never claimed."""
    heard = [value for value in latest if not value.voided]
    if not heard:
        return _("Nothing is measured yet."), "", True
    newest = max(value.at for value in heard)
    known = [value for value in heard if value.freshness is not Freshness.UNKNOWN]
    if not known:
        headline = _("Not known how things are: the last word came %(when)s.") % {
            "when": when_words(newest, at)
        }
        return headline, _("That does not mean that all is well."), True
    headline = _("Last heard of %(when)s.") % {"when": when_words(newest, at)}
    shown = [vital for vital in vitals(known, {}, at=at) if vital.state != "unknown"]
    return headline, vital_words(shown[:3]), False


def vital_words(shown: Iterable[Vital]) -> str:
    """Return some values in one line: blood pressure 134/78 mmHg, 5 minutes ago."""
    return _("; ").join(_vital_words(vital) for vital in shown)


def _vital_words(vital: Vital) -> str:
    return _("%(name)s %(value)s, %(when)s") % {
        "name": vital.name,
        "value": f"{vital.value} {vital.unit}".strip(),
        "when": vital.when,
    }


@dataclass(frozen=True)
class ElderOpening:
    """An older person's own page: greeting, own values, whom to call."""

    greeting: str
    vitals: list[Vital]
    contacts: list[ContactLine]


def elder_opening(actor: Actor, person_id: UUID, *, at: datetime) -> ElderOpening:
    """Return an older person's own page; the look is audited. Raises NoSuchPerson."""
    person = people.get_person(actor, person_id, at=at)
    latest = telemetry.latest_of(actor, person, None, at=at)
    telemetry.opened(actor, [person_id], at=at)
    contacts = people.contacts_of(actor, person)
    return ElderOpening(
        greeting=greeting(person, at),
        vitals=telemetry_panels.vitals(latest, {}, at=at),
        contacts=[line for line in contacts if line.phone][:4],
    )


def greeting(person: PersonView, at: datetime) -> str:
    """Return the greeting of the time of day."""
    hour = timezone.localtime(at).hour
    name = {"name": person.name}
    if 5 <= hour < 11:
        return _("Good morning, %(name)s") % name
    if 11 <= hour < 18:
        return _("Good day, %(name)s") % name
    return _("Good evening, %(name)s") % name
