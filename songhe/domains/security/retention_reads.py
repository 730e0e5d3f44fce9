"""What the pages of retention show: classes with their periods, holds, runs, certificates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import get_language, ngettext, npgettext, pgettext
from django.utils.translation import gettext as _

from songhe.base.access.actor import Actor
from songhe.base.accounts.models import User
from songhe.base.audit import services as audit
from songhe.base.retention import certificates, classes, handlers, holds, periods
from songhe.base.retention.certificates import Certificate
from songhe.base.retention.classes import DataClass, Rule
from songhe.base.retention.models import Destruction, Hold
from songhe.base.retention.periods import Kept
from songhe.domains.security import whom
from songhe.domains.security.policies import PERSON
from songhe.kernel.errors import Denied, NotFound
from songhe.kit.statuses import status_words

VIEW = "security.view_retention"
SHOWN_RUNS = 20
DAYS_A_YEAR = 365.25


class NoSuchRun(NotFound):
    code = "security.no_such_run"
    message = "This run does not exist."


def in_english() -> bool:
    """Tell whether the reader's language is English."""
    return (get_language() or "").startswith("en")


def name_of(data_class: DataClass) -> str:
    """Return what a class is called in the reader's language."""
    return data_class.en if in_english() else data_class.zh


def said(words: dict[str, str]) -> str:
    """Return a fact's words in the reader's language."""
    return words["en"] if in_english() else words["zh"]


@dataclass(frozen=True, slots=True)
class ClassLine:
    """One class as the table shows it, with what the last run counted of it."""

    data_class: DataClass
    name: str
    after: str
    why: str
    kept_for: str
    basis: list[str]
    setting: str
    oldest: date | None
    next_on: date | None
    due: int | None
    gone: int
    is_held: bool
    can_be_set: bool


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run with how much went in all; error is the first fault of a class."""

    run: Destruction
    gone: int
    due: int
    permille: int
    faults: int


@dataclass(frozen=True, slots=True)
class HoldLine:
    """One hold. who: the person's masked name or the class."""

    hold: Hold
    who: str
    paper: str
    placed_by: str
    is_standing: bool
    reason: str = ""
    lifted_reason: str = ""
    lifted_by: str = ""


@dataclass(frozen=True, slots=True)
class Retention:
    """The page: timed classes, those without a time of their own, runs, how many holds stand."""

    lines: list[ClassLine]
    others: list[ClassLine]
    running: RunLine | None
    last: RunLine | None
    runs: list[RunLine]
    held_persons: int
    held_classes: int


def _need(actor: Actor, action: str) -> None:
    if not actor.may(action):
        raise Denied(action=action)


def retention(actor: Actor, *, at: datetime) -> Retention:
    """Return how long everything is kept and what was destroyed last. Raises Denied; 4 queries."""
    _need(actor, VIEW)
    kept = periods.kept_at(at)
    runs = [_run(row) for row in Destruction.objects.order_by("-asked_at")[:SHOWN_RUNS]]
    ended = [line for line in runs if line.run.ended_at]
    counted = ended[0].run.found.get("classes", {}) if ended else {}
    standing = list(Hold.objects.filter(period__contains=at).values_list("data_class", flat=True))
    held = {name for name in standing if name}
    every = handlers.all_classes().values()
    lines = [_class(one, kept[one.name], counted.get(one.name), held) for one in every
             if one.name in kept]  # fmt: skip
    others = [_class(one, None, None, held) for one in every if one.name not in kept]
    open_runs = [line for line in runs if not line.run.ended_at]
    return Retention(
        lines,
        others,
        open_runs[0] if open_runs else None,
        ended[0] if ended else None,
        ended,
        sum(not name for name in standing),
        len(held),
    )


def _class(
    one: DataClass, kept: Kept | None, counted: dict[str, Any] | None, held: set[str]
) -> ClassLine:
    oldest_at = _moment(counted.get("oldest") if counted else None)
    oldest = oldest_at.date() if oldest_at else None
    due = counted.get("left", counted["due"]) if counted else None
    return ClassLine(
        data_class=one,
        name=name_of(one),
        after=said(one.after),
        why=said(one.why),
        kept_for=_kept_for(one, kept),
        basis=_basis(one, kept),
        setting=kept.setting.reason if kept and kept.setting else "",
        oldest=oldest,
        next_on=oldest + timedelta(days=kept.days) if kept and oldest else None,
        due=due,
        gone=counted["gone"] if counted else 0,
        is_held=one.name in held,
        can_be_set=one.can_be_set and kept is not None,
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _kept_for(one: DataClass, kept: Kept | None) -> str:
    if kept is None:
        if one.way == "file":
            return _("with the person or the account")
        return days_words(one.days) if one.days else pgettext("kept", "for ever")
    if kept.rule is not None and _is_rule(kept):
        return rule_words(kept.rule)
    return days_words(kept.days)


def _is_rule(kept: Kept) -> bool:
    """Tell whether a duty decides, and not a class that this one is kept along with."""
    return kept.rule is not None and not kept.data_class.days and not kept.setting


def days_words(days: int) -> str:
    """Return a number of days in words, in years where it is a whole number of them."""
    years = round(days / DAYS_A_YEAR)
    if years and abs(days - years * DAYS_A_YEAR) < 1:
        return npgettext("period", "%(n)d year", "%(n)d years", years) % {"n": years}
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}


def rule_words(rule: Rule) -> str:
    """Return a duty's period in words."""
    if rule.years:
        return npgettext("period", "%(n)d year", "%(n)d years", rule.years) % {"n": rule.years}
    if rule.months:
        return ngettext("%(n)d month", "%(n)d months", rule.months) % {"n": rule.months}
    return days_words(rule.days)


def _sure(status: str) -> str:
    if status == "V second-hand":
        return _("found second-hand in public material")
    return status_words(status)


_SOURCES = {"PIPL Art. 19": "个人信息保护法第十九条", "PIPL Art. 28": "个人信息保护法第二十八条"}


def source_words(source: str) -> str:
    """Return a source of a period in the reader's language."""
    if source == "ours":
        return _("our own choice")
    return source if in_english() else _SOURCES.get(source, source)


def _basis(one: DataClass, kept: Kept | None) -> list[str]:
    """Return what a period follows, and how sure each of it is."""
    found = []
    for rule in one.rules:
        words = {"period": rule_words(rule), "source": rule.source if in_english() else rule.zh}
        found.append(_("at least %(period)s: %(source)s") % words + " · " + _sure(rule.status))
    if kept and kept.setting:
        found.append(_("set by the operator: %(days)s") % {"days": days_words(kept.setting.days)})
    elif one.days:
        found.append(f"{source_words(one.source)} · {_sure(one.status)}")
    known = handlers.all_classes()
    if one.with_:
        names = pgettext("list", ", ").join(name_of(known[name]) for name in one.with_)
        found.append(_("not before: %(names)s") % {"names": names})
    return found


def _run(row: Destruction) -> RunLine:
    lines = row.found.get("classes", {}).values()
    return RunLine(
        row,
        gone=sum(line["gone"] for line in lines),
        due=sum(line["due"] or 0 for line in lines),
        permille=1000 * row.done // row.total if row.total else 0,
        faults=sum("error" in line or "left_in" in line for line in lines),
    )


def class_of(name: str) -> DataClass:
    """Return a class by its name. Raises NoSuchClass."""
    found = handlers.all_classes().get(name)
    if found is None:
        raise periods.NoSuchClass
    return found


def class_line(actor: Actor, name: str, *, at: datetime) -> ClassLine:
    """Return one timed class. Raises Denied, NoSuchClass."""
    _need(actor, VIEW)
    kept = periods.kept_at(at).get(name)
    if kept is None:
        raise periods.NoSuchClass
    return _class(kept.data_class, kept, None, set())


@dataclass(frozen=True, slots=True)
class RunPage:
    """One run: its classes with names, its certificate where it has one."""

    line: RunLine
    classes: list[tuple[str, dict[str, Any]]]
    certificate: Certificate | None


def run_page(actor: Actor, run_id: UUID) -> RunPage:
    """Return one run. Raises Denied, NoSuchRun; 1 query."""
    row = _one_run(actor, run_id)
    known = handlers.all_classes()
    found = row.found.get("classes", {})
    order = [name for name in known if name in found] + sorted(found.keys() - known.keys())
    lines = [(name_of(known[name]) if name in known else name, found[name]) for name in order]
    signed = certificates.certificate_of(row) if row.certificate else None
    return RunPage(_run(row), lines, signed)


def certificate_file(actor: Actor, run_id: UUID) -> bytes:
    """Return the file of a run's certificate. Raises Denied, NoSuchRun."""
    row = _one_run(actor, run_id)
    if not row.certificate:
        raise NoSuchRun
    return certificates.file_of(row)


def _one_run(actor: Actor, run_id: UUID) -> Destruction:
    _need(actor, VIEW)
    row = Destruction.objects.filter(pk=run_id).first()
    if row is None:
        raise NoSuchRun
    return row


def hold_lines(actor: Actor, *, at: datetime) -> list[HoldLine]:
    """Return the holds that the actor may see, those that stand first; 4 queries."""
    _need(actor, holds.VIEW)
    rows = [row for row in Hold.objects.order_by("-placed_at")[:200] if _sees(actor, row)]
    lines = _holds(actor, rows, at)
    return sorted(lines, key=lambda line: not line.is_standing)


def hold_line(actor: Actor, hold_id: UUID, *, at: datetime) -> HoldLine:
    """Return one hold with its reason. Raises Denied, NoSuchHold; the look is in the audit."""
    _need(actor, holds.VIEW)
    row = Hold.objects.filter(pk=hold_id).first()
    if row is None or not _sees(actor, row):
        raise holds.NoSuchHold
    if row.person_id:
        ref = f"{PERSON}/{row.person_id}"
        audit.record_reads(actor=actor, action=holds.VIEW, refs=[ref], at=at)
    line = _holds(actor, [row], at)[0]
    lifter = User.objects.filter(pk=row.lifted_by_id).first() if row.lifted_by_id else None
    return HoldLine(
        line.hold,
        line.who,
        line.paper,
        line.placed_by,
        line.is_standing,
        holds.reason_of(row),
        holds.lifted_reason_of(row),
        lifter.display_name if lifter else "",
    )


def _sees(actor: Actor, row: Hold) -> bool:
    return not row.region_code or actor.covers(holds.VIEW, row.region_code)


def _holds(actor: Actor, rows: Iterable[Hold], at: datetime) -> list[HoldLine]:
    found = list(rows)
    views = whom.within(actor, holds.VIEW, [row.person_id for row in found if row.person_id])
    users = User.objects.filter(pk__in={row.placed_by_id for row in found if row.placed_by_id})
    by_id = {user.pk: user.display_name for user in users}
    known = handlers.all_classes()
    lines = []
    for row in found:
        if row.person_id:
            who = views[row.person_id].name if row.person_id in views else _("a person elsewhere")
        else:
            one = known.get(row.data_class)
            who = name_of(one) if one else row.data_class
        over = row.period.upper is not None and row.period.upper <= at
        began = row.period.lower <= at
        lines.append(
            HoldLine(
                row,
                who,
                holds.paper_of(row),
                by_id.get(row.placed_by_id, "") if row.placed_by_id else "",
                began and not over,
            )
        )
    return lines


def holdable() -> list[DataClass]:
    """Return the classes that can be held."""
    return [one for one in handlers.all_classes().values() if one.is_timed and one.can_be_held]


def facts_version() -> str:
    """Return the version of the facts on periods."""
    return classes.version()
