"""What dispatch puts on other pages: who helps, on the page of an alarm."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from songhe.base.access.actor import Actor
from songhe.domains.dispatch import day_reads as day_reads  # what a worker's own pages show
from songhe.domains.dispatch import (
    helpers,
    map_reads,
    rescue_reads,
    ringing_reads,
    selectors,
    terms,
)
from songhe.domains.dispatch import measuring as measuring
from songhe.domains.dispatch import ordering as ordering
from songhe.domains.dispatch import own_calls as own_calls
from songhe.domains.dispatch import own_reads as own_reads
from songhe.domains.dispatch import own_words as own_words
from songhe.domains.dispatch import params as params
from songhe.domains.dispatch import signing as signing  # what is signed at the end of a visit

# What the person's own people see of services.
from songhe.domains.dispatch.free import Free as Free
from songhe.domains.dispatch.free import Wanted as Wanted
from songhe.domains.dispatch.free import free_for as free_for
from songhe.domains.dispatch.notices import WORKER_HELP as WORKER_HELP
from songhe.domains.dispatch.selectors import Offer, Order, Visit
from songhe.domains.monitoring.selectors import AlarmLine
from songhe.domains.organizations import selectors as organizations
from songhe.domains.people import selectors as people
from songhe.kit import formats

SHOWN = 4


def help_context(actor: Actor, alarm_id: UUID, *, at: datetime) -> dict[str, Any] | None:
    """Return who could go to an alarm and how help stands; None where nobody can be sent."""
    where = helpers.place_of_alarm(actor, alarm_id, at=at)
    orders = selectors.orders_of_source(actor, f"monitoring.Alarm/{alarm_id}")
    if where is None and not orders:
        return None
    order = orders[-1] if orders else None
    send = reverse("dispatch:send", args=[alarm_id])
    fresh = reverse("dispatch:help", args=[alarm_id])
    back = reverse("dispatch:call_back", args=[order.pk]) if order is not None else ""
    urls = {"send": send, "fresh": fresh, "back": back}
    if order is None and actor.may(terms.EMERGENCY):
        urls["make_card"] = reverse("dispatch:alarm_card", args=[alarm_id])
    return _help(actor, order, where, at=at) | urls


def order_context(actor: Actor, order: Order, *, at: datetime) -> dict[str, Any]:
    """Return who could go on an order for help, and how it stands."""
    where = helpers.where_of(order) if order.state in terms.OPEN_ORDERS else None
    send = reverse("dispatch:send_order", args=[order.pk])
    fresh = reverse("dispatch:order_help", args=[order.pk])
    back = reverse("dispatch:call_back", args=[order.pk])
    urls = {"send": send, "fresh": fresh, "back": back}
    return _help(actor, order, where, at=at) | urls | {"is_page": True}


def _help(
    actor: Actor, order: Order | None, where: helpers.Where | None, *, at: datetime
) -> dict[str, Any]:
    stage = rescue_reads.stages([order], at=at)[order.pk] if order is not None else None
    goers = stage.goers if stage is not None else ()
    may = where is not None and actor.may(terms.SEND)
    asked = {one.worker_id for one in goers}
    waiting: set[UUID] = set()
    said: dict[UUID, str] = {}
    if order is not None:
        offers = selectors.offers_of(order)
        waiting = {one.worker_id for one in offers if one.answer == "open"}
        said = {one.worker_id: _said(one) for one in offers if one.answer in ("missed", "refused")}
        asked |= waiting
    near = helpers.near(where, at=at) if may and where is not None else []
    left = [
        replace(one, said=said.get(one.user_id, "")) for one in near if one.user_id not in asked
    ]
    left.sort(key=lambda one: bool(one.said))  # who did not go is asked again after all others
    phones = organizations.phones_of([one.worker_id for one in goers], at=at) if may else {}
    drawn = SafeString("")
    told: list[ringing_reads.Line] = []
    if order is not None:
        person = people.person_views(actor, [order.person_id]).get(order.person_id)
        could = [one for one in near if one in left[:SHOWN] or one.user_id in waiting]
        drawn = map_reads.order_map(actor, order, person, could, waiting, at=at)
        told = ringing_reads.lines(order, person, waiting, at=at)
    return {
        "map": drawn,
        "told_lines": told,
        "card": _card(actor, order),
        "order": order,
        "stage": stage,
        "helpers": left[:SHOWN],
        "goers": [(one, phones.get(one.worker_id, "")) for one in goers],
        "may_send": may,
        "waiting": _waiting(goers, at=at) if may else [],
        "may_plan": actor.may(terms.PLAN),
        "rest": left[SHOWN:],
        "now": at,
    }


def _said(offer: Offer) -> str:
    """Return what somebody answered, with the time; "" while nobody knows when."""
    answer = str(terms.OfferAnswer(offer.answer).label)
    when = offer.answered_at or offer.deadline_at
    return _("%(time)s %(said)s") % {"time": formats.clock(when), "said": answer}


def _card(actor: Actor, order: Order | None) -> str:
    """Return where the card for 120 of a help is, "" where the actor does not tell 120."""
    if order is None or order.kind != terms.OrderKind.RESCUE or not actor.may(terms.EMERGENCY):
        return ""
    return reverse("dispatch:card", args=[order.pk])


def _waiting(goers: Iterable[rescue_reads.Goer], *, at: datetime) -> list[tuple[Visit, str]]:
    """Return who waits meanwhile for those who are still on their way to help; 1 query."""
    coming = [one.worker_id for one in goers]
    found = helpers.waiting_for(coming, at=at) if coming else {}
    return [(one, own_words.title(one.order)) for rows in found.values() for one in rows]


def help_panel(request: HttpRequest, line: AlarmLine) -> SafeString | None:
    """Say who goes, or offer who could; nothing on alarms that are of nobody."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    alarm = line.alarm
    if not line.persons and not line.household:
        return None
    context = help_context(actor, alarm.pk, at=timezone.now())
    if context is None or (context["order"] is None and alarm.state == "resolved"):
        return None
    return render_to_string("dispatch/panels/help.html", context, request=request)
