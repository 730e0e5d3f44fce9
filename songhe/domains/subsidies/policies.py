"""Who may see and keep entitlements: where money (`finance`) of the person is open."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.domains.subsidies.models import Entitlement

PERSON = "people.Person"
FINANCE = "finance"


class EntitlementPolicy:
    """By region role, or by a grant on the person that opens her money."""

    def scope(self, actor: Actor, rows: QuerySet[Any], action: str) -> QuerySet[Any]:
        granted = [pk for pk, fields in actor.granted(PERSON).items() if FINANCE in fields]
        condition = Q(person__in=granted)
        for prefix in actor.prefixes(action):
            if FINANCE in actor.fields_in(prefix):
                condition |= Q(person__region_code__startswith=prefix)
        return rows.filter(condition)

    def can(self, actor: Actor, action: str, obj: Entitlement) -> bool:
        return self.scope(actor, Entitlement.objects.filter(pk=obj.pk), action).exists()

    def fields(self, actor: Actor, obj: Entitlement) -> frozenset[str]:
        return policies.fields(actor, obj.person)


policies.register(Entitlement, EntitlementPolicy())
