"""Who may see requests: who handles them where the person lives, and who acts for her."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.consent.acting import acts_for
from songhe.base.consent.terms import SELF
from songhe.domains.security.models import DataRequest
from songhe.domains.security.workflow import MAKE

PERSON = "people.Person"


def own_persons(actor: Actor) -> list[UUID]:
    """Return for whom the account asks by consent's word: herself first, then her wards."""
    acts = acts_for(actor)
    return sorted(acts, key=lambda pk: acts[pk] != SELF)


class RequestPolicy:
    def scope(self, actor: Actor, rows: QuerySet[Any], action: str) -> QuerySet[Any]:
        if action == MAKE:
            return rows.filter(person__in=own_persons(actor))
        condition = Q(pk__in=[])
        for prefix in actor.prefixes(action):
            condition |= Q(region_code__startswith=prefix)
        return rows.filter(condition)

    def can(self, actor: Actor, action: str, obj: DataRequest) -> bool:
        if action == MAKE:
            return obj.person_id in own_persons(actor)
        return actor.covers(action, obj.region_code)

    def fields(self, actor: Actor, obj: DataRequest) -> frozenset[str]:
        return actor.fields_in(obj.region_code)


policies.register(DataRequest, RequestPolicy())
