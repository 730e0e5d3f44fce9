"""The registry of policies: narrow (scope), authorise (can), mask, one policy a model."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from django.db.models import Model, QuerySet

from songhe.base.access.actor import Actor
from songhe.kernel.errors import Denied

M = TypeVar("M", bound=Model)


class Policy(Protocol):
    """What a domain says about one of its models."""

    def scope(self, actor: Actor, rows: QuerySet[Any], action: str) -> QuerySet[Any]:
        """Return the rows the actor may know of, for this action."""

    def can(self, actor: Actor, action: str, obj: Any) -> bool:
        """Tell whether the actor may do this to an object within the scope."""

    def fields(self, actor: Actor, obj: Any) -> frozenset[str]:
        """Return the classes of fields of the object that the actor sees."""


_policies: dict[str, Policy] = {}


def register(model: type[Model], policy: Policy) -> None:
    """Tie a policy to a model, once; a model without one is closed to everybody."""
    label = model._meta.label
    if label in _policies:
        raise ValueError(f"{label} has a policy already")
    _policies[label] = policy


def registered() -> dict[str, Policy]:
    """Return all policies by model label, for the access tests."""
    return dict(_policies)


def scope(actor: Actor, rows: QuerySet[M], action: str) -> QuerySet[M]:
    """Narrow a queryset to what the actor may know of; nothing where the role lacks the action."""
    if actor.is_system:
        return rows
    policy = _policies.get(rows.model._meta.label)
    if policy is None or not actor.may(action):
        return rows.none()
    return policy.scope(actor, rows, action)


def can(actor: Actor, action: str, obj: Model) -> bool:
    """Tell whether the actor may do this to the object."""
    if actor.is_system:
        return True
    policy = _policies.get(obj._meta.label)
    return policy is not None and actor.may(action) and policy.can(actor, action, obj)


def authorise(actor: Actor, action: str, obj: Model) -> None:
    """Raise Denied unless the actor may do this to the object."""
    if not can(actor, action, obj):
        raise Denied(action=action)


def fields(actor: Actor, obj: Model) -> frozenset[str]:
    """Return the classes of fields of an object that the actor sees, for masking."""
    policy = _policies.get(obj._meta.label)
    return frozenset() if policy is None else policy.fields(actor, obj)
