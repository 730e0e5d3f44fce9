"""What surfaces say of alarms: states, who has it, what happens next, the lines of the course."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID

from django.utils.dateparse import parse_datetime
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from songhe.domains.monitoring import absence_reads, course, story, words
from songhe.domains.monitoring.models import Alarm, AlarmEntry
from songhe.domains.monitoring.selectors import AlarmLine
from songhe.domains.monitoring.terms import AbsenceKind, EntryKind, HelpStep, OutcomeWord
from songhe.domains.people.selectors import PersonView, masked_name
from songhe.domains.people.terms import Living, Sex
from songhe.engines.alarms.terms import RINGING_STATES, Priority, State
from songhe.kit import formats

BASIS_WORDS = {
    "G": gettext_lazy("guideline or regulation"),
    "N": gettext_lazy("a band of NEWS2 (Royal College of Physicians, 2017)"),
    "E": gettext_lazy("engineering"),
}
SOURCE_WORDS = {
    "ours": gettext_lazy("ourselves"),
    "memory": gettext_lazy("memory"),
}
_SECONDS_UP_TO = 120
LATE_S = 15.0


@dataclass(frozen=True, slots=True)
class NextStep:
    """What happens when nobody answers: words, the next thing alone, a running clock, a bar.

    say is empty where minutes are told: a clock of seconds would say nothing.
    """

    words: str
    short: str
    say: str
    until: datetime
    max_s: int
    value_s: int


@dataclass(frozen=True, slots=True)
class CourseLine:
    """One line of the course, as <c-timeline> takes it."""

    time: str
    iso: str
    text: str
    note: str
    kind: str


def facts(parts: Iterable[str]) -> str:
    """Join facts as the language does: with a dot in Chinese, with commas in English."""
    return (", " if words.is_english() else "·").join(part for part in parts if part)


def listed(names: Iterable[str]) -> str:
    """Put names side by side as the language does: 李＊＊、王＊＊."""
    return (", " if words.is_english() else "、").join(name for name in names if name)


def name_in_list(person: PersonView, *, opened: bool) -> str:
    """Return a name for a list: masked unless somebody on duty has opened or taken the alarm."""
    return person.name if opened else masked_name(person.name)


def sentences(parts: Iterable[str]) -> str:
    """Put whole sentences one after the other, with a space where the language has spaces."""
    return (" " if words.is_english() else "").join(part for part in parts if part)


def local_name(name: str, name_en: str) -> str:
    """Return a name in the reader's language, the Chinese one where there is no other."""
    return name_en if words.is_english() and name_en else name


def age_words(person: PersonView, at: datetime) -> str:
    """Return 82 岁, empty where the age is not known."""
    age = person.age(at.date())
    return "" if age is None else _("aged %(n)d") % {"n": age}


def sex_words(person: PersonView) -> str:
    """Return the sex in words, empty where it is not known."""
    return str(Sex(person.sex).label) if person.sex in ("male", "female") else ""


def living_words(person: PersonView) -> str:
    """Return how a person lives, empty where it is not known."""
    known = person.living and person.living != Living.UNKNOWN
    return str(Living(person.living).label) if known else ""


def taker(alarm: Alarm) -> str:
    """Return who has the alarm, empty when nobody has."""
    return alarm.acknowledged_by.display_name if alarm.acknowledged_by else ""


def state_words(alarm: Alarm) -> str:
    """Return where an alarm stands, with the name of who has it."""
    if alarm.state == State.RESOLVED:
        return outcome_words(alarm)
    if alarm.state == State.SHELVED and alarm.shelved_until:
        return _("Set aside until %(time)s") % {"time": formats.clock(alarm.shelved_until)}
    if alarm.assigned_to is not None:
        return _("%(name)s was sent") % {"name": alarm.assigned_to.display_name}
    if alarm.state == State.ACKNOWLEDGED:
        return _("%(name)s has it") % {"name": taker(alarm)}
    if alarm.state == State.RETURNED:
        return _("Back to normal, to be confirmed")
    return _("Nobody has it")


def outcome_words(alarm: Alarm) -> str:
    """Return how an alarm was closed."""
    if alarm.resolved_by_id is None:
        return _("Closed by itself, nobody rated it")
    return _("Closed: %(outcome)s") % {"outcome": OutcomeWord(alarm.outcome).label}


def _span(seconds: float) -> str:
    if seconds <= _SECONDS_UP_TO:
        whole = max(0, round(seconds))
        return ngettext("%(n)d second", "%(n)d seconds", whole) % {"n": whole}
    return formats.span(timedelta(seconds=seconds))


def _roughly(seconds: float) -> str:
    """Return a short time for a list, which counts no seconds down: less than so many minutes."""
    minutes = max(1, ceil(seconds / 60))
    said = ngettext("less than %(n)d minute", "less than %(n)d minutes", minutes)
    return said % {"n": minutes}


def next_step(alarm: Alarm, at: datetime) -> NextStep | None:
    """Return the next steps of escalation from the alarm's plan and timer; None while it rests.

    Repeats are passed over: what people want to know is who is told next.
    """
    if alarm.state == State.SHELVED and alarm.shelved_until:
        return None
    if alarm.state not in RINGING_STATES or alarm.next_step_at is None:
        return None
    plan = course.plan_of(alarm)
    following = alarm.organization.next_organization if alarm.organization else None
    ahead: list[tuple[str, datetime]] = []
    for number in range(alarm.steps_done, len(plan.steps)):
        act = plan.act(number)
        if act == "level_up" or (act == "next_organization" and following is not None):
            ahead.append((act, max(plan.due_at(alarm.rang_at, number), alarm.next_step_at)))
    template, short, more, due, began = _ahead(alarm, plan.repeat_s, ahead)
    left_s = max(0.0, (due - at).total_seconds())
    whole_s = max(1, round((due - began).total_seconds()))
    say = ""
    late_s = (at - alarm.next_step_at).total_seconds()
    if late_s > LATE_S:
        template = short = _(
            "this should have been passed on %(time)s ago: call the leader yourself"
        )
    elif left_s <= _SECONDS_UP_TO:
        say = capfirst(template % {"time": _("{s} seconds"), **more})
    told_s = late_s if late_s > LATE_S else left_s
    return NextStep(
        words=capfirst(template % {"time": _span(told_s), **more}),
        short=short % {"time": _roughly(told_s) if say else _span(told_s), **more},
        say=say,
        until=due,
        max_s=whole_s,
        value_s=min(whole_s, max(0, whole_s - round(left_s))),
    )


def _ahead(
    alarm: Alarm, repeat_s: int, ahead: list[tuple[str, datetime]]
) -> tuple[str, str, dict[str, str], datetime, datetime]:
    """Return the sentence, its first half, its names, when it is due, since when one waits."""
    again = _("rings again in %(time)s")
    if not ahead:
        due = alarm.next_step_at or alarm.rang_at
        return again, again, {}, due, due - timedelta(seconds=repeat_s)
    (act, due), rest = ahead[0], ahead[1:]
    following = alarm.organization.next_organization if alarm.organization else None
    name = local_name(following.name, following.name_en) if following else ""
    more = {"organization": name}
    told = _("in %(time)s the leader on duty is told")
    if act == "next_organization":
        passed = _("in %(time)s it goes to %(organization)s")
        return passed, passed, more, due, alarm.rang_at
    if not rest:
        return told, told, more, due, alarm.rang_at
    more["then"] = _span((rest[0][1] - due).total_seconds())
    both = _("in %(time)s the leader on duty is told, %(then)s later it goes to %(organization)s")
    return both, told, more, due, alarm.rang_at


def row_state(alarm: Alarm, last: AlarmEntry | None, at: datetime) -> tuple[str, str]:
    """Return the third line of a row: where it stands (bold), and what was done or comes next."""
    step = next_step(alarm, at)
    rest: list[str] = []
    if alarm.priority == Priority.UNKNOWN:
        rest.append(_("this does not mean that all is well"))
    if step is not None and alarm.state == State.UNACKNOWLEDGED:
        rest.append(step.short)
    elif last is not None and last.kind in (EntryKind.NOTE, EntryKind.CALL, EntryKind.HELP):
        rest.append(entry_line(last, at).text)
    if alarm.count > 1 and not alarm.is_storm:
        rest.append(
            ngettext("reported %(n)d time", "reported %(n)d times", alarm.count)
            % {"n": alarm.count}
        )
    return state_words(alarm), facts(rest)


_KINDS = {
    EntryKind.RAISED: "alarm",
    EntryKind.AGAIN: "alarm",
    EntryKind.ACKNOWLEDGED: "done",
    EntryKind.RESOLVED: "done",
}


def entry_line(entry: AlarmEntry, at: datetime, *, high: bool = False) -> CourseLine:
    """Return one line of the course in words: who did what, whom they reached, what failed.

    Vermilion marks the alarm only where its priority is high.
    """
    same_day = formats.clock_or_day(entry.at, at) == formats.clock(entry.at)
    time = formats.clock(entry.at, seconds=True) if same_day else formats.moment(entry.at)
    kind = _KINDS.get(EntryKind(entry.kind), "")
    if kind == "alarm" and not high:
        kind = ""
    if entry.kind == EntryKind.LEVEL_UP and not entry.data.get("told"):
        kind = "unknown"
    if entry.kind == EntryKind.HELP:
        kind = "unknown" if entry.data["step"] in _NOT_GOING else "done"
    return CourseLine(time, entry.at.isoformat(), _text(entry), entry.text, kind)


def rang_lines(entries: list[AlarmEntry], at: datetime) -> list[CourseLine]:
    """Return rings that follow each other as one line, told at the time of the last."""
    if not entries:
        return []
    line = entry_line(entries[-1], at)
    said = ngettext("Rang again", "Rang again %(n)d times", len(entries)) % {"n": len(entries)}
    return [replace(line, text=said)]


def _text(entry: AlarmEntry) -> str:
    kind = EntryKind(entry.kind)
    said = _SAID.get(kind)
    who = entry.user_name
    if not who and kind in (EntryKind.NOTE, EntryKind.CALL):
        who = _("the system")
    return said(who, entry.data) if said else str(kind.label)


def _seen(template: str, data: dict[str, Any]) -> str:
    value = words.value_text(data.get("summary", {}))
    return template % {"what": f"{words.rule_name(data['rule'])} {value}".strip()}


def _raised(who: str, data: dict[str, Any]) -> str:
    return _seen(_("Alarm: %(what)s"), data) if data.get("rule") else _("Alarm")


def _call(who: str, data: dict[str, Any]) -> str:
    names = {"who": who, "called": data.get("called", "")}
    if data.get("reached"):
        return _("%(who)s called %(called)s, reached") % names
    return _("%(who)s called %(called)s, not reached") % names


def _passed(who: str, data: dict[str, Any]) -> str:
    to = local_name(data.get("to", ""), data.get("to_en", ""))
    return _("Passed to %(organization)s") % {"organization": to}


def _shelved(who: str, data: dict[str, Any]) -> str:
    until = parse_datetime(data["until"])
    return _("%(who)s set it aside until %(time)s") % {
        "who": who,
        "time": formats.moment(until) if until else "",
    }


def _closed(who: str, data: dict[str, Any]) -> str:
    if data.get("died"):
        return _("Closed: the death of the person was recorded")
    if data.get("by_itself"):
        return _("Closed by itself, nobody rated it")
    outcome = OutcomeWord(data.get("outcome", "unknown")).label
    return _("%(who)s closed it: %(outcome)s") % {"who": who, "outcome": outcome}


def _away_note(data: dict[str, Any]) -> str:
    kind = data.get("away")
    return _("away: %(kind)s") % {"kind": AbsenceKind(kind).label} if kind else ""


def _leaders(who: str, data: dict[str, Any]) -> str:
    if data.get("told"):
        names = _(", ").join(data["told"])
        said = _("Message sent to %(names)s") % {"names": names}
        return facts([said, _away_note(data)])
    if data.get("failed"):
        return _("The leader on duty could not be told: no gateway for messages is set up")
    return _("The leader on duty could not be told: no number is known")


def _assigned(who: str, data: dict[str, Any]) -> str:
    if not who:  # the helper took it herself
        return str(HelpStep.GOES.label) % {"who": data["to"]}
    return _("%(who)s sent %(to)s") % {"who": who, "to": data["to"]}


_NOT_GOING = (HelpStep.NOT_DONE, HelpStep.BACK, HelpStep.LATE, HelpStep.NOBODY)


def _help(who: str, data: dict[str, Any]) -> str:
    return str(HelpStep(data["step"]).label) % data


_SAID: dict[EntryKind, Callable[[str, dict[str, Any]], str]] = {
    EntryKind.RAISED: _raised,
    EntryKind.AGAIN: lambda who, data: _seen(_("Reported again: %(what)s"), data),
    EntryKind.CLEARED: lambda who, data: _seen(_("Back to normal: %(what)s"), data),
    EntryKind.CALL: _call,
    EntryKind.NOTE: lambda who, data: _("%(who)s noted") % {"who": who},
    EntryKind.ACKNOWLEDGED: lambda who, data: _("%(who)s took it") % {"who": who},
    EntryKind.ASSIGNED: _assigned,
    EntryKind.LEVEL_UP: _leaders,
    EntryKind.HELP: _help,
    EntryKind.NEXT_ORGANIZATION: _passed,
    EntryKind.SHELVED: _shelved,
    EntryKind.RESOLVED: _closed,
    EntryKind.AWAY: lambda who, data: _went_away(who, data),
    EntryKind.LOOKED: lambda who, data: story.looked(who, data),
    EntryKind.HOME: lambda who, data: _("The person is back: this rule judges again"),
}


def made_by(user_id: UUID | None, name: str) -> str:
    """Return who did something; what nobody did, the system did."""
    return name if user_id is not None and name else _("the system")


def away_words(kind: str, until: datetime | None, at: datetime) -> str:
    """Return that somebody is away: 外出：住院，至 11-24."""
    said = AbsenceKind(kind).label
    if until is None:
        return _("away: %(kind)s") % {"kind": said}
    return _("away: %(kind)s, until %(time)s") % {"kind": said, "time": end_words(until, at)}


def away_of(line: AlarmLine, at: datetime) -> str:
    """Return that the person of an alarm is away, and that its rule holds still; empty else."""
    if line.absence is None:
        return ""
    said = away_words(line.absence.kind, line.absence.period.upper, at)
    if not absence_reads.suspends(line.alarm.rule):
        return said
    return facts([said, _("this rule holds still meanwhile")])


def end_words(until: datetime, at: datetime) -> str:
    """Return the end of an absence: the clock within a day, else the day."""
    if abs(until - at) < timedelta(hours=24):
        return formats.moment(until)
    return formats.clock_or_day(until, at)


def _went_away(who: str, data: dict[str, Any]) -> str:
    kind = AbsenceKind(data.get("kind", "other")).label
    return _("The person is away (%(kind)s): this rule holds still, the alarm stays open") % {
        "kind": kind
    }


def source_words(source: str) -> str:
    """Return where a rule's numbers come from; keys of the reference stay as they are."""
    return str(SOURCE_WORDS.get(source, source))
