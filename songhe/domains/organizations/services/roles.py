"""Giving roles to staff for a time, and ending them.

Nobody gives what she does not herself hold, beyond her region, for longer than she holds it, or to
herself. Which roles a role gives on is data (`data/giving.yaml`).
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from songhe.base.access import giving
from songhe.base.access import services as access
from songhe.base.access.actor import Actor
from songhe.base.access.giving import RoleLine
from songhe.base.access.roles import all_roles
from songhe.base.accounts import streams
from songhe.base.accounts.models import User
from songhe.base.consent import following
from songhe.base.regions import selectors as regions
from songhe.domains.organizations.models import Staff
from songhe.domains.organizations.rights import rights
from songhe.kernel.errors import Conflict, Denied, Invalid, NotFound

GIVE, END = "organizations.give_role", "organizations.end_role"


class BeyondReach(Denied):
    code = "organizations.beyond_reach"
    message = "You can only give roles that you may give, in your own region, to others."


class LongerThanHeld(Invalid):
    code = "organizations.longer_than_held"
    message = "Choose an end within the time that you hold your own role."


class NoSuchRegionOfRole(Invalid):
    code = "organizations.no_such_region_of_role"
    message = "There is no region %(given)s."


class NotStaff(Invalid):
    code = "organizations.not_staff"
    message = "This role rests on work: the account must work for the organisation."


class HeldAlready(Conflict):
    code = "organizations.held_already"
    message = "This account holds the role in this region already."


class NoSuchRole(NotFound):
    code = "organizations.no_such_role"
    message = "This role has ended already, or is not open to you."


def givable(actor: Actor, *, at: datetime) -> list[tuple[str, str]]:
    """Return (role, region prefix) that the actor may give, by what the table says now; 1 query."""
    if actor.user_id is None:
        return []
    found = set()
    for line in giving.roles_of_user(actor.user_id, at=at):
        held = all_roles().get(line.role)
        if held is None or not held.carries(GIVE):
            continue
        for role in rights().gives.get(line.role, ()):
            if all_roles()[role].fields <= held.fields:
                found.add((role, line.region_prefix))
    return sorted(found)


@transaction.atomic
def give_role(
    *,
    actor: Actor,
    user_id: UUID,
    role: str,
    region_prefix: str,
    at: datetime,
    organization_id: UUID | None = None,
    until: datetime | None = None,
) -> None:
    """Give an account a role in a region, within an organisation, until a moment.

    Raises BeyondReach, LongerThanHeld, NoSuchRegionOfRole, NotStaff, HeldAlready.
    """
    longest = _reach(actor, role, region_prefix, user_id, at)
    if until is not None and until <= at:
        raise LongerThanHeld(field="until")
    if longest is not None and (until is None or until > longest):
        raise LongerThanHeld(field="until")
    if region_prefix and not regions.names([region_prefix]):
        raise NoSuchRegionOfRole(field="region", given=region_prefix[:12])
    user = User.objects.select_for_update().filter(pk=user_id, is_active=True).first()
    if user is None:
        raise NotStaff(field="role")
    _works(actor, user_id, role, organization_id, at)
    try:
        with transaction.atomic():
            access.give_role(
                actor=actor,
                user=user,
                role=role,
                region_prefix=region_prefix,
                at=at,
                until=until,
                organization_id=organization_id,
            )
    except IntegrityError:
        raise HeldAlready(field="role") from None
    if organization_id is not None:
        following.recipient_joined(
            actor=actor,
            user=user,
            organization_id=organization_id,
            role=role,
            at=at,
            until=until,
        )
    streams.ask_again(user_id)


@transaction.atomic
def end_role(*, actor: Actor, assignment_id: UUID, at: datetime) -> RoleLine:
    """End a role that the actor could give, at once. Raises NoSuchRole, BeyondReach."""
    line = giving.role_by_id(assignment_id)
    if line is None:
        raise NoSuchRole
    _reach(actor, line.role, line.region_prefix, line.user_id, at)
    ended = giving.end_role(actor=actor, assignment_id=assignment_id, at=at)
    if ended is None:
        raise NoSuchRole
    following.recipient_left(
        actor=actor,
        user_id=line.user_id,
        organization_id=line.organization_id,
        role=line.role,
        at=at,
    )
    streams.ask_again(line.user_id)
    return ended


def _reach(
    actor: Actor, role: str, region_prefix: str, user_id: UUID, at: datetime
) -> datetime | None:
    """Return until when the actor's own right holds, None for no end. Raises BeyondReach."""
    if actor.is_system:
        return None
    if actor.user_id is None or actor.user_id == user_id or role not in all_roles():
        raise BeyondReach(action=GIVE)
    ends = [
        line.until
        for line in giving.roles_of_user(actor.user_id, at=at)
        if role in rights().gives.get(line.role, ())
        and region_prefix.startswith(line.region_prefix)
        and all_roles()[role].fields <= all_roles()[line.role].fields
    ]
    if not ends:
        raise BeyondReach(action=GIVE)
    known = [end for end in ends if end is not None]
    return None if len(known) < len(ends) else max(known)


def _works(
    actor: Actor, user_id: UUID, role: str, organization_id: UUID | None, at: datetime
) -> None:
    if organization_id is None:
        if role in rights().at_work and not actor.is_system:
            raise NotStaff(field="organization")
        return
    row = (
        Staff.objects.filter(user=user_id, organization=organization_id, period__contains=at)
        .select_related("organization")
        .first()
    )
    if row is None:
        raise NotStaff(field="organization")
    if not actor.is_system and not actor.covers(GIVE, row.organization.region_code):
        raise BeyondReach(action=GIVE)
