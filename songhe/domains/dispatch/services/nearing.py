"""Telling a person and her family that who comes is near, once a visit."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from songhe.base.access import giving
from songhe.base.notify import services as notify
from songhe.base.notify.models import Notice
from songhe.domains.dispatch import helpers, notices, telling
from songhe.domains.dispatch.models import Visit
from songhe.domains.dispatch.params import params
from songhe.domains.dispatch.services.telling_people import FAMILY, own_page
from songhe.domains.dispatch.terms import OrderKind, VisitState


def tell_near(*, at: datetime) -> int:
    """Tell the families of those to whom somebody is now near; return for how many visits.

    Near is by what her phone told last (where she set out, or since): the way from there less the
    time gone since is at most `near.minutes`. Without a place nothing is guessed. What was told is
    known by its notice, so that a restart or a second process tells nothing twice.
    """
    rows = Visit.objects.filter(state=VisitState.ON_WAY, order__kind=OrderKind.SERVICE)
    return sum(_tell(pk, at) for pk in rows.values_list("pk", flat=True))


@transaction.atomic
def _tell(visit_id: UUID, at: datetime) -> bool:
    rows = Visit.objects.select_for_update(of=("self",), skip_locked=True)
    visit = rows.select_related("order__home", "worker").filter(pk=visit_id).first()
    if visit is None or visit.state != VisitState.ON_WAY:
        return False
    ref = f"dispatch.Visit/{visit.pk}"
    if Notice.objects.filter(ref=ref, kind=notices.NEAR).exists():
        return False
    order = visit.order
    left = helpers.minutes_left(order, visit, at=at)
    if left is None or left > int(params()["near"]["minutes"]):
        return False
    users = {
        line.user_id
        for line in giving.grants_on("people.Person", order.person_id, at=at)
        if line.purpose in FAMILY
    }
    until = at + timedelta(minutes=left)
    notify.notify(
        user_ids=users,
        kind=notices.NEAR,
        params={
            "worker": visit.worker.display_name,
            "person": str(order.person_id),
            "time": telling.clock(until),
        },
        ref=ref,
        at=at,
        person_id=order.person_id,
        url=own_page(order),
    )
    telling.announce(order, at=at)
    return bool(users)
