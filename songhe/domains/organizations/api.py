"""Organisations and the tree of regions, for machines."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query

from songhe.base.regions import selectors as regions
from songhe.domains.organizations import selectors, tree_reads
from songhe.domains.organizations.selectors import Organization as Row
from songhe.kit.api import Answer, Asked, Operations, Prefix
from songhe.kit.asks import actor_of

operations = Operations("Organisations and regions")
Kind = Literal["service-centre", "nursing-home", "hospital", "government", "other"]


class Organization(Answer):
    """An institution; serves are the regions whose alarms come to it first."""

    id: UUID
    name: str
    name_en: str
    kind: Kind
    region_code: str
    serves: list[str]
    phone: str
    next_organization_id: UUID | None


class Organizations(Answer):
    items: list[Organization]


class Region(Answer):
    """A division; level is the number of digits of its code."""

    code: str
    name: str
    name_en: str
    level: Literal[2, 4, 6, 9, 12]


class Regions(Answer):
    items: list[Region]


class OrganizationsAsked(Asked):
    region: Prefix = ""


class RegionsAsked(Asked):
    within: Prefix = ""


@operations.operation("GET", "/organizations", action=tree_reads.LIST, returns=Organizations)
def list_organizations(request: HttpRequest, asked: Query[OrganizationsAsked]) -> Any:
    """List the organisations of the regions that the key reaches."""
    found = selectors.organizations_for(actor_of(request), tree_reads.LIST)
    return Organizations(
        items=[_organization(row) for row in found if row.region_code.startswith(asked.region)]
    )


@operations.operation(
    "GET",
    "/organizations/{uuid:organization_id}",
    action=tree_reads.VIEW,
    returns=Organization,
)
def get_organization(request: HttpRequest, organization_id: UUID) -> Any:
    """Tell one organisation."""
    return _organization(tree_reads.organization(actor_of(request), organization_id))


@operations.operation("GET", "/regions", action="home.view", returns=Regions)
def list_regions(request: HttpRequest, asked: Query[RegionsAsked]) -> Any:
    """List the divisions right below a region, the provinces without one. They are public."""
    below = next((level for level in tree_reads.LEVELS if level > len(asked.within)), None)
    found = regions.below(asked.within, below) if below is not None else []
    return Regions(
        items=[
            Region(code=row.code, name=row.name, name_en=row.name_en, level=row.level)  # type: ignore[arg-type]
            for row in found
        ]
    )


def _organization(row: Row) -> Organization:
    return Organization(
        id=row.pk,
        name=row.name,
        name_en=row.name_en,
        kind=row.kind,  # type: ignore[arg-type]  # a choice
        region_code=row.region_code,
        serves=list(row.serves),
        phone=row.phone,
        next_organization_id=row.next_organization_id,
    )
