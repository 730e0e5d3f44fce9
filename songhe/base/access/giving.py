"""Ending roles and single grants, and who holds what: read by those who keep roles and consents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q, QuerySet

from songhe.base.access.actor import Actor
from songhe.base.access.models import Grant, RoleAssignment
from songhe.base.access.roles import all_roles
from songhe.base.audit import services as audit


@dataclass(frozen=True, slots=True)
class RoleLine:
    """A role somebody holds, held or will hold."""

    id: UUID
    user_id: UUID
    user_name: str
    login: str
    is_active: bool
    role: str
    region_prefix: str
    organization_id: UUID | None
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class GrantLine:
    """A grant that holds now."""

    user_id: UUID
    user_name: str
    subject_id: UUID
    purpose: str
    fields: frozenset[str]
    source: str
    since: datetime
    until: datetime | None


def _line(row: RoleAssignment) -> RoleLine:
    return RoleLine(
        id=row.pk,
        user_id=row.user_id,
        user_name=row.user.display_name,
        login=row.user.login,
        is_active=row.user.is_active,
        role=row.role,
        region_prefix=row.region_prefix,
        organization_id=row.organization_id,
        since=row.period.lower,
        until=row.period.upper,
    )


def roles_of_user(user_id: UUID, *, at: datetime) -> list[RoleLine]:
    """Return the roles that an account holds now, the longest held first; 1 query."""
    rows = RoleAssignment.objects.filter(user=user_id, period__contains=at).select_related("user")
    return [_line(row) for row in rows.order_by("period", "id")]


def roles_in(
    *, at: datetime, organization_id: UUID | None = None, region_code: str | None = None
) -> list[RoleLine]:
    """Return the roles held now in an organisation, or that reach a region; 1 query."""
    rows = RoleAssignment.objects.filter(period__contains=at, user__is_active=True)
    if organization_id is not None:
        rows = rows.filter(organization_id=organization_id)
    if region_code is not None:
        prefixes = ["", *(region_code[:size] for size in range(1, len(region_code) + 1))]
        rows = rows.filter(region_prefix__in=prefixes)
    return [_line(row) for row in rows.select_related("user").order_by("role", "period", "id")]


def who_may(
    action: str, *, region_code: str, organization_id: UUID | None, at: datetime
) -> set[UUID]:
    """Return whose role carries an action at something: of its organisation, or its region."""
    found = set()
    for line in roles_in(at=at, region_code=region_code):
        role = all_roles()[line.role]
        reaches = role.reach == "region" or line.organization_id == organization_id
        if role.carries(action) and reaches:
            found.add(line.user_id)
    return found


def roles_ending(prefixes: Iterable[str], *, at: datetime, until: datetime) -> list[RoleLine]:
    """Return the roles within regions that end by themselves before a moment, the next first."""
    rows = _within(RoleAssignment.objects.filter(period__contains=at), prefixes)
    lines = [_line(row) for row in rows.filter(period__endswith__lte=until)]
    return sorted(lines, key=lambda line: (line.until or until, str(line.id)))


def all_roles_in(prefixes: Iterable[str], *, at: datetime) -> list[RoleLine]:
    """Return every role held now within regions, of accounts that are open; 1 query."""
    rows = _within(RoleAssignment.objects.filter(period__contains=at), prefixes)
    return [_line(row) for row in rows.filter(user__is_active=True).order_by("user", "id")]


def _within(rows: QuerySet[RoleAssignment], prefixes: Iterable[str]) -> QuerySet[RoleAssignment]:
    condition = Q(pk__in=[])
    for prefix in prefixes:
        condition |= Q(region_prefix__startswith=prefix) if prefix else ~Q(pk__in=[])
    return rows.filter(condition).select_related("user")


def role_by_id(assignment_id: UUID) -> RoleLine | None:
    """Return one role of somebody, None where there is no such row."""
    row = RoleAssignment.objects.filter(pk=assignment_id).select_related("user").first()
    return None if row is None else _line(row)


def holders(role: str, *, region_code: str, at: datetime) -> list[RoleLine]:
    """Return who holds a role whose region holds this one; 1 query."""
    return [line for line in roles_in(at=at, region_code=region_code) if line.role == role]


def grants_on(subject_type: str, subject_id: UUID, *, at: datetime) -> list[GrantLine]:
    """Return every grant on a subject that holds now; 1 query."""
    rows = Grant.objects.filter(
        subject_type=subject_type, subject_id=subject_id, period__contains=at, user__is_active=True
    )
    return [_grant(row) for row in rows.select_related("user").order_by("user", "id")]


def grants_to(user_id: UUID, *, at: datetime, limit: int = 200) -> list[GrantLine]:
    """Return the grants that an account holds now, the newest first; 1 query."""
    rows = Grant.objects.filter(user=user_id, period__contains=at).select_related("user")
    return [_grant(row) for row in rows.order_by("-id")[:limit]]


def _grant(row: Grant) -> GrantLine:
    return GrantLine(
        user_id=row.user_id,
        user_name=row.user.display_name,
        subject_id=row.subject_id,
        purpose=row.purpose,
        fields=frozenset(row.field_classes),
        source=row.source,
        since=row.period.lower,
        until=row.period.upper,
    )


def holds_grant(
    user_id: UUID | None, *, subject_type: str, subject_id: UUID, purpose: str, at: datetime
) -> bool:
    """Tell whether an account holds a grant for a purpose at this moment, asked of the table."""
    return Grant.objects.filter(
        user=user_id,
        subject_type=subject_type,
        subject_id=subject_id,
        purpose=purpose,
        period__contains=at,
    ).exists()


def has_grant_for(*, subject_type: str, subject_id: UUID, purpose: str, at: datetime) -> bool:
    """Tell whether any open account holds a grant on a subject for a purpose now."""
    return Grant.objects.filter(
        subject_type=subject_type,
        subject_id=subject_id,
        purpose=purpose,
        period__contains=at,
        user__is_active=True,
    ).exists()


@transaction.atomic
def end_role(*, actor: Actor, assignment_id: UUID, at: datetime) -> RoleLine | None:
    """End a role that somebody holds; None where it has ended already. The caller authorises."""
    rows = RoleAssignment.objects.select_for_update(of=("self",)).select_related("user")
    row = rows.filter(pk=assignment_id, period__contains=at).first()
    if row is None:
        return None
    row.period = DateTimeTZRange(row.period.lower, at)
    row.save(update_fields=["period"])
    audit.record_change(
        actor=actor,
        action="access.end_role",
        ref=f"accounts.User/{row.user_id}",
        at=at,
        detail={"role": row.role, "region": row.region_prefix},
    )
    return _line(row)


@transaction.atomic
def end_grants_of(
    *, actor: Actor, sources: Iterable[str], at: datetime, user_id: UUID | None = None
) -> int:
    """End the grants that rest on sources, those that begin later as well; return how many.

    user_id: only this account's, however long others keep theirs.
    """
    rows = Grant.objects.select_for_update().filter(
        Q(period__endswith=None) | Q(period__endswith__gt=at),
        source__in=list(sources),
        period__isempty=False,
    )
    if user_id is not None:
        rows = rows.filter(user=user_id)
    ended: dict[str, int] = {}
    for row in rows:
        row.period = DateTimeTZRange(row.period.lower, max(row.period.lower, at))
        row.save(update_fields=["period"])
        ended[row.source] = ended.get(row.source, 0) + 1
    audit.record_changes(
        actor=actor,
        changes=[
            ("access.end_grants", source, at, {"ended": count}) for source, count in ended.items()
        ],
    )
    return sum(ended.values())
