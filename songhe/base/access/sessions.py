"""The sessions of the web: read with the account and with what it holds, by one statement."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from songhe.base.access.held import Held, columns, held
from songhe.base.accounts.sessions import SessionStore as AccountSessions


class SessionStore(AccountSessions):
    """The session of an account with its roles and grants of the moment it was read."""

    also = columns("s.user_id")
    held: tuple[datetime, Held] | None = None

    def take(self, also: list[Any], at: datetime) -> None:
        self.held = at, held(*also)
