"""Founding, changing and closing organisations."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.base.regions import selectors as regions
from songhe.domains.organizations.models import Organization, Staff
from songhe.domains.organizations.terms import OrganizationKind
from songhe.kernel.errors import Conflict, Denied, Invalid, NotFound


class NoSuchOrganization(NotFound):
    code = "organizations.no_such_organization"
    message = "This organisation does not exist, or is not open to you."


class NoSuchRegion(Invalid):
    code = "organizations.no_such_region"
    message = "There is no region %(given)s, or it is beyond yours."


class NotAKind(Invalid):
    code = "organizations.not_a_kind"
    message = "Choose what kind of organisation it is."


class NameTaken(Conflict):
    code = "organizations.name_taken"
    message = "There is an organisation of this name in the region already."


class StillStaffed(Conflict):
    code = "organizations.still_staffed"
    message = "%(count)s people still work there. End their work first."


class ClosedAlready(Conflict):
    code = "organizations.closed_already"
    message = "This organisation is closed already."


class NotYet(Invalid):
    code = "organizations.not_yet"
    message = "Choose a day that is not in the future."


def covered(actor: Actor, action: str, region_code: str) -> None:
    """Make sure that the actor may do something in a region. Raises Denied."""
    if not actor.is_system and not actor.covers(action, region_code):
        raise Denied(action=action)


def locked(actor: Actor, action: str, organization_id: UUID) -> Organization:
    """Return an organisation within the actor's reach, locked. Raises NoSuchOrganization."""
    row = Organization.objects.select_for_update(of=("self",)).filter(pk=organization_id).first()
    if row is None or not (actor.is_system or actor.covers(action, row.region_code)):
        raise NoSuchOrganization
    return row


@transaction.atomic
def found_organization(
    *,
    actor: Actor,
    name: str,
    kind: str,
    region_code: str,
    at: datetime,
    name_en: str = "",
    serves: list[str] | None = None,
    parent: Organization | None = None,
    next_organization: Organization | None = None,
    phone: str = "",
    escalation: dict[str, Any] | None = None,
    founded_on: date | None = None,
) -> Organization:
    """Register an organisation and the regions whose alarms come to it first.

    Raises Denied, NoSuchRegion (a region served beyond the actor's), NameTaken.
    """
    action = "organizations.found_organization"
    covered(actor, action, region_code)
    if not actor.is_system and not regions.names([region_code]):
        raise NoSuchRegion(field="region_code", given=region_code[:12])
    _check(actor, action, kind, serves or [])
    name = name.strip()
    if Organization.objects.filter(name=name, region_code=region_code, closed_on=None).exists():
        raise NameTaken(field="name")
    row = Organization.objects.create(
        name=name,
        name_en=name_en.strip(),
        kind=kind,
        region_code=region_code,
        serves=serves or [],
        parent=parent,
        next_organization=next_organization,
        phone=phone,
        escalation=escalation or {},
        founded_on=founded_on,
    )
    _record(actor, action, row, at)
    return row


@transaction.atomic
def edit_organization(
    *,
    actor: Actor,
    organization_id: UUID,
    name: str,
    name_en: str,
    kind: str,
    serves: list[str],
    phone: str,
    at: datetime,
) -> Organization:
    """Change what an organisation is called, does and serves. Raises as `found_organization`."""
    action = "organizations.edit_organization"
    row = locked(actor, action, organization_id)
    if row.closed_on is not None:
        raise ClosedAlready
    _check(actor, action, kind, serves)
    same = Organization.objects.filter(name=name.strip(), region_code=row.region_code)
    if same.filter(closed_on=None).exclude(pk=row.pk).exists():
        raise NameTaken(field="name")
    before = (row.name, row.name_en, row.kind, list(row.serves), row.phone)
    row.name, row.name_en, row.kind = name.strip(), name_en.strip(), kind
    row.serves, row.phone = serves, phone.strip()
    if before != (row.name, row.name_en, row.kind, list(row.serves), row.phone):
        row.save(update_fields=["name", "name_en", "kind", "serves", "phone"])
        _record(actor, action, row, at)
    return row


@transaction.atomic
def close_organization(
    *, actor: Actor, organization_id: UUID, closed_on: date, at: datetime
) -> Organization:
    """Close an organisation where nobody works any more; alarms go to the next that serves.

    Raises NoSuchOrganization, ClosedAlready, StillStaffed, NotYet.
    """
    action = "organizations.close_organization"
    row = locked(actor, action, organization_id)
    if row.closed_on is not None:
        raise ClosedAlready
    if closed_on > at.astimezone(timezone.get_current_timezone()).date():
        raise NotYet(field="closed_on")
    working = Staff.objects.filter(organization=row, period__contains=at).count()
    if working:
        raise StillStaffed(count=working)
    row.closed_on = closed_on
    row.save(update_fields=["closed_on"])
    _record(actor, action, row, at)
    return row


def _check(actor: Actor, action: str, kind: str, serves: Iterable[str]) -> None:
    """Make sure that a kind is known and regions lie within the actor's. 1 query."""
    if kind not in OrganizationKind.values:
        raise NotAKind(field="kind")
    if actor.is_system:
        return
    wanted = list(serves)
    known = regions.names(wanted) if wanted else {}
    for code in wanted:
        if code not in known or not actor.covers(action, code):
            raise NoSuchRegion(field="serves", given=code[:12])


def _record(actor: Actor, action: str, row: Organization, at: datetime) -> None:
    audit.record_change(
        actor=actor, action=action, ref=f"organizations.Organization/{row.pk}", at=at
    )
