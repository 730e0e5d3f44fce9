"""Reading who holds which role."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from songhe.base.access.models import RoleAssignment
from songhe.base.access.roles import all_roles


def organizations_of_roles(roles: Iterable[str], *, at: datetime) -> dict[str, list[UUID]]:
    """Return by role the organisations where somebody holds it now, the longest first."""
    rows = RoleAssignment.objects.filter(
        role__in=list(roles), organization_id__isnull=False, period__contains=at
    )
    found: dict[str, list[UUID]] = {}
    for role, organization in rows.order_by("period", "id").values_list("role", "organization_id"):
        if organization is not None:
            found.setdefault(role, []).append(organization)
    return found


def carrying(action: str, *, organization_id: UUID, at: datetime) -> set[UUID]:
    """Return the users whose role within an organisation carries an action now; 1 query."""
    roles = [role.name for role in all_roles().values() if role.carries(action)]
    rows = RoleAssignment.objects.filter(
        role__in=roles, organization_id=organization_id, period__contains=at
    )
    return set(rows.values_list("user_id", flat=True))
