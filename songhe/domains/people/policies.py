"""Who may see persons and their homes: by region role, by grant, or whom one's house serves."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.domains.people.models import Home, Person

PERSON = "people.Person"


def within(actor: Actor, action: str, field: str) -> Q:
    """Return the condition that a region code lies where the actor's roles carry the action."""
    prefixes = actor.prefixes(action)
    if not prefixes:
        return Q(pk__in=[])
    condition = Q()
    for prefix in prefixes:
        condition |= Q(**{f"{field}__startswith": prefix}) if prefix else ~Q(pk__in=[])
    return condition


class PersonPolicy:
    def scope(self, actor: Actor, rows: QuerySet[Any], action: str) -> QuerySet[Any]:
        granted = [pk for pk, fields in actor.opened(PERSON).items() if "identity" in fields]
        return rows.filter(within(actor, action, "region_code") | Q(pk__in=granted))

    def can(self, actor: Actor, action: str, obj: Person) -> bool:
        if actor.covers(action, obj.region_code):
            return True
        return "identity" in actor.opens(PERSON, obj.pk)

    def fields(self, actor: Actor, obj: Person) -> frozenset[str]:
        return actor.fields_in(obj.region_code) | actor.opens(PERSON, obj.pk)


class HomePolicy:
    """A home is open to whom the region is open, or to whom one who lives there is."""

    def scope(self, actor: Actor, rows: QuerySet[Any], action: str) -> QuerySet[Any]:
        granted = [pk for pk, fields in actor.opened(PERSON).items() if "home" in fields]
        lives = Q(residencies__person__in=granted, residencies__period__contains=actor.at)
        return rows.filter(within(actor, action, "region_code") | lives).distinct()

    def can(self, actor: Actor, action: str, obj: Home) -> bool:
        return (
            actor.covers(action, obj.region_code)
            or self.scope(actor, Home.objects.filter(pk=obj.pk), action).exists()
        )

    def fields(self, actor: Actor, obj: Home) -> frozenset[str]:
        return actor.fields_in(obj.region_code)


policies.register(Person, PersonPolicy())
policies.register(Home, HomePolicy())
