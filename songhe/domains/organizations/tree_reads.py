"""The tree of regions with its organisations and numbers, and one organisation's staff."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from songhe.base.access import giving
from songhe.base.access.actor import Actor
from songhe.base.access.giving import RoleLine
from songhe.base.regions import selectors as regions
from songhe.base.regions.models import Region
from songhe.domains.organizations.models import Organization, Staff
from songhe.domains.organizations.services.employing import NotEmployed
from songhe.domains.organizations.services.founding import NoSuchOrganization

LIST = "organizations.list_organizations"
VIEW = "organizations.view_organization"
LEVELS = (2, 4, 6, 9, 12)


@dataclass(frozen=True, slots=True)
class Branch:
    """One region of the tree with what lies in it and below."""

    region: Region
    organizations: int
    staff: int


@dataclass(frozen=True, slots=True)
class Tree:
    """Where one stands: the way up, the regions below, the organisations here."""

    path: list[Region]
    branches: list[Branch]
    here: list[tuple[Organization, int]]
    code: str


def tree(actor: Actor, code: str, *, at: datetime) -> Tree:
    """Return a region with its branches; the top is where the actor's roles reach; 5 queries.

    A region beyond the reach shows the top.
    """
    prefixes = actor.prefixes(LIST)
    if not any(code.startswith(prefix) for prefix in prefixes) or len(code) not in (0, *LEVELS):
        code = prefixes[0] if len(prefixes) == 1 else ""
    below = next((level for level in LEVELS if level > len(code)), None)
    children = regions.below(code, below) if below else []
    children = [
        one
        for one in children
        if any(one.code.startswith(p) or p.startswith(one.code) for p in prefixes)
    ]
    rows = [
        row
        for row in Organization.objects.filter(region_code__startswith=code, closed_on=None)
        if actor.covers(LIST, row.region_code)
    ]
    working = Counter(
        Staff.objects.filter(
            organization__in=[row.pk for row in rows], period__contains=at
        ).values_list("organization", flat=True)
    )
    return Tree(
        path=regions.path_of(code) if code else [],
        branches=[
            Branch(
                region=child,
                organizations=sum(row.region_code.startswith(child.code) for row in rows),
                staff=sum(
                    working[row.pk] for row in rows if row.region_code.startswith(child.code)
                ),
            )
            for child in children
        ],
        here=[
            (row, working[row.pk])
            for row in sorted(rows, key=lambda one: one.name)
            if row.region_code == code
        ],
        code=code,
    )


@dataclass(frozen=True, slots=True)
class StaffRow:
    """Somebody who works for an organisation, with the roles held within it."""

    id: UUID
    user_id: UUID
    name: str
    login: str
    title: str
    is_leader: bool
    since: datetime
    roles: list[RoleLine]


def organization(actor: Actor, organization_id: UUID) -> Organization:
    """Return an organisation within the actor's reach. Raises NoSuchOrganization."""
    row = (
        Organization.objects.filter(pk=organization_id).select_related("next_organization").first()
    )
    if row is None or not _open(actor, row):
        raise NoSuchOrganization
    return row


def _open(actor: Actor, row: Organization) -> bool:
    """Tell whether an organisation is open: in the actor's regions, or her own."""
    return actor.covers(VIEW, row.region_code) or row.pk in actor.organizations(VIEW)


def staff_rows(row: Organization, *, english: bool, at: datetime) -> list[StaffRow]:
    """Return who works for an organisation now, leaders first, with roles; 2 queries."""
    held: dict[UUID, list[RoleLine]] = {}
    for line in giving.roles_in(at=at, organization_id=row.pk):
        held.setdefault(line.user_id, []).append(line)
    rows = Staff.objects.filter(organization=row, period__contains=at).select_related("user")
    return [
        _staff(one, held.get(one.user_id, []), english) for one in rows.order_by("-is_leader", "id")
    ]


def _staff(row: Staff, roles: list[RoleLine], english: bool) -> StaffRow:
    return StaffRow(
        id=row.pk,
        user_id=row.user_id,
        name=row.user.display_name,
        login=row.user.login,
        title=row.title_en if english and row.title_en else row.title,
        is_leader=row.is_leader,
        since=row.period.lower,
        roles=roles,
    )


def staff_member(
    actor: Actor, staff_id: UUID, *, english: bool, at: datetime
) -> tuple[Organization, StaffRow]:
    """Return one who works, with the organisation and roles within it. Raises NotEmployed."""
    row = (
        Staff.objects.filter(pk=staff_id, period__contains=at)
        .select_related("organization", "user")
        .first()
    )
    if row is None or not _open(actor, row.organization):
        raise NotEmployed
    roles = [
        line
        for line in giving.roles_of_user(row.user_id, at=at)
        if line.organization_id == row.organization_id
    ]
    return row.organization, _staff(row, roles, english)
