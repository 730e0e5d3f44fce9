"""A trial of a rule as its page shows it: sentences, figures, charts, lists with links."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from songhe.base.access.actor import Actor
from songhe.domains.monitoring import comparing, phrases, rule_words, trial_reads, words
from songhe.domains.monitoring.models import Finding, RuleTrial
from songhe.domains.monitoring.signal_trials import BUDGET_S
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView, masked_name
from songhe.kernel.detectors.rules import spec
from songhe.kernel.time import from_us
from songhe.kit import charts, formats

PER_DAYS = 100
CHART_PX = 120
KIND_WORDS: dict[str, Promise] = {
    "gone": gettext_lazy("would not ring any more"),
    "new": gettext_lazy("would ring in addition"),
    "both": gettext_lazy("rings either way"),
}
TAGS = {"gone": "unknown", "new": "pine", "both": ""}
OUTCOME_WORDS: dict[str, Promise] = {
    "true": gettext_lazy("real"),
    "false": gettext_lazy("false alarm"),
    "test": gettext_lazy("test"),
    "unknown": gettext_lazy("could not be found out"),
    "itself": gettext_lazy("closed by itself, nobody rated it"),
    "open": gettext_lazy("still open"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One trouble in the replay: when, what, of whom, and whether the change matters for it."""

    kind_words: str
    tag: str
    at: datetime
    title: str
    why: str
    who: str
    href: str
    told: str


@dataclass(frozen=True, slots=True)
class RealLine:
    """One alarm that was, how it was rated, and whether the rule would have rung for it."""

    href: str
    at: datetime
    title: str
    who: str
    outcome: str
    kept: bool
    instead: str
    is_missed: bool


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the three counts: how many, of how many persons, on 100 person-days."""

    name: str
    count: int
    persons: str
    rate: str


@dataclass(slots=True)
class Shown:
    """Everything of a result, in words."""

    figures: list[Figure]
    sentences: list[str]
    missed: str
    pictures: list[tuple[str, SafeString]]
    table: list[tuple[str, int, int, int]]
    lines: list[Line] = field(default_factory=list)
    real: list[RealLine] = field(default_factory=list)
    people: list[tuple[str, str, int, int, int]] = field(default_factory=list)
    others: list[tuple[str, int, int]] = field(default_factory=list)
    left_out: int = 0
    hidden: int = 0


def shown(actor: Actor, trial: RuleTrial) -> Shown:
    """Return a result as the actor may see it now: persons who are closed to him are left out."""
    result = trial.result
    opened = trial_reads.still_open(actor, trial)
    views = people.person_views(actor, [UUID(pk) for pk in opened])
    names = {str(pk): view for pk, view in views.items()}
    lines = [line for line in result["lines"] if line["person"] in (None, *opened)]
    real = [line for line in result["real"] if line["person"] in (None, *opened)]
    hidden = len(result["lines"]) + len(result["real"]) - len(lines) - len(real)
    found = Shown(
        figures=_figures(result),
        sentences=_sentences(trial),
        missed=_missed(result),
        pictures=_pictures(trial),
        table=[(day, *row) for day, *row in result["days"]],
        left_out=result["left_out"],
        hidden=hidden,
    )
    found.lines = [_line(trial, line, names) for line in lines]
    found.real = [_real(trial, line, names) for line in real]
    found.people = [
        (_who(pk, names), _person_href(pk), *counts)
        for pk, *counts in result["people"]
        if pk in opened
    ]
    found.others = [
        (words.rule_name(rule), now, would) for rule, now, would in result["others"] if now != would
    ]
    return found


def _figures(result: dict[str, Any]) -> list[Figure]:
    names = {
        "tried": _("with the change"),
        "present": _("as the rule holds now"),
        "real": _("alarms that were"),
    }
    return [
        Figure(name, result["counts"][key], _persons(result["persons"][key]),
               _rate(result["counts"][key], result["person_days"]))
        for key, name in names.items()
    ]  # fmt: skip


def _persons(n: int) -> str:
    return ngettext("%(n)d person", "%(n)d persons", n) % {"n": n}


def _rate(count: int, person_days: float) -> str:
    if not person_days:
        return _("nothing to judge")
    return _("%(rate)s per 100 person-days") % {
        "rate": formats.number(PER_DAYS * count / person_days, 2)}  # fmt: skip


def _sentences(trial: RuleTrial) -> list[str]:
    result = trial.result
    kinds = result["kinds"]
    said = [
        _("%(gone)d would not ring any more, %(new)d would ring in addition, %(both)d ring either "
          "way.") % {key: kinds.get(key, 0) for key in ("gone", "new", "both")},
        _("Of %(heard)d of %(all)d persons there was something to judge.") % {
            "heard": result["heard"], "all": trial.persons},
    ]  # fmt: skip
    if spec(trial.rule).kind == "signal":
        said += _of_signals(trial)
    if spec(trial.rule).kind == "silent":
        said.append(
            _("A device that only told its status, and times when the platform itself was down, "
              "count as silence here.")
        )  # fmt: skip
    return said


def _of_signals(trial: RuleTrial) -> list[str]:
    """Return how much signal was judged, and that the time was shortened, where it was."""
    judged_s = timedelta(seconds=trial.result.get("signal_s", 0))
    said = [_("%(span)s of signals were judged again.") % {"span": formats.span(judged_s)}]
    asked = datetime.fromisoformat(trial.result["asked_since"])
    if trial.since - asked > timedelta(minutes=1):
        said.append(
            _("Only the time from %(since)s on was judged: more takes over %(minutes)d minutes.")
            % {"minutes": BUDGET_S // 60, "since": formats.moment(trial.since)}
        )
    return said


def _missed(result: dict[str, Any]) -> str:
    n = result["missed"].get("true", 0)
    if not n:
        return ""
    return ngettext(
        "%(n)d alarm that people rated as real would not have rung.",
        "%(n)d alarms that people rated as real would not have rung.", n) % {"n": n}  # fmt: skip


def _pictures(trial: RuleTrial) -> list[tuple[str, SafeString]]:
    """Draw the days one under the other, on one scale: a line marks the worst day of all."""
    days = {day: row for day, *row in trial.result["days"]}
    most = max((max(row) for row in days.values()), default=0)
    if not most:
        return []
    zone = ZoneInfo(settings.TIME_ZONE)
    start = trial.since.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    moments = []
    while start < trial.until:
        moments.append(start)
        start += timedelta(days=1)
    names = (_("with the change"), _("as the rule holds now"), _("alarms that were"))
    return [
        (name, charts.bars(charts.BarChart(
            name=name, unit=_("a day"), start=moments[0], end=moments[-1] + timedelta(days=1),
            zone=zone, step=timedelta(days=1), height=CHART_PX,
            limits=[charts.Limit(float(most), _("most on one day"))],
            bars=[
                charts.Bar(at, float(days.get(at.date().isoformat(), [0, 0, 0])[which]))
                for at in moments
            ],
        )))
        for which, name in enumerate(names)
    ]  # fmt: skip


def _who(person: str | None, names: dict[str, PersonView]) -> str:
    if person is None or person not in names:
        return _("a shared home")
    return masked_name(names[person].name)


def _person_href(person: str | None, at: datetime | None = None) -> str:
    if person is None:
        return ""
    address = reverse("people:person", args=[person])
    return address if at is None else f"{address}?day={at:%Y-%m-%d}"


def _title(rule: str, summary: dict[str, Any]) -> str:
    return f"{words.rule_name(rule)} {words.value_text(summary)}".strip()


def _line(trial: RuleTrial, line: dict[str, Any], names: dict[str, PersonView]) -> Line:
    at = comparing.moment(line)
    finding = Finding(
        rule=trial.rule, phase="raised", summary=line["summary"], params=line["params"]
    )
    told = []
    if line["count"] > 1:
        told.append(ngettext("reported %(n)d time", "reported %(n)d times", line["count"])
                    % {"n": line["count"]})  # fmt: skip
    if line["end_us"] is not None:
        told.append(_("over after %(time)s") % {
            "time": formats.span(from_us(line["end_us"]) - at)})  # fmt: skip
    zone = ZoneInfo(settings.TIME_ZONE)
    return Line(
        tag=TAGS[line["kind"]],
        kind_words=str(KIND_WORDS[line["kind"]]),
        at=at,
        title=_title(trial.rule, line["summary"]),
        why=words.why(finding),
        who=_who(line["person"], names),
        href=_person_href(line["person"], at.astimezone(zone)),
        told=phrases.facts(told),
    )


def _real(trial: RuleTrial, line: dict[str, Any], names: dict[str, PersonView]) -> RealLine:
    return RealLine(
        href=reverse("monitoring:alarm", args=[line["alarm"]]),
        at=comparing.moment(line),
        title=_title(trial.rule, line["summary"]),
        who=_who(line["person"], names),
        outcome=str(OUTCOME_WORDS[line["outcome"]]),
        kept=line["kept"],
        instead=words.rule_name(line["instead"]) if line["instead"] else "",
        is_missed=not line["kept"] and line["outcome"] == "true",
    )


def changes_of(trial: RuleTrial) -> list[tuple[str, str, str]]:
    """Return (what, as it held, as it was tried) of a trial."""
    present = trial.present
    return rule_words.differences(trial.rule, present, present["tried"])


def reason_of(trial: RuleTrial) -> str:
    """Return the words with which a trial begins the reason of a change."""
    if not trial.result:
        return ""
    counts = trial.result["counts"]
    days = round((trial.until - trial.since) / timedelta(days=1))
    return _("Tried on %(days)d days of %(persons)d persons: %(tried)d instead of %(present)d.") % {
        "days": days, "persons": trial.persons,
        "tried": counts["tried"], "present": counts["present"],
    }  # fmt: skip


def first_values(actor: Actor, rule: str, trial_id: str) -> dict[str, Any]:
    """Return the first values of the form that takes a trial over; {} without such a trial."""
    try:
        pk = UUID(trial_id)
    except ValueError:
        return {}
    trial = trial_reads.get_trial(actor, pk)
    if trial.rule != rule:
        return {}
    held = trial.present["tried"]
    return {
        **held["params"],
        "enabled": "yes" if held["enabled"] else "no",
        "reason": reason_of(trial),
    }
