"""Who may see and move beds: region, provider; her own people and her doctor see hers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.domains.homecare.models import HomeBed

PERSON = "people.Person"
OWN = ("self", "guardian", "family")
CONTRACT = "contract"  # of a family doctor


def own_of(actor: Actor) -> list[UUID]:
    """Return whom a grant makes one's own: herself, her family's or her ward's."""
    return _granted(actor, OWN)


def is_own(actor: Actor, person_id: UUID) -> bool:
    """Tell whether all beds of a person are open to the actor, who is hers or her doctor."""
    return person_id in _granted(actor, (*OWN, CONTRACT))


def _granted(actor: Actor, purposes: tuple[str, ...]) -> list[UUID]:
    return [
        held.subject_id
        for held in actor.grants
        if held.subject_type == PERSON and held.purpose in purposes
    ]


class BedPolicy:
    """Beds of a region, of the provider, of one's own people and of a doctor's contracts (0048)."""

    def scope(self, actor: Actor, rows: QuerySet[Any], action: str) -> QuerySet[Any]:
        if "" in actor.prefixes(action):
            return rows
        condition = Q(organization__in=actor.organizations(action))
        for prefix in actor.prefixes(action):
            condition |= Q(region_code__startswith=prefix)
        if actor.may(action):
            condition |= Q(person__in=_granted(actor, (*OWN, CONTRACT)))
        return rows.filter(condition)

    def can(self, actor: Actor, action: str, obj: HomeBed) -> bool:
        return (
            actor.is_system or self.scope(actor, HomeBed.objects.filter(pk=obj.pk), action).exists()
        )

    def fields(self, actor: Actor, obj: HomeBed) -> frozenset[str]:
        return policies.fields(actor, obj.person)


policies.register(HomeBed, BedPolicy())
