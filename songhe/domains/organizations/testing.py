"""Builders for tests and the demo county: an organisation, and somebody who works there."""

from __future__ import annotations

from datetime import datetime

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.accounts.models import User
from songhe.domains.organizations import services
from songhe.domains.organizations.models import Organization

COUNTY = "990121"
PASSWORD = "pine-and-crane-7"  # noqa: S105 - of accounts that only tests make


def make_organization(
    *,
    at: datetime,
    name: str = "松鹤示范县养老服务中心",
    kind: str = "service-centre",
    region_code: str = COUNTY,
    serves: tuple[str, ...] = (COUNTY,),
    next_organization: Organization | None = None,
) -> Organization:
    """Return an organisation that serves the test county."""
    return services.found_organization(
        actor=SYSTEM,
        name=name,
        kind=kind,
        region_code=region_code,
        at=at,
        serves=list(serves),
        next_organization=next_organization,
    )


def make_user(
    *,
    at: datetime,
    login: str,
    name: str = "",
    role: str = "",
    region_prefix: str = COUNTY,
    organization: Organization | None = None,
    is_leader: bool = False,
) -> User:
    """Return an account (with PASSWORD) that holds a role and works for an organisation."""
    user = User.objects.create_user(login=login, display_name=name or login, password=PASSWORD)
    if role:
        access.give_role(
            actor=SYSTEM,
            user=user,
            role=role,
            region_prefix=region_prefix,
            at=at,
            organization_id=organization.pk if organization else None,
        )
    if organization is not None:
        services.employ(
            actor=SYSTEM,
            organization=organization,
            user=user,
            title=role or "staff",
            at=at,
            is_leader=is_leader,
        )
    return user


def make_actor(*, at: datetime, login: str, role: str = "", region_prefix: str = COUNTY) -> Actor:
    """Return an actor of a fresh account with a role; without one it may see nothing."""
    user = make_user(at=at, login=login, role=role, region_prefix=region_prefix)
    return access.actor_for(user, at)
