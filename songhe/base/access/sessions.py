"""The sessions of the web: read with the account and with what it holds, by one statement."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from songhe.base.access.held import Held, columns, held
from songhe.base.access.models import RoleAssignment
from songhe.base.access.roles import all_roles
from songhe.base.access.sign_ins import NOTE
from songhe.base.accounts.models import Session
from songhe.base.accounts.sessions import SessionStore as AccountSessions


class SessionStore(AccountSessions):
    """The session of an account with its roles and grants of the moment it was read.

    It ends by idleness and by age as the account's roles say (roles.yaml, `sessions`).
    """

    also = columns("s.user_id")
    held: tuple[datetime, Held] | None = None

    def take(self, also: list[Any], at: datetime) -> None:
        self.held = at, held(*also)

    def is_over(self, holds: dict[str, Any], seen_at: datetime, at: datetime) -> bool:
        roles = self.held[1][0] if self.held is not None else ()
        began = holds.get(NOTE, {}).get("at")
        is_over = _is_over({one.role for one in roles}, began, seen_at, at)
        if is_over:
            self.held = None
        return is_over

    @classmethod
    def end_idle(cls, *, at: datetime) -> int:
        """End the sessions that nobody asks for any more, with their streams; return how many."""
        shortest = min(limits.idle for role in all_roles().values() if (limits := role.session))
        quiet = Session.objects.filter(user__isnull=False, seen_at__lt=at - shortest)
        lines = RoleAssignment.objects.filter(period__contains=at, user__in=quiet.values("user"))
        roles: dict[UUID, set[str]] = {}
        for user_id, role in lines.values_list("user_id", "role"):
            roles.setdefault(user_id, set()).add(role)
        over = [
            key
            for key, user_id, seen_at in quiet.values_list("session_key", "user_id", "seen_at")
            if _is_over(roles.get(user_id, set()), None, seen_at, at)
        ]
        return Session.objects.filter(pk__in=over).delete()[0]


def _is_over(roles: set[str], began: str | None, seen_at: datetime, at: datetime) -> bool:
    """Tell whether an account with these roles stayed too long since it was seen, or began."""
    known = all_roles()
    limits = [found for name in roles & known.keys() if (found := known[name].session)]
    return any(
        at - seen_at > one.idle
        or (began is not None and at - datetime.fromisoformat(began) > one.longest)
        for one in limits
    )
