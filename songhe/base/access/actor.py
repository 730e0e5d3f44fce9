"""Who acts: the signed-in user with the roles and grants of this moment, or the system itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from songhe.base.access.roles import all_roles


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


@dataclass(frozen=True, slots=True)
class Actor:
    """The first argument of every read and write. Roles and grants are those valid at `at`.

    purposes: what the user has stated to look at persons for, at `at`. key_id: the key by which
    a machine works as the user.
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

    def granted(self, subject_type: str) -> dict[UUID, frozenset[str]]:
        """Return the subjects of a type that grants open, each with its classes of fields."""
        subjects: dict[UUID, frozenset[str]] = {}
        for held in self.grants:
            if held.subject_type == subject_type:
                so_far = subjects.get(held.subject_id, frozenset())
                subjects[held.subject_id] = so_far | held.fields
        return subjects


ANONYMOUS = Actor(user_id=None, display_name="")
SYSTEM = Actor(user_id=None, display_name="system", is_system=True)
