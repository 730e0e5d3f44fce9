"""Taking what phones tell: in any order, days late, twice: each is kept once, and nothing is lost.

A phone tells its own clock with every message, so that we know how wrong it is. What cannot move a
visit any more is kept beside it all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from songhe.base import vault
from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.access.wall import lifted
from songhe.base.events import bus
from songhe.domains.dispatch import events, measuring, places, signing, telling, terms
from songhe.domains.dispatch.models import DoorCode, Happening, Order, Position, Visit
from songhe.domains.dispatch.params import params
from songhe.domains.dispatch.services import orders
from songhe.domains.dispatch.terms import HappeningKind, VisitState, Way
from songhe.domains.dispatch.workflow import VISIT_LIFE
from songhe.domains.people import selectors as people
from songhe.engines.workflow.engine import WrongState
from songhe.kernel.errors import Denied, SongheError

# What moves a visit: the step, and the clock that it sets.
_MOVES = {
    HappeningKind.SET_OFF: ("set_off", "set_off_at"),
    HappeningKind.ARRIVED: ("arrive", "arrived_at"),
    HappeningKind.BEGAN: ("begin", "began_at"),
    HappeningKind.DONE: ("finish", "ended_at"),
    HappeningKind.NOT_DONE: ("give_up", "ended_at"),
}
_ENDS = (HappeningKind.DONE, HappeningKind.NOT_DONE)
_CLOCKS = ("set_off_at", "arrived_at", "arrived_by", "distance_m", "place_reason", "began_at")
_LONGEST_TEXT = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One thing as a phone tells it.

    id: given by the phone when it happened. device_at: its clock then. age_s: how long ago that
    is by its steady clock, where the app ran through. offset_s: how far its clock was ahead of
    ours then, as last known. shown: what was scanned, or the six digits of the family.
    """

    id: UUID
    visit_id: UUID
    kind: HappeningKind
    device_at: datetime
    age_s: float | None = None
    offset_s: float | None = None
    lat: float | None = None
    lon: float | None = None
    accuracy_m: float | None = None
    shown: str = ""
    way: Way = Way.NONE
    step: str = ""
    file: str = ""
    text: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one: taken now, known before, or refused with the error."""

    id: UUID
    state: str
    error: SongheError | None = None


class NotYourVisit(Denied):
    code = "dispatch.not_your_visit"
    message = "This visit is not yours. Your record was not taken; please call the desk."


def take_happenings(
    *, actor: Actor, told: Sequence[Told], sent_at: datetime, at: datetime
) -> list[Answer]:
    """Take what a worker's phone has kept, each in its own transaction; answer each.

    sent_at: the phone's clock now. Raises Denied where the actor is no worker at all.
    """
    if not actor.may(terms.WORK) or actor.user_id is None:
        raise Denied
    ahead_s = (sent_at - at).total_seconds()
    answers = []
    for one in sorted(told, key=lambda one: one.device_at):
        try:
            answers.append(_take(actor, one, ahead_s, at))
        except SongheError as error:
            answers.append(Answer(one.id, "refused", error))
    return answers


def is_clock_wrong(sent_at: datetime, at: datetime) -> bool:
    """Tell whether a phone's clock is off by more than its owner should leave it."""
    return abs((sent_at - at).total_seconds()) > float(params()["clock"]["wrong_s"])


def happened_at(one: Told, ahead_s: float, at: datetime) -> datetime:
    """Return our best estimate of when something was, never in the future.

    By the steady clock of the app where it ran through; else by the phone's clock, less how far it
    was ahead when that was last known, else less how far it is ahead now.
    """
    if one.age_s is not None and one.age_s >= 0:
        return at - timedelta(seconds=one.age_s)
    ahead = ahead_s if one.offset_s is None else one.offset_s
    return min(at, one.device_at - timedelta(seconds=ahead))


@transaction.atomic
def _take(actor: Actor, one: Told, ahead_s: float, at: datetime) -> Answer:
    found = Visit.objects.filter(pk=one.visit_id, worker=actor.user_id).values_list(
        "order", flat=True
    )
    order_id = found.first()
    if order_id is None:
        raise NotYourVisit
    # The order first, then the visit: as everywhere, so that nobody waits in a ring.
    order = Order.objects.select_for_update(of=("self",)).get(pk=order_id)
    visit = Visit.objects.select_for_update(of=("self",)).get(pk=one.visit_id)
    policies.authorise(actor, terms.WORK, visit)
    if one.kind == HappeningKind.PLACE:
        return _on_the_way(actor, visit, order, one, happened_at(one, ahead_s, at), at)
    happening = _kept(actor, visit, order, one, ahead_s, at)
    if happening is None:
        return Answer(one.id, "known")
    if one.lat is not None and one.lon is not None:
        keep_place(actor.user_id, one, happening.at)
    if one.kind in _MOVES:
        _move(actor, visit, order, happening, at)
    return Answer(one.id, "taken")


def _kept(
    actor: Actor, visit: Visit, order: Order, one: Told, ahead_s: float, at: datetime
) -> Happening | None:
    """Write the row, or return None where it is there already.

    A phone tells again what was not answered, so it is looked for first; two at once meet below.
    """
    if Happening.objects.filter(pk=one.id).exists():
        return None
    way, data = _way(order, visit, one)
    data = measuring.kept(data, order, one.step)
    if one.kind == HappeningKind.SIGNATURE:
        data["signed"] = signing.kept(data.get("signed"), order, visit)
    happening = Happening(
        id=one.id,
        visit=visit,
        kind=one.kind,
        user_id=visit.worker_id,
        device_at=one.device_at,
        offset_s=one.offset_s if one.offset_s is not None else ahead_s,
        at=happened_at(one, ahead_s, at),
        received_at=at,
        way=way,
        lat=one.lat,
        lon=one.lon,
        accuracy_m=one.accuracy_m,
        step=one.step[:40],
        file=one.file[:80],
        data=data,
    )
    if one.text.strip():
        text = one.text.strip()[:_LONGEST_TEXT]
        happening.text_sealed = vault.seal(text, field=Happening.TEXT, pk=happening.pk)
    try:
        with transaction.atomic():
            happening.save(force_insert=True)
    except IntegrityError:
        if Happening.objects.filter(pk=one.id).exists():
            return None
        raise
    return happening


def _way(order: Order, visit: Visit, one: Told) -> tuple[Way, dict[str, Any]]:
    """Return how the place was shown, checked; what was shown wrongly is said in the data."""
    data = dict(one.data)
    if one.way == Way.QR or (one.way == Way.CODE and places.is_door_code(one.shown)):
        door = DoorCode.objects.filter(digest=places.digest(one.shown)).first()
        is_here = door is not None and door.home_id == order.home_id
        if is_here and door is not None and door.ended_at is None:
            return Way.QR, data
        data["wrong"] = "qr" if door is None else "old-door" if is_here else "other-door"
    elif one.way == Way.CODE:
        if one.shown.strip() == visit.code:
            return Way.CODE, data
        data["wrong"] = "code"
    return (Way.GPS if one.lat is not None else Way.NONE), data


def _on_the_way(
    actor: Actor, visit: Visit, order: Order, one: Told, was_at: datetime, at: datetime
) -> Answer:
    """Take where a worker is on her way: the last place alone, no trail of it is kept.

    What is told before she set off, after she arrived, or too late to say anything is let fall.
    """
    oldest = at - timedelta(seconds=params()["position"]["stale_s"])
    since = max(oldest, visit.set_off_at or oldest)
    if visit.state != VisitState.ON_WAY or was_at < since or one.lat is None or one.lon is None:
        return Answer(one.id, "known")
    if not keep_place(actor.user_id, one, was_at):
        return Answer(one.id, "known")
    if order.kind == terms.OrderKind.RESCUE:  # the desk looks on
        telling.announce(order, at=at)
    return Answer(one.id, "taken")


def keep_place(user_id: UUID | None, one: Told, was_at: datetime) -> bool:
    """Remember where the worker was last, unless something newer is known; tell whether it is."""
    standing = Position.objects.filter(user=user_id).first()
    if standing is not None and standing.at >= was_at:
        return False
    Position.objects.update_or_create(
        user_id=user_id,
        defaults={"lat": one.lat, "lon": one.lon, "accuracy_m": one.accuracy_m, "at": was_at},
    )
    return True


def _move(actor: Actor, visit: Visit, order: Order, happening: Happening, at: datetime) -> None:
    """Bring the visit forward; what is told late of an earlier step sets its clock alone."""
    step, clock = _MOVES[HappeningKind(happening.kind)]
    changes: dict[str, Any] = {}
    if getattr(visit, clock) is None or (
        happening.kind not in _ENDS and happening.at < getattr(visit, clock)
    ):
        changes[clock] = happening.at
    if happening.kind == HappeningKind.ARRIVED and clock in changes:
        changes |= _arrival(visit, order, happening)
    if happening.kind == HappeningKind.NOT_DONE and not visit.why_not:
        why = str(happening.data.get("why", ""))
        known = why in terms.WhyNot.values
        changes["why_not"] = why if known else terms.WhyNot.OTHER
    if happening.kind == HappeningKind.DONE:
        changes["missing"] = list(happening.data.get("missing", []))[:50]
    try:
        with transaction.atomic():
            VISIT_LIFE.advance(visit, step, actor=actor, at=at, changes=changes)
    except WrongState:
        # Later than what was told before, or after its end: the clock is set, nothing moves.
        late = {name: value for name, value in changes.items() if name in _CLOCKS}
        if late and visit.state != VisitState.CANCELLED:
            Visit.objects.filter(pk=visit.pk).update(**late)
        return
    orders.follow(order, at=at, note=visit.why_not)
    bus.publish(
        events.VisitMoved(
            visit_id=visit.pk, order_id=order.pk, person_id=order.person_id, state=visit.state
        )
    )
    telling.announce(order, at=at, users=[visit.worker_id])


def _arrival(visit: Visit, order: Order, happening: Happening) -> dict[str, Any]:
    """Return how the arrival was shown, and how far from the home; far away asks for a reason."""
    reason = str(happening.data.get("reason", ""))[:200]
    # Days later the home is not open to the worker any more; how far it was is asked all the same.
    with lifted():
        home = people.homes_by_id([order.home_id]).get(order.home_id) if order.home_id else None
    there = places.point(home.lat, home.lon) if home is not None else None
    return {
        "arrived_by": happening.way,
        "distance_m": places.apart_m(places.point(happening.lat, happening.lon), there),
        "place_reason": reason,
    }


def forget_places(*, at: datetime) -> int:
    """Throw away places of workers that are too old to say who is near; return how many."""
    oldest = at - timedelta(seconds=params()["position"]["stale_s"])
    return Position.objects.filter(at__lt=oldest).delete()[0]
