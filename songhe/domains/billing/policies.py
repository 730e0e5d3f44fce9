"""Who may see money: the provider what it earned, the payer what it owes, a person her own.

A provider submits and answers, a payer checks and pays: no role carries both for one settlement.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.domains.billing.models import Charge, Payment, Settlement
from songhe.domains.billing.terms import CHECK, PAY, SUBMIT, VIEW

PERSON = "people.Person"
FINANCE = "finance"
_OWN = ("self", "guardian", "family")


def _persons(actor: Actor, action: str) -> list[Any]:
    """Return the persons whose money grants open; to pay, only for one's own."""
    return [
        held.subject_id
        for held in actor.grants
        if held.subject_type == PERSON
        and FINANCE in held.fields
        and (action != PAY or held.purpose in _OWN)
    ]


class ChargePolicy:
    """Charges and payments: of one's organisation, of a region, or of a person one may know of."""

    def scope(self, actor: Actor, rows: QuerySet[Any], action: str) -> QuerySet[Any]:
        condition = Q(organization__in=actor.organizations(action))
        if action in (VIEW, PAY):
            condition |= Q(person__in=_persons(actor, action))
        if action != PAY:
            for prefix in actor.prefixes(action):
                condition |= Q(region_code__startswith=prefix)
        return rows.filter(condition)

    def can(self, actor: Actor, action: str, obj: Any) -> bool:
        return self.scope(actor, type(obj).objects.filter(pk=obj.pk), action).exists()

    def fields(self, actor: Actor, obj: Any) -> frozenset[str]:
        return policies.fields(actor, obj.person)


class SettlementPolicy:
    """Settlements: of the provider, of who pays, of the region.

    An organisation may be both, for different months and programmes: who submits for it sees what
    it earned, who checks for it what is addressed to it. Only who works for the payer checks.
    """

    def scope(self, actor: Actor, rows: QuerySet[Any], action: str) -> QuerySet[Any]:
        mine = set(actor.organizations(action))
        condition = Q(pk__in=[])
        if action != CHECK:
            condition |= Q(organization__in=mine.intersection(actor.organizations(SUBMIT)))
        if action != SUBMIT:
            condition |= Q(funder__in=mine.intersection(actor.organizations(CHECK)))
        if action not in (SUBMIT, CHECK):
            for prefix in actor.prefixes(action):
                condition |= Q(region_code__startswith=prefix)
        return rows.filter(condition)

    def can(self, actor: Actor, action: str, obj: Settlement) -> bool:
        return self.scope(actor, Settlement.objects.filter(pk=obj.pk), action).exists()

    def fields(self, actor: Actor, obj: Settlement) -> frozenset[str]:
        return actor.fields_in(obj.region_code) | actor.fields_at(obj.funder_id, CHECK)


policies.register(Charge, ChargePolicy())
policies.register(Payment, ChargePolicy())
policies.register(Settlement, SettlementPolicy())
