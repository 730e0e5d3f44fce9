"""Who may see and command devices: by region role; family and elders see those of the person."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.domains.devices.models import Device


class DevicePolicy:
    def scope(self, actor: Actor, rows: QuerySet[Any], action: str) -> QuerySet[Any]:
        prefixes = actor.prefixes(action)
        if "" in prefixes:
            return rows
        condition = Q(pk__in=[])
        for prefix in prefixes:
            condition |= Q(region_code__startswith=prefix)
        return rows.filter(condition)

    def can(self, actor: Actor, action: str, obj: Device) -> bool:
        return actor.covers(action, obj.region_code)

    def fields(self, actor: Actor, obj: Device) -> frozenset[str]:
        return actor.fields_in(obj.region_code)


policies.register(Device, DevicePolicy())
