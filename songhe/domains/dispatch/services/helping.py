"""A worker herself needs help: her desk hears of it at once, on every channel, with her place."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from songhe.base.access import selectors as access
from songhe.base.access.actor import Actor
from songhe.base.access.wall import lifted
from songhe.base.audit import services as audit
from songhe.base.database import locks
from songhe.base.notify import selectors as told_of
from songhe.base.notify import services as notify
from songhe.base.notify.models import Notice
from songhe.base.regions.days import local
from songhe.domains.dispatch import notices, own_calls, places, terms, worker_calls
from songhe.domains.dispatch.models import Visit
from songhe.domains.dispatch.params import params
from songhe.domains.dispatch.services.happenings import (
    Answer,
    Told,
    happened_at,
    keep_place,
    take_happenings,
)
from songhe.domains.dispatch.services.visits import NotAWorker
from songhe.domains.dispatch.terms import VisitState
from songhe.domains.organizations import selectors as organizations
from songhe.kernel.errors import Denied, Unavailable

_ONE_CALL = timedelta(minutes=30)  # presses within it are one call while nobody has opened it
_ABOUT = (VisitState.ON_WAY, VisitState.ARRIVED, VisitState.WORKING)
_TEXT = 200


class NobodyAtTheDesk(Unavailable):
    code = "dispatch.nobody_at_the_desk"
    message = "Nobody of your desk can be told from here. Call 110 or 120."


def call_for_help(
    *, actor: Actor, told: Told, visit_id: UUID | None, sent_at: datetime, at: datetime
) -> Answer:
    """Tell the worker's desk that she needs help; told twice it is the same call,
    and so is a second press while nobody at the desk has opened the first.

    It is never refused for the visit's sake: one that is not hers is left out. Raises Denied where
    the actor is no worker, NobodyAtTheDesk.
    """
    if not actor.may(terms.WORK) or actor.user_id is None:
        raise Denied
    visit = Visit.objects.filter(pk=visit_id, worker=actor.user_id).first() if visit_id else None
    if visit is not None:
        take_happenings(actor=actor, told=[told], sent_at=sent_at, at=at)
    ahead_s = (sent_at - at).total_seconds()
    return Answer(told.id, _tell_desk(actor, told, visit, happened_at(told, ahead_s, at), at))


@transaction.atomic
def _tell_desk(
    actor: Actor, told: Told, visit: Visit | None, was_at: datetime, at: datetime
) -> str:
    """Tell the desk, or add to a call that nobody there has opened yet.

    Told again with its place, where the phone found that later, the desk reads the place.
    """
    worker_id = actor.user_id
    if worker_id is None:
        raise Denied
    url = own_calls.url_of(worker_id)
    ref = f"dispatch.Happening/{told.id}"
    # two sendings, and two presses, wait for each other
    locks.hold(url)
    if told.lat is not None and told.lon is not None:
        keep_place(worker_id, told, was_at)
    calls = own_calls.calls_of(worker_id, at=at)
    known = next((one for one in calls if str(told.id) in one.presses), None)
    latest = next(iter(calls), None)
    last = local(was_at).strftime("%H:%M")
    with lifted():
        if known is not None or told_of.deliveries_of(ref):
            if known is not None and known.params and told.lat is not None:
                _amend(known, _where(actor, told, visit, at), at)
            return "known"
        if (
            latest is not None
            and latest.params
            and latest.seen_at is None
            and at - latest.made_at < _ONE_CALL
        ):
            more = {"presses": [*latest.presses, str(told.id)], "last": last}
            where = _where(actor, told, visit, at) if told.lat is not None else {}
            text = {"text": told.text[:_TEXT]} if told.text else {}
            _amend(latest, more | where | text, at)
            return "taken"
        desk: set[UUID | None] = set()
        for held in actor.roles:
            if held.organization_id is not None and held.carries(terms.WORK):
                desk |= access.carrying(terms.SEND, organization_id=held.organization_id, at=at)
        desk.discard(worker_id)
        if not desk:
            raise NobodyAtTheDesk
        phone = organizations.phones_of([worker_id], at=at)
        notify.notify(
            user_ids=[user_id for user_id in desk if user_id is not None],
            kind=notices.WORKER_HELP,
            params={
                "worker": actor.display_name,
                "time": last,
                "phone": next(iter(phone.values()), ""),
                "text": told.text[:_TEXT],
                "presses": [str(told.id)],
                "last": last,
            }
            | _where(actor, told, visit, at),
            ref=ref,
            at=at,
            urgent=True,
            url=url,
        )
    return "taken"


def _amend(call: own_calls.OwnCall, changes: dict[str, Any], at: datetime) -> None:
    params = dict(call.params) | changes
    notify.amend(ref=call.ref, kind=notices.WORKER_HELP, params=params, at=at)


def _where(actor: Actor, told: Told, visit: Visit | None, at: datetime) -> dict[str, Any]:
    """Return where she is: the order at whose home, the nearest community, else the place.

    A home is meant where her phone is near its door, or says nothing and she has arrived there;
    its address is read by those alone who may (``notices.py``). A place far from every community
    (away_km) says nothing.
    """
    if actor.user_id is None:
        return {}
    rows = Visit.objects.filter(worker=actor.user_id).select_related("order__home")
    own = rows.filter(pk=visit.pk) if visit is not None else rows.filter(state__in=_ABOUT)
    at_work = own.first()
    home = at_work.order.home if at_work is not None else None
    here = places.point(told.lat, told.lon)
    organization = organizations.organization_of_user(actor.user_id, at=at)
    nearest = None
    if organization is not None:
        nearest = worker_calls.nearest_community(organization.region_code, here)
    away_km = nearest.away_km if nearest is not None else None
    if away_km is not None:
        here = nearest = None
    away = places.apart_m(here, places.point(home.lat, home.lon) if home is not None else None)
    near_m = float(params()["door"]["near_m"]) + (told.accuracy_m or 0.0)
    inside = at_work is not None and at_work.state in (VisitState.ARRIVED, VisitState.WORKING)
    is_there = home is not None and (away <= near_m if away is not None else inside)
    order = at_work.order if at_work is not None and is_there else None
    region = nearest.community.code if nearest is not None else ""
    is_known = is_there or nearest is not None or here is None
    return {
        "order": str(order.pk) if order is not None else "",
        "region": region or (order.region_code if order is not None else ""),
        "place": "" if is_known or here is None else f"{here[0]:.5f}, {here[1]:.5f}",
        "away_km": away_km,
    }


@transaction.atomic
def see_call(*, actor: Actor, worker_id: UUID, at: datetime) -> None:
    """Somebody at the desk opened a worker's call: it is read.

    Her phone learns so at once, and the colleagues at the desk who she is now with.
    """
    unread = told_of.notices_of(actor, only_unread=True).filter(
        kind=notices.WORKER_HELP, url=own_calls.url_of(worker_id)
    )
    mine = dict(unread.values_list("pk", "ref"))
    for notice_id in mine:
        notify.open_notice(actor=actor, notice_id=notice_id, at=at)
        notify.announce(worker_id, notice_id, at=at)
    if mine:
        with lifted():
            others = Notice.objects.filter(ref__in=mine.values(), read_at=None)
            for user_id, notice_id in others.values_list("user_id", "pk"):
                notify.announce(user_id, notice_id, at=at)


@transaction.atomic
def send_colleague(*, actor: Actor, worker_id: UUID, colleague_id: UUID, at: datetime) -> str:
    """Ask a colleague to go to a worker who called for help, on every channel; return her name.

    Where the desk may see the home at which she is, its address is opened to the colleague for
    three hours, without whose it is. The worker reads who was asked. Raises NoSuchCall; NotAWorker
    for who does not work there.
    """
    call = worker_calls.call_of(actor, worker_id, at=at)
    names = {one.user_id: one.name for one, _phone in call.colleagues}
    if colleague_id not in names:
        raise NotAWorker
    with lifted():
        if any(line.user_id == colleague_id for line in told_of.deliveries_of(call.ref)):
            return names[colleague_id]
    known = next(iter(own_calls.calls_of(worker_id, at=at))).params
    place = call.place if call.away_km is None else None
    here = "" if place is None else f"{place[0]:.5f}, {place[1]:.5f}"
    order = str(known.get("order", ""))
    is_open = bool(order and notices.address_of(actor, order))
    region = str(known.get("region", "")) or call.near_code
    made = notify.notify(
        user_ids=[colleague_id],
        kind=notices.GO_TO_WORKER,
        params={
            "worker": call.name,
            "phone": call.phone,
            "text": "",
            "region": region,
            "place": str(known.get("place", "")) or here,
            "map": here,
            "order": order if is_open else "",
            "until": (at + own_calls.GOING).isoformat() if is_open else "",
        },
        ref=call.ref,
        at=at,
        urgent=True,
        url="/work/",
    )
    audit.record_change(
        actor=actor,
        action=terms.SEND,
        ref=f"accounts.User/{worker_id}",
        at=at,
        detail={"colleague": str(colleague_id)} | ({"home_of": order} if is_open else {}),
    )
    for notice_id in made:
        notify.announce(worker_id, notice_id, at=at)
    return names[colleague_id]
