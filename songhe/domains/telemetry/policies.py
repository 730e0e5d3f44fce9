"""Readings follow the person they are of; dead letters follow the device's region."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.domains.devices import selectors as devices
from songhe.domains.people.selectors import PersonView
from songhe.domains.telemetry.models import DeadLetter
from songhe.domains.telemetry.terms import VIEW_READINGS


def open_classes(actor: Actor, person: PersonView) -> frozenset[str]:
    """Return the classes of readings of a person that the actor may see, empty for none."""
    return person.fields if actor.may(VIEW_READINGS) else frozenset()


class DeadLetterPolicy:
    """A letter from nobody known is for whoever keeps devices anywhere."""

    def scope(self, actor: Actor, rows: QuerySet[Any], action: str) -> QuerySet[Any]:
        if not actor.prefixes(action):
            return rows.none()
        mine = devices.list_devices(actor).order_by().values("pk")
        return rows.filter(Q(device=None) | Q(device__in=mine))

    def can(self, actor: Actor, action: str, obj: DeadLetter) -> bool:
        return self.scope(actor, DeadLetter.objects.filter(pk=obj.pk), action).exists()

    def fields(self, actor: Actor, obj: DeadLetter) -> frozenset[str]:
        if obj.device is None:
            return actor.fields_in("")
        device = devices.by_ids([obj.device]).get(obj.device)
        return actor.fields_in(device.region_code if device else "")


policies.register(DeadLetter, DeadLetterPolicy())
