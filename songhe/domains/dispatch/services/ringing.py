"""Ringing a person's own people when somebody is sent: one after the other, until one confirms.

Each ring is a message of the gateway with a key that says whose turn it was; what the gateway told
of it is the proof. Family doctors and workers are not rung: they are sent or called by people.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from songhe.base.access.actor import SYSTEM
from songhe.base.access.wall import lifted
from songhe.base.outside import services as outside
from songhe.base.outside.models import OutsideMessage
from songhe.domains.dispatch import telling, terms
from songhe.domains.dispatch.models import Order
from songhe.domains.dispatch.params import params
from songhe.domains.dispatch.rings import MARK, prefix_of, to_ring, turn_of
from songhe.domains.dispatch.services.telling_alarms import alarm_of
from songhe.domains.monitoring import services as monitoring
from songhe.kernel.errors import Invalid, Unavailable

_LONGEST = timedelta(hours=1)
State = OutsideMessage.State


def begin(order: Order, *, at: datetime) -> None:
    """Ring the first, within the caller's transaction; an order rings once."""
    with lifted():
        if not OutsideMessage.objects.filter(key__startswith=prefix_of(order.pk)).exists():
            _ring(order, 0, at)


def _ring(order: Order, turn: int, at: datetime) -> None:
    """Ring whose turn it is, or the next whom the gateway takes; nobody where none is left."""
    with override("zh-hans"):
        text = _(
            "[Songhe] Help was called for at home, and somebody is being sent. Press 1 when you"
            " have heard this."
        )
    for number, contact in enumerate(to_ring(order.person_id)):
        if number < turn or contact.phone is None:
            continue
        try:
            outside.send_message(
                channel=OutsideMessage.Channel.VOICE,
                to=contact.phone,
                text=text,
                ref=f"dispatch.Order/{order.pk}",
                at=at,
                key=f"{prefix_of(order.pk)}{number}",
            )
        except (Unavailable, Invalid):
            continue  # the page says that she was not rung; the desk calls by itself
        return


@transaction.atomic
def take_answer(*, key: str, state: str, at: datetime) -> None:
    """Write down what a ring gave, and ring the next where nobody has confirmed."""
    if MARK not in key or not key.startswith("dispatch.Order/"):
        return
    pk = UUID(key.removeprefix("dispatch.Order/").partition("/")[0])
    order = Order.objects.select_for_update(of=("self",)).filter(pk=pk).first()
    if order is None:
        return
    turn, alarm_id = turn_of(key), alarm_of(order)
    contacts = to_ring(order.person_id)
    if alarm_id is not None and turn < len(contacts):
        monitoring.note_alarm(
            actor=SYSTEM, alarm_id=alarm_id, text="", called=contacts[turn].name,
            reached=state in (State.ANSWERED, State.CONFIRMED), at=at,
        )  # fmt: skip
    _go_on(order, turn, at)
    telling.announce(order, at=at)


def _go_on(order: Order, turn: int, at: datetime) -> None:
    rows = OutsideMessage.objects.filter(key__startswith=prefix_of(order.pk))
    rings = {row.key: row.state for row in rows if row.key is not None}
    is_last = turn == max(map(turn_of, rings), default=turn)
    if State.CONFIRMED not in rings.values() and is_last and order.state in terms.OPEN_ORDERS:
        _ring(order, turn + 1, at)


def ring_on(*, at: datetime) -> int:
    """Ring the next where a gateway has told nothing of a ring; return for how many orders."""
    silent = timedelta(seconds=params()["family"]["answer_s"])
    rows = OutsideMessage.objects.filter(
        channel=OutsideMessage.Channel.VOICE, state=State.SENT, key__contains=MARK,
        sent_at__gt=at - _LONGEST, sent_at__lte=at - silent,
    )  # fmt: skip
    keys = [key for key in rows.values_list("key", flat=True) if key is not None]
    return sum(_pass_on(key, at) for key in keys)


@transaction.atomic
def _pass_on(key: str, at: datetime) -> bool:
    pk = UUID(key.removeprefix("dispatch.Order/").partition("/")[0])
    order = Order.objects.select_for_update(of=("self",)).get(pk=pk)
    before = OutsideMessage.objects.filter(key__startswith=prefix_of(pk)).count()
    _go_on(order, turn_of(key), at)
    return OutsideMessage.objects.filter(key__startswith=prefix_of(pk)).count() > before
