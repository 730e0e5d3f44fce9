"""How a service stands, in words for the person herself and her people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.utils import dates, timezone
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from songhe.domains.dispatch import ordering, terms
from songhe.domains.dispatch.models import Order, Visit
from songhe.domains.dispatch.terms import OrderKind, OrderState, VisitState, WhyNot
from songhe.kit import formats

# A visit, who comes, and how many minutes she is away where that is known.
Coming = tuple[Visit, str, int | None]
_NEAR_DAYS = 60


def title(order: Order) -> str:
    """Return what was ordered."""
    if order.item is None:
        return _("Help at once") if order.kind == OrderKind.RESCUE else _("Service")
    return order.item.name


def _english() -> bool:
    return (get_language() or "").startswith("en")


def day(moment: datetime, *, at: datetime) -> str:
    """Return a day as one says it: today, tomorrow, else with its weekday."""
    on, today = timezone.localdate(moment), timezone.localdate(at)
    ahead = (on - today).days
    if ahead in (-1, 0, 1):
        return {-1: _("yesterday"), 0: _("today"), 1: _("tomorrow")}[ahead]
    return near_date(on) if abs(ahead) < _NEAR_DAYS else formats.long_date(on)


def near_date(on: date) -> str:
    """Return a day of these weeks, without its year: 11月25日 星期三, Wednesday, 25 Nov."""
    if _english():
        return f"{dates.WEEKDAYS[on.weekday()]}, {formats.day_month(on)}"
    return f"{on.month}月{on.day}日 星期{formats.WEEKDAYS_ZH[on.weekday()]}"


def when(order: Order, visits: Sequence[Coming], *, at: datetime) -> str:
    """Return when a service is, as far as that is known, or when it was."""
    done = [visit for visit, _name, _m in visits if visit.ended_at is not None]
    ends = done[0].ended_at if done else None
    if ends is not None:
        begins = done[0].arrived_at or done[0].began_at
        said = {"day": day(ends, at=at), "ends": formats.clock(ends)}
        if begins is None:
            return _("%(day)s, until %(ends)s") % said
        return _("%(day)s, %(begins)s–%(ends)s") % {**said, "begins": formats.clock(begins)}
    planned = [visit for visit, _name, _m in visits if visit.state in terms.OPEN_VISITS]
    if planned:
        return _span(planned[0].period.lower, planned[0].period.upper, at)
    if order.window is None:
        return day(order.asked_at, at=at)
    begins_at = order.window.lower
    part = ordering.part_of(begins_at)
    if order.source == terms.Source.WISH and part is not None:
        words = {"day": day(begins_at, at=at), "part": part.label.lower()}
        hours = {"begins": formats.clock(begins_at), "ends": formats.clock(order.window.upper)}
        return pgettext("day, part of it", "%(day)s, %(part)s %(begins)s–%(ends)s") % {
            **words, **hours,
        }  # fmt: skip
    return _span(begins_at, order.window.upper, at)


def _span(begins: datetime, ends: datetime, at: datetime) -> str:
    return _("%(day)s, %(begins)s–%(ends)s") % {
        "day": day(begins, at=at),
        "begins": formats.clock(begins),
        "ends": formats.clock(ends),
    }


def state(order: Order, visits: Sequence[Coming], *, at: datetime) -> str:
    """Return how a service stands, in a sentence that names who and what next."""
    if order.state not in terms.OPEN_ORDERS:
        return _over(order, visits)
    coming = [one for one in visits if one[0].state in terms.OPEN_VISITS]
    if not coming:
        return _waits(order, at)
    visit, name, minutes = max(coming, key=_nearest)
    said = {"name": name}
    if visit.state == VisitState.WORKING:
        since = visit.began_at or visit.arrived_at or visit.period.lower
        return _("%(name)s has been at work since %(time)s") % {
            **said, "time": formats.clock(since),
        }  # fmt: skip
    if visit.state == VisitState.ARRIVED:
        since = visit.arrived_at or visit.period.lower
        return _("%(name)s has been at the door since %(time)s") % {
            **said, "time": formats.clock(since),
        }  # fmt: skip
    if visit.state == VisitState.ON_WAY:
        return _on_way(visit, said, minutes)
    names = pgettext("listed words", ", ").join(one[1] for one in coming)
    if visit.period.upper < at:
        return _("%(names)s should have come by now. Please call the service centre.") % {
            "names": names
        }
    if visit.period.lower < at and order.kind == OrderKind.SERVICE:
        words = _("%(names)s was to come at %(time)s. There is no word yet that she set off.")
        return words % {"names": names, "time": formats.clock(visit.period.lower)}
    if order.kind == OrderKind.RESCUE:
        return _("%(names)s goes at once") % {"names": names}
    return _("%(names)s comes at %(time)s") % {
        "names": names,
        "time": formats.clock(visit.period.lower),
    }


def _nearest(one: Coming) -> int:
    order = (VisitState.PLANNED, VisitState.TOLD, VisitState.ON_WAY, VisitState.ARRIVED,
             VisitState.WORKING)  # fmt: skip
    return order.index(VisitState(one[0].state))


def _on_way(visit: Visit, said: dict[str, str], minutes: int | None) -> str:
    if visit.set_off_at is None:
        return _("%(name)s is on the way") % said
    told = {**said, "time": formats.clock(visit.set_off_at)}
    if minutes is None:
        return _("%(name)s set off at %(time)s") % told
    return ngettext(
        "%(name)s set off at %(time)s, about %(n)d minute",
        "%(name)s set off at %(time)s, about %(n)d minutes",
        minutes,
    ) % {**told, "n": minutes}


def _waits(order: Order, at: datetime) -> str:
    if order.kind == OrderKind.RESCUE:
        return _("The service centre looks who can go at once")
    if order.window is not None and order.window.upper < at:
        return _("Nobody was found in time. Please call the service centre.")
    if order.state == OrderState.ASKED:
        return _("Asked for. The service centre looks who can come.")
    return _("Accepted. The service centre looks who can come.")


def _over(order: Order, visits: Sequence[Coming]) -> str:
    if order.state == OrderState.CANCELLED:
        return _("Called off")
    if order.state == OrderState.FAILED:
        why = next((visit.why_not for visit, _n, _m in visits if visit.why_not), "")
        if not why:
            return _("It was not carried out")
        return _("It was not carried out: %(why)s") % {"why": WhyNot(why).label}
    names = [name for visit, name, _m in visits if visit.state == VisitState.DONE]
    if not names:
        return _("It is done")
    return _("%(names)s was there") % {"names": pgettext("listed words", ", ").join(names)}
