"""Who may see and act on alarms: the region's desk, the organisation that has it, who is sent."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.domains.monitoring.models import Alarm
from songhe.domains.monitoring.terms import ANSWER_PLATFORM, PLATFORM_REGION


class AlarmPolicy:
    """Alarms of persons go by region, organisation and who is sent; the platform's by its keepers.

    The platform stands in no region: its alarms are open to who answers them, wherever the role
    holds, and to nobody else however wide the reach.
    """

    def scope(self, actor: Actor, rows: QuerySet[Any], action: str) -> QuerySet[Any]:
        condition = Q(organization__in=actor.organizations(action))
        for prefix in actor.prefixes(action):
            condition |= Q(region_code__startswith=prefix)
        if actor.user_id is not None:
            condition |= Q(assigned_to=actor.user_id)
        of_the_platform = Q(region_code=PLATFORM_REGION)
        if _keeps_the_platform(actor, action):
            return rows.filter(condition | of_the_platform)
        return rows.filter(condition & ~of_the_platform)

    def can(self, actor: Actor, action: str, obj: Alarm) -> bool:
        if obj.region_code == PLATFORM_REGION:
            return _keeps_the_platform(actor, action)
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


def _keeps_the_platform(actor: Actor, action: str) -> bool:
    return actor.may(ANSWER_PLATFORM) and actor.may(action)


policies.register(Alarm, AlarmPolicy())
