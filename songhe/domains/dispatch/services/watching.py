"""A rescue that stands still is told to the desk: nobody goes, or nothing is heard of who went."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from songhe.base.access import selectors as access
from songhe.base.notify import services as notify
from songhe.base.notify.models import Notice
from songhe.domains.dispatch import helpers, notices, telling, terms
from songhe.domains.dispatch.lateness import due_at, quiet_since
from songhe.domains.dispatch.models import EmergencyReport, Offer, Order, Visit
from songhe.domains.dispatch.params import params
from songhe.domains.dispatch.services.telling_alarms import alarm_of
from songhe.domains.dispatch.services.telling_people import ref_of
from songhe.domains.dispatch.terms import OfferAnswer, OrderKind
from songhe.domains.monitoring import services as monitoring
from songhe.domains.monitoring.terms import HelpStep
from songhe.domains.organizations import selectors as organizations
from songhe.engines.workflow.models import Transition


def tell_still(*, at: datetime) -> int:
    """Tell the desks of every rescue that stands still; return of how many they were told.

    That nobody goes is told again and again; that a helper is late once for each of her steps.
    What was told is known by its notice, so that a restart or a second process tells nothing twice.
    """
    rows = Order.objects.filter(kind=OrderKind.RESCUE, state__in=terms.OPEN_ORDERS)
    return sum(_look(pk, at) for pk in rows.values_list("pk", flat=True))


def minutes_of(visit: Visit) -> float | None:
    """Return how far away a helper was taken to be when she was asked; 1 query."""
    taken = Offer.objects.filter(
        order=visit.order_id, worker=visit.worker_id, answer=OfferAnswer.TAKEN
    )
    return taken.order_by("-sent_at").values_list("travel_minutes", flat=True).first()


@transaction.atomic
def _look(order_id: UUID, at: datetime) -> bool:
    rows = Order.objects.select_for_update(of=("self",), skip_locked=True)
    order = rows.filter(pk=order_id, state__in=terms.OPEN_ORDERS).first()
    if order is None:
        return False
    visits = Visit.objects.filter(order=order, state__in=terms.OPEN_VISITS)
    going = list(visits.select_related("worker"))
    if going:
        return any([_late(order, visit, at) for visit in going])
    return _nobody(order, at)


def _nobody(order: Order, at: datetime) -> bool:
    """Tell that nobody goes: at once when the last who was asked does not, else after a while."""
    offers = Offer.objects.filter(order=order)
    if offers.filter(answer=OfferAnswer.OPEN).exists():
        return False
    if EmergencyReport.objects.filter(order=order).exists():  # 120 goes
        return False
    figures = params()["rescue"]
    refused = offers.filter(answer__in=(OfferAnswer.MISSED, OfferAnswer.REFUSED))
    last = refused.order_by("-answered_at").values_list("answered_at", flat=True).first()
    stands = Transition.objects.filter(ref=ref_of(order)).order_by("-at")
    since = stands.values_list("at", flat=True).first() or order.asked_at
    due = last if last and last >= since else since + timedelta(seconds=figures["nobody_s"])
    told = Notice.objects.filter(ref=ref_of(order), kind=notices.NOBODY_GOES)
    said = told.order_by("-made_at").values_list("made_at", flat=True).first()
    if said is not None and said >= due:
        due = said + timedelta(seconds=figures["again_s"])
    if at < due:
        return False
    return _tell(order, notices.NOBODY_GOES, {}, ref=ref_of(order), at=at)


def _late(order: Order, visit: Visit, at: datetime) -> bool:
    due, since = due_at(visit, minutes_of(visit)), quiet_since(visit)
    if due is None or since is None or at < due:
        return False
    if helpers.expected([order], [visit], at=at):  # her phone has told where she is
        return False
    ref = f"dispatch.Visit/{visit.pk}"
    if Notice.objects.filter(ref=ref, kind=notices.HELP_LATE, made_at__gte=since).exists():
        return False
    phone = organizations.phones_of([visit.worker_id], at=at).get(visit.worker_id, "")
    name = visit.worker.display_name
    params_of = {"worker": name, "phone": phone, "time": telling.clock(since)}
    told = _tell(order, notices.HELP_LATE, params_of, ref=ref, at=at)
    alarm_id = alarm_of(order)
    if told and alarm_id is not None:
        monitoring.tell_help(alarm_id=alarm_id, step=HelpStep.LATE, who=name, at=at)
    return told


def _tell(order: Order, kind: str, given: dict[str, str], *, ref: str, at: datetime) -> bool:
    if order.organization_id is None:
        return False
    desk = access.carrying(terms.SEND, organization_id=order.organization_id, at=at)
    notify.notify(
        user_ids=desk,
        kind=kind,
        params={"person": str(order.person_id), **given},
        ref=ref,
        at=at,
        urgent=True,
        person_id=order.person_id,
        url=f"/orders/{order.pk}/",
    )
    telling.announce(order, at=at)
    return bool(desk)
