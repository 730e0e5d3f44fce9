"""Who acts: the signed-in user with the roles and grants of this moment, or the system itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from songhe.base.access.roles import all_roles

PERSON = "people.Person"


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A role held now. region_prefix "" covers everything."""

    role: str
    region_prefix: str
    organization_id: UUID | None = None

    def carries(self, action: str) -> bool:
        return all_roles()[self.role].carries(action)


@dataclass(frozen=True, slots=True)
class HeldGrant:
    """A grant held now: classes of fields of one subject for a purpose."""

    subject_type: str
    subject_id: UUID
    purpose: str
    fields: frozenset[str]


Served = Callable[[], Mapping[UUID, frozenset[str]]]


def nobody() -> Mapping[UUID, frozenset[str]]:
    """Return whom an organisation serves that serves nobody."""
    return {}


@dataclass(frozen=True, slots=True)
class Actor:
    """The first argument of every read and write. Roles and grants are those valid at `at`.

    purposes: what the user has stated to look at persons for, at `at`. key_id: the key by which
    a machine works as the user. served: asks whom the actor's organisation serves, with the classes
    of fields that open of them; asked at most once, and only where somebody is looked at.
    """

    user_id: UUID | None
    display_name: str
    at: datetime | None = None
    roles: tuple[HeldRole, ...] = ()
    grants: tuple[HeldGrant, ...] = ()
    purposes: frozenset[str] = frozenset()
    locale: str = "zh-hans"
    request_id: str = ""
    is_system: bool = False
    session_key: str = field(default="", repr=False)
    key_id: UUID | None = None
    served: Served = field(default=nobody, repr=False, compare=False)

    @property
    def is_authenticated(self) -> bool:
        return self.user_id is not None or self.is_system

    def may(self, action: str) -> bool:
        """Tell whether any role carries the action, wherever it holds."""
        return self.is_system or any(held.carries(action) for held in self.roles)

    def prefixes(self, action: str) -> tuple[str, ...]:
        """Return the region prefixes in which the actor's regional roles carry the action.

        Roles whose reach is an organisation or grants give none.
        """
        if self.is_system:
            return ("",)
        found = {
            held.region_prefix
            for held in self.roles
            if held.carries(action) and all_roles()[held.role].reach == "region"
        }
        return () if not found else ("",) if "" in found else tuple(sorted(found))

    def organizations(self, action: str) -> tuple[UUID, ...]:
        """Return the organisations for which the actor's roles carry the action.

        Roles that reach by grants only (a worker) see of an organisation what is given to them.
        """
        return tuple(
            held.organization_id
            for held in self.roles
            if held.organization_id is not None
            and held.carries(action)
            and all_roles()[held.role].reach != "grant"
        )

    def covers(self, action: str, region_code: str) -> bool:
        """Tell whether a role carries the action in this region."""
        return any(region_code.startswith(prefix) for prefix in self.prefixes(action))

    def fields_in(self, region_code: str) -> frozenset[str]:
        """Return the classes of fields that the actor's roles open in a region."""
        seen: frozenset[str] = frozenset()
        for held in self.roles:
            role = all_roles()[held.role]
            if role.reach == "region" and region_code.startswith(held.region_prefix):
                seen |= role.opens(self.purposes)
        return seen

    def fields_at(self, organization_id: UUID, action: str) -> frozenset[str]:
        """Return the classes that roles at an organisation which carry an action open of its own.

        Of what is addressed to it; purposes count while they are stated.
        """
        return frozenset().union(
            *(
                all_roles()[held.role].opens(self.purposes)
                for held in self.roles
                if held.organization_id == organization_id
                and held.carries(action)
                and all_roles()[held.role].reach == "organization"
            )
        )

    def granted(self, subject_type: str) -> dict[UUID, frozenset[str]]:
        """Return the subjects of a type that grants open, each with its classes of fields."""
        subjects: dict[UUID, frozenset[str]] = {}
        for held in self.grants:
            if held.subject_type == subject_type:
                so_far = subjects.get(held.subject_id, frozenset())
                subjects[held.subject_id] = so_far | held.fields
        return subjects

    def opened(self, subject_type: str) -> dict[UUID, frozenset[str]]:
        """Return the subjects of a type that grants or one's organisation's service open."""
        found = self.granted(subject_type)
        if subject_type == PERSON:
            for person_id, fields in self.served().items():
                found[person_id] = found.get(person_id, frozenset()) | fields
        return found

    def opens(self, subject_type: str, subject_id: UUID) -> frozenset[str]:
        """Return the classes of one subject that grants or one's organisation's service open."""
        seen = self.served().get(subject_id, frozenset()) if subject_type == PERSON else frozenset()
        return seen.union(
            *(
                held.fields
                for held in self.grants
                if held.subject_id == subject_id and held.subject_type == subject_type
            )
        )


ANONYMOUS = Actor(user_id=None, display_name="")
SYSTEM = Actor(user_id=None, display_name="system", is_system=True)
