"""Whom the platform told of a help by itself, and what shows that they were reached."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from django.utils.translation import gettext as _

from songhe.base.access.wall import lifted
from songhe.base.notify import selectors as notices_of
from songhe.base.notify.selectors import Told
from songhe.base.notify.terms import Channel, Proof, State
from songhe.base.outside import services as outside
from songhe.base.outside.models import OutsideMessage
from songhe.domains.dispatch import notices, rings
from songhe.domains.dispatch.models import Order
from songhe.domains.people.selectors import ContactLine, PersonView
from songhe.kit import formats

Ring = OutsideMessage.State


@dataclass(frozen=True, slots=True)
class Line:
    """One who was told. kind: done, wait, lost, none (the words say it; never colour alone)."""

    name: str
    role: str
    words: str
    time: str
    iso: str
    kind: str


def lines(
    order: Order, person: PersonView | None, waiting: Collection[UUID] = (), *, at: datetime
) -> list[Line]:
    """Return who was rung and who was told by notices, of an order that was opened; 3 queries.

    waiting: the workers of whom an answer is waited for; of the others the answer says enough.
    """
    return [*_rings(order, person, at=at), *_notices(order, waiting, at=at)]


def _rings(order: Order, person: PersonView | None, *, at: datetime) -> list[Line]:
    with lifted():  # the caller has opened the order
        rows = OutsideMessage.objects.filter(key__startswith=rings.prefix_of(order.pk))
        rung = {rings.turn_of(row.key or ""): row for row in rows}
        contacts = rings.to_ring(order.person_id) if rung or not outside.can_send() else []
    if contacts and not outside.can_send():
        words = _("nobody is rung by this install: please call yourself")
        return [Line(_("Family"), "", words, "", "", "lost")]
    sees = person is not None and "contact" in person.fields
    found = []
    for turn in range(max(rung, default=-1) + 1):
        contact, row = _of(contacts, turn, rung.get(turn)), rung.get(turn)
        name = contact.name if contact is not None and sees else ""
        role = contact.relation if contact is not None else ""
        found.append(_ring(name, role, row, at))
    return found


def _of(contacts: list[ContactLine], turn: int, row: OutsideMessage | None) -> ContactLine | None:
    """Return whose turn it was; who was rung is known by the end of the number."""
    tail = row.to_tail if row is not None else None
    own = contacts[turn] if turn < len(contacts) else None
    if tail is None or (own is not None and (own.phone or "").endswith(tail)):
        return own
    return next((one for one in contacts if (one.phone or "").endswith(tail)), None)


def _ring(name: str, role: str, row: OutsideMessage | None, at: datetime) -> Line:
    if row is None:
        return Line(name, role, _("could not be rung: the number is not taken"), "", "", "lost")
    moment = row.told_at or row.sent_at
    words, kind = {
        Ring.SENT: (_("is being rung"), "wait"),
        Ring.CONFIRMED: (_("heard it and pressed 1"), "done"),
        Ring.ANSWERED: (_("answered, but did not press 1"), "lost"),
    }.get(Ring(row.state), (_("did not answer"), "lost"))
    return Line(
        name or f"…{row.to_tail}", role, words, formats.clock_or_day(moment, at),
        moment.isoformat(), kind,
    )  # fmt: skip


def _notices(order: Order, waiting: Collection[UUID], *, at: datetime) -> list[Line]:
    roles = {
        notices.HELP_WANTED: _("asked"),
        notices.HELP_GOES: _("told who goes"),
        notices.HELP_THERE: _("told that help is there"),
        notices.HELP_WAS_THERE: _("told that help was there"),
    }
    return told_of(f"dispatch.Order/{order.pk}", roles, waiting, at=at)


def told_of(
    ref: str, roles: Mapping[str, str], waiting: Collection[UUID] = (), *, at: datetime
) -> list[Line]:
    """Return one line for each who was told of something, by the kind of notice; 1 query."""
    told = notices_of.deliveries_of(ref)
    return [
        _notice(some, roles[some[0].kind], at)
        for _id, rows in groupby(told, key=lambda one: one.notice_id)
        if (some := list(rows))[0].kind in roles
        and (some[0].kind != notices.HELP_WANTED or some[0].user_id in waiting)
    ]


def _notice(rows: Iterable[Told], role: str, at: datetime) -> Line:
    some = list(rows)
    proven = sorted((row.proven_at, row.proof) for row in some if row.proven_at is not None)
    name = some[0].user_name
    if proven:
        moment, proof = proven[0]
        words, time = str(Proof(proof).label), formats.clock_or_day(moment, at)
        return Line(name, role, words, time, moment.isoformat(), "done")
    waits = [row for row in some if row.state not in (State.FAILED, State.SPARED)]
    tried = [row for row in waits if row.channel != Channel.PAGE]
    made = some[0].made_at
    time = formats.clock_or_day(made, at)
    if tried or not any(row.channel != Channel.PAGE for row in some):
        words = _("not known yet whether it arrived")
        return Line(name, role, words, time, made.isoformat(), "wait")
    return Line(name, role, _("not reached; it stands in the page"), time, made.isoformat(), "lost")
