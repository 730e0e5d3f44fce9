"""Writing organisations and their staff."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from songhe.base import vault
from songhe.base.access.actor import Actor
from songhe.base.accounts.models import User
from songhe.base.audit import services as audit
from songhe.domains.organizations.models import Organization, Staff
from songhe.kernel.errors import Denied
from songhe.kernel.ids import uuid7


def _covered(actor: Actor, action: str, region_code: str) -> None:
    if not actor.is_system and not actor.covers(action, region_code):
        raise Denied(action=action)


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
) -> Organization:
    """Register an organisation and the regions whose alarms come to it first. Raises Denied."""
    _covered(actor, "organizations.found_organization", region_code)
    row = Organization.objects.create(
        name=name,
        name_en=name_en,
        kind=kind,
        region_code=region_code,
        serves=serves or [],
        parent=parent,
        next_organization=next_organization,
        phone=phone,
        escalation=escalation or {},
    )
    audit.record_change(
        actor=actor,
        action="organizations.found_organization",
        ref=f"organizations.Organization/{row.pk}",
        at=at,
    )
    return row


@transaction.atomic
def employ(
    *,
    actor: Actor,
    organization: Organization,
    user: User,
    title: str,
    at: datetime,
    title_en: str = "",
    is_leader: bool = False,
    phone: str = "",
) -> Staff:
    """Record that a user works for an organisation from a moment on. Raises Denied."""
    _covered(actor, "organizations.employ", organization.region_code)
    pk = uuid7()
    row = Staff.objects.create(
        id=pk,
        organization=organization,
        user=user,
        title=title,
        title_en=title_en,
        is_leader=is_leader,
        period=DateTimeTZRange(at, None),
        phone_sealed=vault.seal(phone, field="organizations.Staff.phone", pk=pk) if phone else None,
    )
    audit.record_change(
        actor=actor, action="organizations.employ", ref=f"organizations.Staff/{pk}", at=at
    )
    return row
