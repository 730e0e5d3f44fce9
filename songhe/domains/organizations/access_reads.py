"""Who can see what: for a person, for an account; and the roles that want a look."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from songhe.base.access import giving, wall
from songhe.base.access.actor import Actor
from songhe.base.access.giving import GrantLine, RoleLine
from songhe.base.access.roles import all_roles
from songhe.base.accounts.models import User
from songhe.base.consent.selectors import purpose_of_sources
from songhe.domains.organizations.models import Staff
from songhe.domains.organizations.rights import rights
from songhe.domains.organizations.terms import REVIEW_ROLES, VIEW_ACCESS
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView
from songhe.kernel.errors import NotFound

SEE = "people.view_person"
PERSON = "people.Person"


class NoSuchAccount(NotFound):
    code = "organizations.no_such_account"
    message = "This account does not exist, or is not open to you."


@dataclass(frozen=True, slots=True)
class Sight:
    """Somebody sees classes of a person's data. role or purpose says why; until when."""

    user_id: UUID
    user_name: str
    subject: PersonView | None
    role: str
    region_prefix: str
    organization_id: UUID | None
    purpose: str
    by_consent: bool
    fields: frozenset[str]
    until: datetime | None


def _of_role(line: RoleLine) -> Sight:
    return Sight(
        user_id=line.user_id,
        user_name=line.user_name,
        subject=None,
        role=line.role,
        region_prefix=line.region_prefix,
        organization_id=line.organization_id,
        purpose="",
        by_consent=False,
        fields=all_roles()[line.role].fields,
        until=line.until,
    )


def _of_grants(
    lines: Iterable[GrantLine], persons: dict[UUID, PersonView], consents: set[str]
) -> list[Sight]:
    """Return grants as sights: those of one account on one person for one purpose are one."""
    found: dict[tuple[UUID, UUID, str], Sight] = {}
    for line in lines:
        key = (line.user_id, line.subject_id, line.purpose)
        before = found.get(key)
        ends = [line.until, before.until] if before else [line.until]
        known = [end for end in ends if end is not None]
        found[key] = Sight(
            user_id=line.user_id,
            user_name=line.user_name,
            subject=persons.get(line.subject_id),
            role="",
            region_prefix="",
            organization_id=None,
            purpose=line.purpose,
            by_consent=line.source in consents or bool(before and before.by_consent),
            fields=line.fields | (before.fields if before else frozenset()),
            until=max(known) if len(known) == len(ends) else None,
        )
    return list(found.values())


def who_sees(actor: Actor, person_id: UUID, *, at: datetime) -> tuple[PersonView, list[Sight]]:
    """Return a person, masked as ever, and every account that can see her and why; 4 queries.

    Regional roles that open a person's page there, and grants on her. Raises NoSuchPerson.
    """
    with wall.lifted():  # narrowed by region here: who reviews need not see persons themselves
        person = people.choose_person(actor, VIEW_ACCESS, person_id)
        lines = giving.grants_on(PERSON, person_id, at=at)
        consents = set(purpose_of_sources({line.source for line in lines}))
    if not actor.covers(VIEW_ACCESS, person.region_code):
        raise people.NoSuchPerson
    known = all_roles()
    roles = [
        _of_role(line)
        for line in giving.roles_in(at=at, region_code=person.region_code)
        if line.role in known and known[line.role].reach == "region"
        if known[line.role].carries(SEE)
    ]
    return person, [*roles, *_of_grants(lines, {}, consents)]


def what_sees(
    actor: Actor, user_id: UUID, *, at: datetime
) -> tuple[User, list[RoleLine], list[Sight]]:
    """Return an account, its roles and the persons whom grants open to it; 5 queries.

    Raises NoSuchAccount for one that neither works nor holds a role where the actor reviews.
    """
    user = User.objects.filter(pk=user_id).first()
    roles = giving.roles_of_user(user_id, at=at)
    if user is None or not _within(actor, VIEW_ACCESS, user_id, roles, at):
        raise NoSuchAccount
    lines = giving.grants_to(user_id, at=at)
    ids = [line.subject_id for line in lines]
    opened = people.person_views(actor, ids)
    with wall.lifted():  # whom the wall keeps from the actor is named by her family name alone
        hidden = people.person_views(actor, set(ids) - set(opened))
        persons = opened | {
            pk: replace(row, name=people.masked_name(row.name)) for pk, row in hidden.items()
        }
        consents = set(purpose_of_sources({line.source for line in lines}))
    return user, roles, _of_grants(lines, persons, consents)


def _within(actor: Actor, action: str, user_id: UUID, roles: list[RoleLine], at: datetime) -> bool:
    if any(actor.covers(action, line.region_prefix) for line in roles):
        return True
    rows = Staff.objects.filter(user=user_id, period__contains=at).select_related("organization")
    return any(actor.covers(action, row.organization.region_code) for row in rows)


def ending_soon(actor: Actor, *, at: datetime) -> list[RoleLine]:
    """Return the roles in the actor's regions that end by themselves within a month; 1 query."""
    until = at + rights().ends_soon
    return giving.roles_ending(actor.prefixes(REVIEW_ROLES), at=at, until=until)


@dataclass(frozen=True, slots=True)
class Idle:
    """An account that holds roles and has not been used; never where last_at is None."""

    user_id: UUID
    name: str
    login: str
    last_at: datetime | None
    roles: tuple[str, ...]


def idle(actor: Actor, *, at: datetime) -> list[Idle]:
    """Return accounts with roles in the actor's regions that nobody signed in to; 2 queries."""
    held: dict[UUID, list[RoleLine]] = {}
    for line in giving.all_roles_in(actor.prefixes(REVIEW_ROLES), at=at):
        held.setdefault(line.user_id, []).append(line)
    before = at - rights().idle
    rows = User.objects.filter(pk__in=held, is_active=True, created_at__lt=before)
    return [
        Idle(
            user_id=row.pk,
            name=row.display_name,
            login=row.login,
            last_at=row.last_login,
            roles=tuple(sorted({line.role for line in held[row.pk]})),
        )
        for row in rows.order_by("last_login", "pk")
        if row.last_login is None or row.last_login < before
    ]
