"""A call by telephone: help that runs already takes it in; a stranger is registered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from songhe.base import vault
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.audit import services as audit
from songhe.base.database import locks
from songhe.base.regions import selectors as regions
from songhe.domains.dispatch import selectors, telling, terms
from songhe.domains.dispatch.models import Order
from songhe.domains.dispatch.services import orders
from songhe.domains.dispatch.services.telling_alarms import alarm_of
from songhe.domains.dispatch.terms import OrderKind, Source
from songhe.domains.monitoring import selectors as alarms
from songhe.domains.monitoring import services as monitoring
from songhe.domains.people import selectors as people
from songhe.domains.people import services as register
from songhe.domains.people.terms import NO_NAME, FactKind, Living
from songhe.engines.alarms.terms import Priority
from songhe.kernel.errors import Denied, Invalid

NOBODY_KNOWS = "unverified"
_OLDEST = 120


class NoAddress(Invalid):
    code = "dispatch.no_address"
    message = "Where somebody should go must be known: choose the community and write the address."


class BadAge(Invalid):
    code = "dispatch.bad_age"
    message = "Please give the age in years, from 0 to 120."


@dataclass(frozen=True, slots=True)
class Called:
    """What became of a call: the order, or the alarm that it was added to; whether it joined."""

    order: Order | None
    alarm_id: UUID | None = None
    has_joined: bool = False


@transaction.atomic
def take_call(*, actor: Actor, person_id: UUID, note: str, at: datetime) -> Called:
    """Take a call for help: of a person for whom a help runs, or an urgent alarm is open, it joins.

    What was said stands with what runs. Raises NoSuchPerson, PersonHasDied, Denied.
    """
    person = people.choose_person(actor, people.VIEW, person_id)
    running = selectors.open_orders(actor, kind=OrderKind.RESCUE).filter(person=person.id)
    pk = running.values_list("pk", flat=True).first()
    if pk is not None and actor.may(terms.MAKE):
        order = orders.locked(actor, terms.MAKE, pk)
        _add(actor, order, note, at)
        return Called(order, has_joined=True)
    urgent = alarms.open_alarms(actor).filter(person=person.id, priority=Priority.HIGH)
    alarm = urgent.first()
    if alarm is not None and actor.may(terms.MAKE):
        monitoring.note_alarm(actor=actor, alarm_id=alarm.pk, text=_said(note), at=at)
        return Called(None, alarm.pk, has_joined=True)
    order = orders.make_order(
        actor=actor,
        kind=OrderKind.RESCUE,
        source=Source.CALL,
        person_id=person.id,
        note=note,
        at=at,
    )
    return Called(order)


def _said(note: str) -> str:
    return f"☎ {note.strip() or _('called again, nothing was noted')}"


def _add(actor: Actor, order: Order, note: str, at: datetime) -> None:
    """Put what was said now below what was said before; the alarm's course has it too."""
    said = _said(note).replace("☎", f"☎ {telling.clock(at)}", 1)
    before = ""
    if order.note_sealed is not None:
        before = vault.unseal(order.note_sealed, field=Order.NOTE, pk=order.pk)
    text = "\n".join(filter(None, (before, said)))
    order.note_sealed = vault.seal(text, field=Order.NOTE, pk=order.pk)
    order.save(update_fields=["note_sealed"])
    audit.record_change(
        actor=actor, action=terms.MAKE, ref=f"dispatch.Order/{order.pk}", at=at,
        detail={"joined": True},
    )  # fmt: skip
    alarm_id = alarm_of(order)
    if alarm_id is not None:
        monitoring.note_alarm(actor=actor, alarm_id=alarm_id, text=_said(note), at=at)
    telling.announce(order, at=at)


@transaction.atomic
def take_call_of_stranger(
    *,
    actor: Actor,
    region_code: str,
    address: str,
    name: str,
    sex: str,
    age: int | None,
    phone: str,
    note: str,
    key: UUID,
    at: datetime,
) -> Called:
    """Take a call for somebody whom nobody knows: registered with what was said, to be looked at.

    key: of the page that asked; the same key gives the same order.

    Her birthday stays open; how old she seems is a fact to know, until the registrar records her ID
    number or merges her with whom she is. Raises NoAddress, BadAge, Denied.
    """
    if not actor.covers(terms.MAKE, region_code):
        raise Denied
    if not address.strip() or not regions.by_code([region_code]):
        raise NoAddress(field="address")
    if age is not None and not 0 <= age <= _OLDEST:
        raise BadAge(field="age")
    ref = f"call/{key}"
    locks.hold(ref)
    standing = Order.objects.filter(source_ref=ref, asked_by=actor.user_id).first()
    if standing is not None:
        return Called(standing)
    person = register.register_resident(
        actor=SYSTEM,
        name=name.strip() or NO_NAME,
        sex=sex or "unknown",
        birth_on=None,
        region_code=region_code,
        address=address.strip(),
        phone=phone,
        living=Living.UNKNOWN,
        at=at,
    )
    known = "" if age is None else f"，约 {age} 岁"
    register.add_fact(
        actor=SYSTEM, person_id=person.pk, kind=FactKind.RISK, code=NOBODY_KNOWS,
        text_zh=f"电话登记，身份未核实{known}",
        text_en="Registered by phone, not verified" + (f", about {age}" if age is not None else ""),
        rank=1, at=at,
    )  # fmt: skip
    order = orders.make_order(
        actor=actor,
        kind=OrderKind.RESCUE,
        source=Source.CALL,
        source_ref=ref,
        person_id=person.pk,
        note=note,
        at=at,
    )
    return Called(order)
