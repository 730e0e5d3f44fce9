"""Telling people by notices: the worker who is asked, the family that somebody goes."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction

from songhe.base.access import giving
from songhe.base.notify import services as notify
from songhe.base.notify.models import Notice
from songhe.base.regions.days import local
from songhe.domains.dispatch import notices, shift_reads, telling
from songhe.domains.dispatch.models import Offer, Order, Visit
from songhe.domains.dispatch.services import ringing
from songhe.domains.dispatch.terms import OrderKind, VisitState

FAMILY = ("family", "guardian", "self")
_KINDS = {
    (OrderKind.RESCUE, VisitState.TOLD): notices.HELP_GOES,
    (OrderKind.RESCUE, VisitState.ARRIVED): notices.HELP_THERE,
    (OrderKind.SERVICE, VisitState.ON_WAY): notices.COMES,
}
_LEADER = "shift_leader"
PAGE = "/work/"


def ask_worker(offer: Offer, *, at: datetime) -> None:
    """Tell a worker within the transaction that she is asked to go now.

    Where the desk sent her, the person's people are rung with it: nobody waits until she answers.
    """
    if offer.asked_by is not None:
        ringing.begin(offer.order, at=at)
    notify.notify(
        user_ids=[offer.worker_id],
        kind=notices.HELP_WANTED,
        params={"region": offer.order.region_code},
        ref=ref_of(offer.order),
        at=at,
        urgent=True,
        url=PAGE,
    )


def tell_worker(visit: Visit, *, at: datetime) -> None:
    """Tell a worker within the transaction of a visit that is planned."""
    begins = local(visit.period.lower)
    notify.notify(
        user_ids=[visit.worker_id],
        kind=notices.VISIT_TOLD,
        params={"day": begins.strftime("%m-%d"), "time": begins.strftime("%H:%M")},
        ref=ref_of(visit.order),
        at=at,
        url=PAGE,
    )


def tell_worker_moved(visit: Visit, *, at: datetime) -> None:
    """Tell a worker within the transaction that she comes at another time than she was told."""
    _tell_time(visit, notices.VISIT_SHIFTED, at=at)


def tell_worker_off(visit: Visit, *, at: datetime) -> None:
    """Tell a worker within the transaction that a visit is not hers any more."""
    _tell_time(visit, notices.VISIT_OFF, at=at)


def tell_worker_back(visit: Visit, *, at: datetime) -> None:
    """Tell a helper within the transaction, at once, that she need not go any more."""
    notify.notify(
        user_ids=[visit.worker_id],
        kind=notices.HELP_OFF,
        params={"region": visit.order.region_code},
        ref=ref_of(visit.order),
        at=at,
        urgent=True,
        url=PAGE,
    )


def _tell_time(visit: Visit, kind: str, *, at: datetime) -> None:
    begins = local(visit.period.lower)
    notify.notify(
        user_ids=[visit.worker_id],
        kind=kind,
        params={"day": begins.strftime("%m-%d"), "time": begins.strftime("%H:%M")},
        ref=ref_of(visit.order),
        at=at,
        url=PAGE,
    )


def tell_changed(order: Order, visit: Visit | None, *, at: datetime) -> None:
    """Tell the person and her family that somebody else comes or at another time; None: nobody."""
    users = {
        line.user_id
        for line in giving.grants_on("people.Person", order.person_id, at=at)
        if line.purpose in FAMILY
    }
    params: dict[str, str] = {"person": str(order.person_id), "order": str(order.pk)}
    kind = notices.COMES_NOT
    if visit is None and order.window is not None:
        params["day"] = local(order.window.lower).strftime("%m-%d")
    if visit is not None:
        begins = local(visit.period.lower)
        kind = notices.COMES_OTHERWISE
        params |= {
            "worker": visit.worker.display_name,
            "day": begins.strftime("%m-%d"),
            "time": begins.strftime("%H:%M"),
        }
    notify.notify(
        user_ids=users,
        kind=kind,
        params=params,
        ref=ref_of(order),
        at=at,
        person_id=order.person_id,
        url=own_page(order),
    )


def ref_of(order: Order) -> str:
    """Return the reference of an order."""
    return f"dispatch.Order/{order.pk}"


def source_of(visit: Visit) -> str:
    """Return what a visit's grant rests on."""
    return f"dispatch.Visit/{visit.pk}"


def own_page(order: Order) -> str:
    """Return where her own people see an order, by the address of their portal."""
    return f"/services/{order.pk}/"


@transaction.atomic
def tell_family(*, visit_id: UUID, state: str, at: datetime) -> None:
    """Tell the person and family that help goes and is there, or that a service is on its way.

    Who has an account gets a notice; her people are rung one after the other, also without
    one. Nothing is told of the reason: it may be read on a locked screen.
    """
    visit = Visit.objects.select_related("order", "worker").get(pk=visit_id)
    order = visit.order
    kind = _KINDS.get((OrderKind(order.kind), VisitState(state)))
    params = {"worker": visit.worker.display_name, "person": str(order.person_id)}
    # A phone without a network tells late: what is over is not told as if it were now.
    if kind is None or (kind == notices.COMES and visit.state != VisitState.ON_WAY):
        return
    if kind == notices.HELP_THERE and visit.state not in (VisitState.ARRIVED, VisitState.WORKING):
        if visit.state != VisitState.DONE or visit.arrived_at is None or visit.ended_at is None:
            return
        kind = notices.HELP_WAS_THERE
        params |= {
            "since": telling.clock(visit.arrived_at),
            "until": telling.clock(visit.ended_at),
        }
    going = kind == notices.HELP_GOES
    users = {
        line.user_id
        for line in giving.grants_on("people.Person", order.person_id, at=at)
        if line.purpose in FAMILY
    }
    notify.notify(
        user_ids=users,
        kind=kind,
        params=params,
        ref=ref_of(order),
        at=at,
        urgent=going,
        person_id=order.person_id,
        url=own_page(order),
    )
    if going:
        ringing.begin(order, at=at)


@transaction.atomic
def tell_shift_over(*, at: datetime) -> int:
    """Tell who leads a desk, once a shift, that its report is there; return how many were told."""
    shift = shift_reads.shift_before(shift_reads.shift_at(at))
    ref = f"dispatch.Shift/{shift.since:%Y%m%d%H}"
    if Notice.objects.filter(ref=ref).exists():
        return 0
    leaders = {line.user_id for line in giving.roles_in(at=at) if line.role == _LEADER}
    since = shift.since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    url = f"/rescues/shift/?since={since}"
    notify.notify(user_ids=leaders, kind=notices.SHIFT_OVER, params={}, ref=ref, at=at, url=url)
    return len(leaders)
