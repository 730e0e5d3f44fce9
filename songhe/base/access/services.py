"""Giving and ending roles and grants, and making the actor of a moment."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from songhe.base.access.actor import Actor
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
    )


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


@transaction.atomic
def end_grants(*, actor: Actor, source: str, at: datetime) -> int:
    """End every grant that rests on a source; return how many ended."""
    ended = 0
    for row in Grant.objects.select_for_update().filter(source=source, period__contains=at):
        row.period = DateTimeTZRange(row.period.lower, at)
        row.save(update_fields=["period"])
        ended += 1
    if ended:
        audit.record_change(
            actor=actor, action="access.end_grants", ref=source, at=at, detail={"ended": ended}
        )
    return ended
