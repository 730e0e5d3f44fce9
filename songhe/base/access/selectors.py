"""Reading who holds which role."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from songhe.base.access.models import RoleAssignment


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
