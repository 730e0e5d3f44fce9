"""Sessions in the database, each read together with the account that it belongs to.

Every page of everybody asks this: one plain statement tells what the session holds and who it is.
"""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessions
from django.db import connection
from django.utils import timezone

from songhe.base.accounts.models import Session, User

_LOAD = """
SELECT s.session_data, s.user_id, u.*
  FROM accounts_session s LEFT JOIN accounts_user u ON u.id = s.user_id
 WHERE s.session_key = %s AND s.expire_date > %s
"""


class SessionStore(DatabaseSessions):
    """Django's store with another way of loading, and with the account of what was loaded."""

    _account: User | None = None

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    @property
    def account(self) -> User | None:
        """Return whose session this is in the database; None for a stranger's, or one expired."""
        self.keys()  # loads what is not loaded yet
        return self._account

    def load(self) -> dict[str, Any]:
        """Return what the session holds; one that has expired or never was holds nothing."""
        self._account = None
        with connection.cursor() as cursor:
            cursor.execute(_load(), [self.session_key, timezone.now()])
            row = cursor.fetchone()
        if row is None:
            self._session_key = None
            return {}
        data, user_id, *account = row
        if user_id is not None:
            self._account = User.from_db(connection.alias, _columns(), account)
        return self.decode(data)

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """Return the row for what the session holds now, with whose it is."""
        row = cast(Session, super().create_model_instance(data))
        row.user_id = data.get(SESSION_KEY)
        return row


def _columns() -> list[str]:
    return [field.attname for field in User._meta.concrete_fields]


@cache
def _load() -> str:
    return _LOAD.replace("u.*", ", ".join(f'u."{name}"' for name in _columns()))
