"""What somebody holds at a moment, as three columns of whatever statement asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from songhe.base.access.actor import HeldGrant, HeldRole
from songhe.base.access.roles import all_roles

_COLUMNS = """
(SELECT json_agg(json_build_array(role, region_prefix, organization_id))
   FROM access_roleassignment WHERE user_id = :user AND period @> %(at)s),
(SELECT json_agg(json_build_array(subject_type, subject_id, purpose, field_classes))
   FROM access_grant WHERE user_id = :user AND period @> %(at)s),
(SELECT json_agg(purpose) FROM access_statement WHERE user_id = :user AND period @> %(at)s)
"""
Held = tuple[tuple[HeldRole, ...], tuple[HeldGrant, ...], frozenset[str]]


def columns(user: str) -> str:
    """Return three columns for a statement with the parameter `at`; user is an SQL expression."""
    return _COLUMNS.replace(":user", user)


def held(
    roles: Sequence[Any] | None, grants: Sequence[Any] | None, stated: Sequence[str] | None
) -> Held:
    """Return what the columns say; a role that is no longer known is not held."""
    known = all_roles()
    return (
        tuple(
            HeldRole(role, prefix, organization and UUID(organization))
            for role, prefix, organization in roles or ()
            if role in known
        ),
        tuple(
            HeldGrant(subject_type, UUID(subject_id), purpose, frozenset(classes))
            for subject_type, subject_id, purpose, classes in grants or ()
        ),
        frozenset(stated or ()),
    )
