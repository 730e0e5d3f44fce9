"""Giving and ending roles and grants, and making the actor of a moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from songhe.base.access.actor import Actor, HeldRole, Served, nobody
from songhe.base.access.held import Held, columns, held
from songhe.base.access.models import Grant, RoleAssignment
from songhe.base.access.roles import FIELD_CLASSES, all_roles
from songhe.base.accounts.models import User
from songhe.base.audit import services as audit
from songhe.kernel.errors import Invalid


class UnknownRole(Invalid):
    code = "access.unknown_role"
    message = "There is no role %(role)s."


class UnknownFieldClass(Invalid):
    code = "access.unknown_fields"
    message = "There is no class of fields %(given)s."


def actor_for(user: User, at: datetime, *, locale: str = "zh-hans", request_id: str = "") -> Actor:
    """Return the actor for a user with the roles and grants valid at this moment (1 query)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + columns("%(user)s"), {"user": user.id, "at": at})
        row = cursor.fetchone()
    return actor_of(user, at, held(*row), locale=locale, request_id=request_id)


def actor_of(user: User, at: datetime, holds: Held, *, locale: str, request_id: str) -> Actor:
    """Return the actor for a user who holds this; a closed account is nobody."""
    if not user.is_active:
        return Actor(user_id=None, display_name="", locale=locale, request_id=request_id)
    roles, grants, purposes = holds
    return Actor(
        user_id=user.id,
        display_name=user.display_name,
        at=at,
        roles=roles,
        grants=grants,
        purposes=purposes,
        locale=locale,
        request_id=request_id,
        served=_served(user.id, roles),
    )


def _served(user_id: UUID, roles: Iterable[HeldRole]) -> Served:
    """Return what asks, once, whom the organisations of a user's roles serve (1 query)."""
    opens: set[str] = set()
    for held_role in roles:
        if held_role.organization_id is not None:
            opens |= all_roles()[held_role.role].served
    if not opens:
        return nobody
    classes = frozenset(opens)

    @cache
    def ask() -> dict[UUID, frozenset[str]]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT unnest(wall_served_of(%s))", [user_id])
            return {person_id: classes for (person_id,) in cursor.fetchall()}

    return ask


@transaction.atomic
def give_role(
    *,
    actor: Actor,
    user: User,
    role: str,
    region_prefix: str,
    at: datetime,
    until: datetime | None = None,
    organization_id: UUID | None = None,
) -> RoleAssignment:
    """Give a user a role in a region from now on. Raises UnknownRole."""
    if role not in all_roles():
        raise UnknownRole(role=role)
    row = RoleAssignment.objects.create(
        user=user,
        role=role,
        region_prefix=region_prefix,
        organization_id=organization_id,
        period=DateTimeTZRange(at, until),
    )
    audit.record_change(
        actor=actor,
        action="access.give_role",
        ref=f"accounts.User/{user.id}",
        at=at,
        detail={"role": role, "region": region_prefix},
    )
    return row


@transaction.atomic
def grant(
    *,
    actor: Actor,
    user: User,
    subject_type: str,
    subject_id: UUID,
    purpose: str,
    field_classes: Iterable[str],
    source: str,
    at: datetime,
    until: datetime | None = None,
) -> Grant:
    """Open classes of fields of one subject to a user. Raises UnknownFieldClass."""
    classes = sorted(set(field_classes))
    for given in classes:
        if given not in FIELD_CLASSES:
            raise UnknownFieldClass(given=given)
    row = Grant.objects.create(
        user=user,
        subject_type=subject_type,
        subject_id=subject_id,
        purpose=purpose,
        field_classes=classes,
        period=DateTimeTZRange(at, until),
        source=source,
    )
    audit.record_change(
        actor=actor,
        action="access.grant",
        ref=f"{subject_type}/{subject_id}",
        at=at,
        detail={"user": str(user.id), "fields": classes, "purpose": purpose},
    )
    return row


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A person (or another subject) opened to a user until a time, on a source."""

    user_id: UUID
    subject_type: str
    subject_id: UUID
    source: str
    until: datetime | None


@transaction.atomic
def grant_all(
    *,
    actor: Actor,
    openings: Iterable[Opening],
    purpose: str,
    field_classes: Iterable[str],
    at: datetime,
) -> None:
    """Open many subjects at once, each as `grant` does; 2 queries. Raises UnknownFieldClass."""
    classes = sorted(set(field_classes))
    for given in classes:
        if given not in FIELD_CLASSES:
            raise UnknownFieldClass(given=given)
    some = list(openings)
    Grant.objects.bulk_create(
        Grant(
            user_id=one.user_id,
            subject_type=one.subject_type,
            subject_id=one.subject_id,
            purpose=purpose,
            field_classes=classes,
            period=DateTimeTZRange(at, one.until),
            source=one.source,
        )
        for one in some
    )
    audit.record_changes(
        actor=actor,
        changes=[
            (
                "access.grant",
                f"{one.subject_type}/{one.subject_id}",
                at,
                {"user": str(one.user_id), "fields": classes, "purpose": purpose},
            )
            for one in some
        ],
    )


@transaction.atomic
def end_grants(*, actor: Actor, source: str, at: datetime, user_id: UUID | None = None) -> int:
    """End the grants that rest on a source, all or those of one user; return how many ended."""
    ended = 0
    rows = Grant.objects.select_for_update().filter(source=source, period__contains=at)
    for row in rows if user_id is None else rows.filter(user=user_id):
        row.period = DateTimeTZRange(row.period.lower, at)
        row.save(update_fields=["period"])
        ended += 1
    if ended:
        audit.record_change(
            actor=actor, action="access.end_grants", ref=source, at=at, detail={"ended": ended}
        )
    return ended
