"""Organisations are public knowledge; writing them is checked by region in the services.

Facts of workers (and their portraits) are for themselves, for who keeps papers where they work, and
for whom a domain that sends them says: who sees the visit may know who comes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Q, QuerySet

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.domains.organizations.models import Staff, WorkerFacts
from songhe.domains.organizations.terms import KEEP_QUALIFICATIONS, VIEW_QUALIFICATIONS

Way = Callable[[Actor], Q]
_ways: list[Way] = []
_actions: list[str] = [VIEW_QUALIFICATIONS, KEEP_QUALIFICATIONS]


class WorkerFactsPolicy:
    """Oneself, where one keeps papers or sends workers, and further ways."""

    def scope(self, actor: Actor, rows: QuerySet[Any], action: str) -> QuerySet[Any]:
        if actor.is_system:
            return rows
        there = Q(organization__in=[pk for one in _actions for pk in actor.organizations(one)])
        for prefix in {prefix for one in _actions for prefix in actor.prefixes(one)}:
            there |= Q(organization__region_code__startswith=prefix)
        posts = Staff.objects.filter(there, period__contains=actor.at)
        condition = Q(user=actor.user_id) | Q(user__in=posts.values("user"))
        for way in _ways:
            condition |= way(actor)
        return rows.filter(condition)

    def can(self, actor: Actor, action: str, obj: WorkerFacts) -> bool:
        rows = WorkerFacts.objects.filter(pk=obj.pk)
        return self.scope(actor, rows, action).exists()

    def fields(self, actor: Actor, obj: WorkerFacts) -> frozenset[str]:
        return frozenset()


def open_facts(way: Way, *actions: str) -> None:
    """Let further readers know who a worker is: whom `way` says of facts by `user`, and who holds
    an action where she works. Called when an app is ready."""
    _ways.append(way)
    _actions.extend(actions)


policies.register(WorkerFacts, WorkerFactsPolicy())
