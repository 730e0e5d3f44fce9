"""A provider's week: figures that lead on, and its orders by status."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from songhe.base.access.actor import Actor
from songhe.domains.billing import selectors as billing
from songhe.domains.billing.terms import VIEW_SETTLEMENTS, SettlementState
from songhe.domains.dispatch import terms, week_figures
from songhe.domains.dispatch.planning.weeks import Week
from songhe.domains.dispatch.selectors import NoSuchOrder
from songhe.domains.dispatch.terms import OrderState
from songhe.domains.dispatch.week_figures import OrderLine
from songhe.domains.organizations import selectors as organizations
from songhe.domains.subsidies import selectors as subsidies
from songhe.kit import formats
from songhe.kit.asks import actor_of
from songhe.kit.tables import Column, Table


def _asked(request: HttpRequest, actor: Actor, at: datetime) -> tuple[Week, dict[str, Any]]:
    """Return the week that is asked for, and what every page of it says. Raises NoSuchOrder."""
    found = week_figures.providers(actor)
    wanted = request.GET.get("provider", "")
    chosen = next((row for row in found if str(row.pk) == wanted), found[0] if found else None)
    if chosen is None:
        raise NoSuchOrder
    week = Week(chosen.pk, week_figures.monday(request.GET.get("week", ""), at=at))
    keep = {"provider": str(chosen.pk)} if len(found) > 1 else {}
    frame = {
        "week": week,
        "last_day": week.days[-1],
        "provider": organizations.name_of(chosen),
        "providers": [
            (organizations.name_of(row), _query(week, {"provider": str(row.pk)}), row == chosen)
            for row in found
        ],
        "before": _query(week, keep, days=-7),
        "after": _query(week, keep, days=7),
        "here": _query(week, keep),
    }
    return week, frame


def _query(week: Week, keep: dict[str, str], *, days: int = 0, **more: str) -> str:
    day = (week.monday + timedelta(days=days)).isoformat()
    return "?" + urlencode({"week": day} | keep | more)


class MyWeek(View):
    """The week in one look, each figure with where it leads."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor, now = actor_of(request), timezone.now()
        week, frame = _asked(request, actor, now)
        found = week_figures.figures(actor, week, at=now)
        orders = reverse("dispatch:orders") + frame["here"]
        context = frame | {
            "found": found,
            "states": [
                (state.label, number, f"{orders}&state={state.value}")
                for state, number in found.orders.items()
            ],
            "orders": orders,
            "total": sum(found.orders.values()),
            "samples": reverse("dispatch:samples") + "?days=7",
            "may_sample": actor.may(terms.SAMPLE),
            "may_settle": actor.may(VIEW_SETTLEMENTS),
        } | _money(actor, week.organization_id, now)  # fmt: skip
        return render(request, "dispatch/provider/week.html", context)


def _money(actor: Actor, organization_id: UUID, at: datetime) -> dict[str, Any]:
    """Return what the last month comes to, by payer, persons themselves among them; 4 queries."""
    if not actor.may(VIEW_SETTLEMENTS):
        return {}
    first = timezone.localdate(at).replace(day=1)
    month = (first - timedelta(days=1)).replace(day=1)
    rows = list(billing.settlements(actor, month=month, organization_id=organization_id))
    names = subsidies.programmes_by_code({row.programme for row in rows})
    own, left = billing.own_shares(actor, organization_id=organization_id, month=month)
    return {
        "settlements": [
            {
                "row": row,
                "payer": row.get_payer_display(),
                "name": names[row.programme].name if row.programme in names else row.programme,
                "state": SettlementState(row.state).label,
            }
            for row in rows
        ],
        "month": f"{month:%Y-%m}",
        "own_fen": own,
        "own_left_fen": left,
        "month_fen": own + sum(row.total_fen for row in rows),
    }


class OrderTable(Table):
    """Orders of a week."""

    columns = (
        Column("service", gettext_lazy("Service"), value=lambda line: line.title,
               link=lambda line: reverse("dispatch:order", args=[line.order.pk])),
        Column("person", gettext_lazy("For"),
               value=lambda line: line.person.name if line.person else _("not open to you")),
        Column("begins", gettext_lazy("Begins"),
               value=lambda line: formats.moment(line.order.window.lower)),
        Column("workers", gettext_lazy("Who comes"),
               value=lambda line: line.workers or _("nobody is planned yet")),
        Column("state", gettext_lazy("Status"),
               value=lambda line: OrderState(line.order.state).label),
    )  # fmt: skip
    caption = gettext_lazy("Orders")
    empty = gettext_lazy("No order of this status in this week")


class _Rows:
    """Rows made of one page of a queryset only."""

    def __init__(self, actor: Actor, found: Any) -> None:
        self._actor, self._found = actor, found

    def __len__(self) -> int:
        return int(self._found.count())

    def __getitem__(self, page: slice) -> list[OrderLine]:
        return week_figures.order_lines(self._actor, self._found[page])


class Orders(View):
    """The orders of a week, by status."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor, now = actor_of(request), timezone.now()
        week, frame = _asked(request, actor, now)
        asked = request.GET.get("state", "")
        state = asked if asked in OrderState.values else ""
        tabs = [(_("All"), frame["here"], not state)]
        tabs += [
            (str(one.label), f"{frame['here']}&state={one.value}", state == one.value)
            for one in OrderState
        ]
        found = week_figures.orders_of_week(actor, week, state=state)
        table = OrderTable(request, _Rows(actor, found))
        return render(
            request, "dispatch/provider/orders.html", frame | {"tabs": tabs, "table": table}
        )
