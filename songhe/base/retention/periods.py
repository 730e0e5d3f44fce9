"""How long each class is kept: the operator's period, and never less than a duty asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.base.retention import handlers
from songhe.base.retention.classes import DataClass, Rule
from songhe.base.retention.models import Period
from songhe.kernel.errors import Denied, Invalid, NotFound

SET = "security.set_periods"
MOST_DAYS = 36_500


class NoSuchClass(NotFound):
    code = "retention.no_such_class"
    message = "There is no such class of data."


class NotToBeSet(Invalid):
    code = "retention.not_to_be_set"
    message = "The period of this class is set elsewhere."


class TooShort(Invalid):
    code = "retention.too_short"
    message = "A duty asks for longer: at least until %(until)s for what ends today."


class TooLong(Invalid):
    code = "retention.too_long"
    message = "A hundred years at most."


class SayWhyPeriod(Invalid):
    code = "retention.say_why_period"
    message = "Say why: who looks at this table must understand the period."


@dataclass(frozen=True, slots=True)
class Kept:
    """How long a class is kept now. before: what is older goes; rule: the duty that decides."""

    data_class: DataClass
    days: int
    before: datetime
    rule: Rule | None
    setting: Period | None


def settings() -> dict[str, Period]:
    """Return the newest setting of each class that has one; 1 query."""
    rows = Period.objects.order_by("data_class", "-set_at", "-id").distinct("data_class")
    return {row.data_class: row for row in rows}


def kept_at(at: datetime) -> dict[str, Kept]:
    """Return how long each timed class is kept: the longest of what applies wins; 1 query."""
    known, given = handlers.all_classes(), settings()
    found: dict[str, Kept] = {}

    def kept(one: DataClass) -> Kept:
        if one.name in found:
            return found[one.name]
        setting = given.get(one.name) if one.can_be_set else None
        before, rule = longest(setting.days if setting else one.days, one.rules, at=at)
        before = min([before, *(kept(known[name]).before for name in one.with_)])
        found[one.name] = Kept(one, (at - before).days, before, rule, setting)
        return found[one.name]

    return {one.name: kept(one) for one in known.values() if one.is_timed and _has_end(one)}


def longest(days: int, rules: Iterable[Rule], *, at: datetime) -> tuple[datetime, Rule | None]:
    """Return before when everything goes, and the duty that decides, None where it is the days."""
    before, deciding = at - timedelta(days=days), None
    for duty in rules:
        if duty.before(at) < before:
            before, deciding = duty.before(at), duty
    return before, deciding


def _has_end(one: DataClass) -> bool:
    return bool(one.days or one.rules)


@transaction.atomic
def set_period(*, actor: Actor, data_class: str, days: int, reason: str, at: datetime) -> Period:
    """Set how long a class is kept. Raises Denied, NoSuchClass, NotToBeSet, TooShort, TooLong."""
    if not actor.may(SET):
        raise Denied(action=SET)
    one = handlers.all_classes().get(data_class)
    if one is None:
        raise NoSuchClass
    if not one.is_timed or not one.can_be_set:
        raise NotToBeSet(field="days")
    if days > MOST_DAYS:
        raise TooLong(field="days")
    if not reason.strip():
        raise SayWhyPeriod(field="reason")
    asked = at - timedelta(days=days)
    least = min((duty.before(at) for duty in one.rules), default=at - timedelta(days=1))
    if asked > least:
        until = (at + (at - least)).date().isoformat()
        raise TooShort(field="days", until=until)
    row = Period.objects.create(
        data_class=data_class,
        days=days,
        reason=reason.strip()[:200],
        set_at=at,
        set_by_id=actor.user_id,
    )
    audit.record_change(
        actor=actor,
        action=SET,
        ref=f"retention.Period/{data_class}",
        at=at,
        detail={"days": days},
    )
    return row
