"""Sessions in the database, each read together with the account that it belongs to.

Every page of everybody asks this: one plain statement tells what the session holds and who it is.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessions
from django.db import connection
from django.utils import timezone

from songhe.base.accounts.models import Session, User
from songhe.base.database.base import STANDS, DatabaseWrapper

_LOAD = """
SELECT s.session_data, s.seen_at, s.user_id, {stands}, u.*
  FROM accounts_session s LEFT JOIN accounts_user u ON u.id = s.user_id
 WHERE s.session_key = %(key)s AND s.expire_date > %(at)s
""".replace("{stands}", STANDS % "CASE WHEN u.is_active THEN s.user_id::text ELSE '' END")

SEEN_TO = timedelta(minutes=5)
OVER = "over"  # what a browser holds after it was signed out by time


def id_of_sign_in(session_key: str) -> str:
    """Return what a signed-in browser is called where its key must not be told.

    The database says the same of a session that ends (migration 0005).
    """
    return hashlib.sha256(session_key.encode()).hexdigest()[:24]


class SessionStore(DatabaseSessions):
    """Django's store with another way of loading, and with the account of what was loaded.

    also: columns that a room above wants of the same statement (s is the session, `at` the
    moment); it is given them by `take`.
    """

    also = ""
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
        self._account, at = None, timezone.now()
        database = cast(DatabaseWrapper, connection)
        with database.prepared_cursor() as cursor:
            cursor.execute(self._statement(), {"key": self.session_key, "at": at})
            row = cursor.fetchone()
        if row is None:
            self._session_key = None
            return {}
        data, seen_at, user_id, stands, *rest = row
        database.stands(stands)
        holds = self.decode(data)
        if user_id is not None:
            count = len(_columns())
            self._account = User.from_db(connection.alias, _columns(), rest[:count])
            self.take(rest[count:], at)
            if self.is_over(holds, seen_at, at):
                return self._signed_out(database)
        if at - seen_at > SEEN_TO:
            Session.objects.filter(pk=self.session_key).update(seen_at=at)
        return holds

    def _signed_out(self, database: DatabaseWrapper) -> dict[str, Any]:
        """Forget the session and whose it was; the browser holds that it was signed out."""
        Session.objects.filter(pk=self.session_key).delete()
        self._session_key, self._account, self.modified = None, None, True
        database.stand_as(None)
        return {OVER: True, "_session_expiry": 900}

    def is_over(self, holds: dict[str, Any], seen_at: datetime, at: datetime) -> bool:
        """Tell whether the account stayed too long; here only the expiry of the row counts."""
        return False

    def take(self, also: list[Any], at: datetime) -> None:
        """Take what was asked for besides the account; here nothing is."""

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """Return the row for what the session holds now, with whose it is."""
        row = cast(Session, super().create_model_instance(data))
        row.user_id = data.get(SESSION_KEY)
        return row

    @classmethod
    @cache
    def _statement(cls) -> str:
        wanted = [*(f'u."{name}"' for name in _columns()), *([cls.also] if cls.also else [])]
        return _LOAD.replace("u.*", ", ".join(wanted))


@cache
def _columns() -> list[str]:
    return [field.attname for field in User._meta.concrete_fields]
