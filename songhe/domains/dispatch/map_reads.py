"""Where a rescue is: its home, who goes or could go, and the way between; and all of them at once.

Places of workers are for who may send them; a home is drawn where its address is open. What is
closed is not drawn, and the list beside says so by naming only its community.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from songhe.base.access.actor import Actor
from songhe.base.regions import selectors as regions
from songhe.domains.dispatch import helpers, selectors, terms
from songhe.domains.dispatch.helpers import Helper
from songhe.domains.dispatch.models import Order, Visit
from songhe.domains.dispatch.rescue_reads import Running
from songhe.domains.monitoring import panels as phrases
from songhe.domains.people.selectors import PersonView
from songhe.kernel.geo import Point
from songhe.kit import charts
from songhe.kit.templatetags.kit import initial

_GOES = ("told", "on_way")
_THERE = ("arrived", "working")
_NEAR_MIN = 15
BOARD_PX = 340.0


def order_map(
    actor: Actor,
    order: Order,
    person: PersonView | None,
    near: Sequence[Helper],
    asked: Collection[UUID],
    *,
    at: datetime,
) -> SafeString:
    """Draw an order's home with who goes to it, or else who is asked and who could, nearest first.

    Empty where the home is not open, or no worker's place is known.
    """
    home = _home(order, person)
    if home is None or order.state not in terms.OPEN_ORDERS:
        return SafeString("")
    going = _going([order], at=at).get(order.pk, []) if actor.may(terms.SEND) else []
    who = person.name if person is not None else _("the home")
    is_calling = not going and not _is_there(order)
    spots = [charts.Spot(str(order.pk), home, "calls" if is_calling else "home",
                         who[:1], _("home of %(who)s") % {"who": who}, label=who)]  # fmt: skip
    ways = []
    for visit, helper in going:
        spots.append(_helper(str(visit.pk), helper, visit.worker.display_name, is_faint=False))
        ways.append(_way(str(visit.pk), order, helper, is_sure=True))
    if not going:
        placed = [one for one in near if one.place is not None]
        # Who would need far longer stands in the list; here she would hide who is near.
        most = max(_NEAR_MIN, 2 * min((one.minutes or 0 for one in placed), default=0))
        placed = [one for one in placed if (one.minutes or 0) <= most or one.user_id in asked]
        spots += [_helper(str(one.user_id), one, one.name, is_faint=True) for one in placed]
        first = min(placed, key=lambda one: one.user_id not in asked, default=None)
        if first is not None and is_calling:
            ways.append(_way(str(first.user_id), order, first, is_sure=False))
    # A home alone says no more than its address.
    return _drawn([order.region_code], spots, ways) if len(spots) > 1 else SafeString("")


def board_map(
    actor: Actor, running: Sequence[Running], persons: dict[UUID, PersonView], *, at: datetime
) -> SafeString:
    """Draw every running rescue whose home is open, numbered as in the list, and who goes."""
    open_ones = [
        (number, one, home)
        for number, one in enumerate(running, 1)
        if (home := _home(one.order, persons.get(one.order.person_id))) is not None
    ]
    going = _going([one.order for _n, one, _h in open_ones], at=at) if actor.may(terms.SEND) else {}
    spots, ways = [], []
    for number, one, home in open_ones:
        kind: Any = "calls" if one.state == "unacknowledged" else "home"
        words = phrases.facts([f"{number}", one.who, one.where, one.stage.words])
        spots.append(charts.Spot(str(one.order.pk), home, kind, str(number), words, href=one.url))
        for visit, helper in going.get(one.order.pk, []):
            name = visit.worker.display_name
            spots.append(_helper(str(visit.pk), helper, name, is_faint=False))
            ways.append(_way(str(visit.pk), one.order, helper, is_sure=True))
    codes = sorted({one.order.region_code for _n, one, _h in open_ones})
    return _drawn(codes, spots, ways, is_board=True)


def worker_map(
    user_id: UUID, name: str, place: Point, near: Sequence[Helper], community: str
) -> SafeString:
    """Draw where a worker who called for help is, and which colleagues are near."""
    spots = [charts.Spot(str(user_id), place, "calls", initial(name), name, label=name)]
    placed = [one for one in near if one.place is not None]
    most = max(_NEAR_MIN, 2 * min((one.minutes or 0 for one in placed), default=0))
    spots += [
        _helper(str(one.user_id), one, one.name, is_faint=True)
        for one in placed
        if (one.minutes or 0) <= most
    ]
    return _drawn([community], spots, [])


def _home(order: Order, person: PersonView | None) -> Point | None:
    """Return whither an order leads, where the person's home is open; else None.

    A home that is on no map is drawn in its community, as the minutes to it are reckoned.
    """
    if person is None or not {"home", "contact"} & person.fields:
        return None
    return helpers.where_of(order).place


def _is_there(order: Order) -> bool:
    return any(visit.state in _THERE for visit in selectors.visits_of(order))


def _going(orders: Sequence[Order], *, at: datetime) -> dict[UUID, list[tuple[Visit, Helper]]]:
    """Return who goes to some orders and where she is, where that is known; 3 queries."""
    visits = [one for one in selectors.visits_in(o.pk for o in orders) if one.state in _GOES]
    nowhere = helpers.Where(None, None)
    known = helpers.travel_to(nowhere, {one.worker_id for one in visits}, at=at) if visits else {}
    homes = {order.pk: helpers.where_of(order).place for order in orders}
    found: dict[UUID, list[tuple[Visit, Helper]]] = {}
    for visit in visits:
        one = known[visit.worker_id]
        if one.place is not None:
            minutes = helpers.minutes_between(one.place, homes[visit.order_id])
            found.setdefault(visit.order_id, []).append((visit, replace(one, minutes=minutes)))
    return found


def _helper(key: str, one: Helper, name: str, *, is_faint: bool) -> charts.Spot:
    words = name
    if one.minutes is not None:
        words = _("%(name)s, about %(n)d min away") % {"name": name, "n": one.minutes}
    place = one.place
    if place is None:
        raise ValueError("a helper is drawn where she is")
    return charts.Spot(key, place, "helper", initial(name), words, label=name, is_faint=is_faint)


def _way(key: str, order: Order, one: Helper, *, is_sure: bool) -> charts.Way:
    words = _("%(n)d min") % {"n": one.minutes} if one.minutes is not None else ""
    return charts.Way(key, str(order.pk), words, is_sure=is_sure)


def _drawn(
    codes: Sequence[str],
    spots: Sequence[charts.Spot],
    ways: Sequence[charts.Way],
    *,
    is_board: bool = False,
) -> SafeString:
    if not spots:
        return SafeString("")
    towns = sorted({code[:9] for code in codes})
    areas = [
        (_name(one), (one.lat, one.lon))
        for town in towns
        for one in regions.below(town, 12)
        if one.lat is not None and one.lon is not None
    ]
    name = phrases.listed(_name(one) for one in regions.by_code(towns).values())
    height = BOARD_PX if is_board else charts.PLACES_PX
    return charts.places(charts.Places(name, spots, ways, areas, height, is_wide=is_board))


def _name(region: Any) -> str:
    return phrases.local_name(region.name, region.name_en)
