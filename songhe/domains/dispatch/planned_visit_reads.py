"""One planned visit as who plans sees it: where it stands, and why its worker makes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.accounts.models import User
from songhe.domains.dispatch import plan_words, planning, terms
from songhe.domains.dispatch.models import Order, Visit
from songhe.domains.dispatch.plan_reads import plans_of, standing, what_of
from songhe.domains.dispatch.planning import Week
from songhe.domains.dispatch.terms import OrderKind
from songhe.domains.people import selectors as people
from songhe.kit import formats


@dataclass(frozen=True, slots=True)
class VisitView:
    """One visit with why its worker makes it. by_hand: somebody moved it since it was planned."""

    visit: Visit
    order: Order
    week: Week
    who: str
    what: str
    when: str
    window: str
    why: list[str]
    second: str
    usual: str
    by_hand: bool
    mark: str


def visit_view(actor: Actor, visit: Visit, order: Order) -> VisitView:
    """Return a visit of an order that was opened to the actor, with its explanation."""
    window: Any = order.window
    if order.organization_id is None or window is None:
        raise ValueError("a planned service has a provider and a window")
    week = planning.week_of(order.organization_id, timezone.localdate(window.lower))
    plan = standing(plans_of(week))
    entry = next(
        (
            one
            for one in (plan.reasons.get(str(order.pk), []) if plan else [])
            if one["worker"] == str(visit.worker_id)
            and one["start"] == week.minute(visit.period.lower)
        ),
        None,
    )
    named = {entry["second"], entry.get("usual", "")} - {""} if entry else set()
    names = {one: _name_of(one) for one in named}
    who = people.person_views(actor, [order.person_id]).get(order.person_id)
    return VisitView(
        visit=visit,
        order=order,
        week=week,
        who=who.name if who else "–",
        what=what_of(order),
        when=f"{formats.moment(visit.period.lower)}–{formats.clock(visit.period.upper)}",
        window=f"{formats.moment(window.lower)}–{formats.clock(window.upper)}",
        why=plan_words.why_words(entry["why"]) if entry else [],
        second=plan_words.second_words(entry, names) if entry else "",
        usual=plan_words.usual_words(entry, names) if entry else "",
        by_hand=entry is None,
        mark=planning.mark_of(visit.worker_id, visit.period.lower),
    )


def visit_of(actor: Actor, visit_id: UUID) -> Visit | None:
    """Return a visit of a service that is open to the actor for planning."""
    rows = Visit.objects.filter(pk=visit_id, order__kind=OrderKind.SERVICE)
    return policies.scope(actor, rows, terms.PLAN).select_related("worker").first()


def _name_of(user_id: str) -> str:
    """Return what a worker is called."""
    found = User.objects.filter(pk=user_id).values_list("display_name", flat=True).first()
    return found or _("somebody else")
