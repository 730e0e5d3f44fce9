"""Whose turn it is to be rung when somebody is sent to a person, and the keys that say so."""

from __future__ import annotations

from uuid import UUID

from songhe.base.access.actor import SYSTEM
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import ContactLine
from songhe.domains.people.terms import Relation

MARK = "/ring/"
_NOT_RUNG = (Relation.DOCTOR, Relation.WORKER)


def prefix_of(order_id: UUID) -> str:
    """Return what the keys of an order's rings begin with; a turn from 0 follows."""
    return f"dispatch.Order/{order_id}{MARK}"


def turn_of(key: str) -> int:
    """Return whose turn a ring was."""
    return int(key.rpartition("/")[2])


def to_ring(person_id: UUID) -> list[ContactLine]:
    """Return who of a person's people is rung, in order; the same however often it is asked."""
    person = people.choose_person(SYSTEM, people.VIEW, person_id)
    return [
        one for one in people.contacts_of(SYSTEM, person) if one.phone and one.kind not in _NOT_RUNG
    ]
