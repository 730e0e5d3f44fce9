"""Who may see and act on alarms: the region's desk, the organisation that has it, who is sent."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.domains.monitoring.models import Alarm


class AlarmPolicy:
    def scope(self, actor: Actor, rows: QuerySet[Any], action: str) -> QuerySet[Any]:
        condition = Q(organization__in=actor.organizations(action))
        for prefix in actor.prefixes(action):
            if not prefix:
                return rows
            condition |= Q(region_code__startswith=prefix)
        if actor.user_id is not None:
            condition |= Q(assigned_to=actor.user_id)
        return rows.filter(condition)

    def can(self, actor: Actor, action: str, obj: Alarm) -> bool:
        return (
            actor.covers(action, obj.region_code)
            or obj.organization_id in actor.organizations(action)
            or (actor.user_id is not None and obj.assigned_to_id == actor.user_id)
        )

    def fields(self, actor: Actor, obj: Alarm) -> frozenset[str]:
        seen = actor.fields_in(obj.region_code)
        if self.can(actor, "monitoring.view_alarm", obj):
            seen |= {"identity", "contact", "health", "home", "location", "devices"}
        return seen


policies.register(Alarm, AlarmPolicy())
