"""Who may see and move orders and visits: region, provider, the worker, and who the person opened.

A worker moves her own visits alone. Family and the person herself see what concerns her by their
grants, whatever class they open: that somebody comes is for who may know of her at all.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.domains.dispatch.models import Complaint, Order, Visit
from songhe.domains.dispatch.terms import VIEW, WORK

_OWN = ("self", "guardian", "family")


def own_people(actor: Actor) -> list[UUID]:
    """Return whose services are the actor's own: her own, of whom she guards, of her family."""
    return [
        held.subject_id
        for held in actor.grants
        if held.subject_type == "people.Person" and held.purpose in _OWN
    ]


class OrderPolicy:
    """Orders: of the region's desk, of the provider, of a visit's worker, of one's own people."""

    def scope(self, actor: Actor, rows: QuerySet[Any], action: str) -> QuerySet[Any]:
        if "" in actor.prefixes(action):
            return rows
        condition = Q(organization__in=actor.organizations(action))
        for prefix in actor.prefixes(action):
            condition |= Q(region_code__startswith=prefix)
        if actor.user_id is not None and actor.may(action):
            # Drafts of a plan are nobody's yet.
            mine = Visit.objects.filter(worker=actor.user_id).exclude(state="planned")
            condition |= Q(pk__in=mine.values("order")) | Q(offers__worker=actor.user_id)
            condition |= Q(person__in=own_people(actor))
        return rows.filter(pk__in=rows.model.objects.filter(condition).values("pk"))

    def can(self, actor: Actor, action: str, obj: Order) -> bool:
        return actor.is_system or (
            actor.may(action)
            and self.scope(actor, Order.objects.all(), action).filter(pk=obj.pk).exists()
        )

    def fields(self, actor: Actor, obj: Order) -> frozenset[str]:
        return actor.fields_in(obj.region_code) | actor.opens("people.Person", obj.person_id)


class VisitPolicy:
    """Visits: as their orders; moved by their own worker alone."""

    def scope(self, actor: Actor, rows: QuerySet[Any], action: str) -> QuerySet[Any]:
        if "" in actor.prefixes(action):
            return rows
        mine = (
            Q(worker=actor.user_id)
            if actor.user_id is not None and actor.may(action)
            else Q(pk__in=[])
        )
        if action == WORK:
            return rows.filter(mine)
        return rows.filter(mine | Q(order__in=policies.scope(actor, Order.objects.all(), action)))

    def can(self, actor: Actor, action: str, obj: Visit) -> bool:
        if actor.is_system:
            return True
        mine = actor.user_id is not None and obj.worker_id == actor.user_id
        if action == WORK:
            return mine and actor.may(action)
        return (mine and actor.may(action)) or policies.can(actor, action, obj.order)

    def fields(self, actor: Actor, obj: Visit) -> frozenset[str]:
        return policies.fields(actor, obj.order)


class ComplaintPolicy:
    """Complaints: as their orders."""

    def scope(self, actor: Actor, rows: QuerySet[Any], action: str) -> QuerySet[Any]:
        return rows.filter(order__in=policies.scope(actor, Order.objects.all(), action))

    def can(self, actor: Actor, action: str, obj: Complaint) -> bool:
        return policies.can(actor, action, obj.order)

    def fields(self, actor: Actor, obj: Complaint) -> frozenset[str]:
        return policies.fields(actor, obj.order)


def workers_seen(actor: Actor) -> Q:
    """Return of whom there are facts for the actor: workers of visits that she may see."""
    visits = policies.scope(actor, Visit.objects.all(), VIEW)
    return Q(user__in=visits.order_by().values("worker"))


policies.register(Complaint, ComplaintPolicy())
policies.register(Order, OrderPolicy())
policies.register(Visit, VisitPolicy())
