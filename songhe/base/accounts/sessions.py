"""Sessions in the database, as Django's own, read by one plain statement.

Every page of everybody asks it, and building the statement anew cost more than carrying it out.
"""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseSessions
from django.db import connection
from django.utils import timezone

_LOAD = "SELECT session_data FROM django_session WHERE session_key = %s AND expire_date > %s"


class SessionStore(DatabaseSessions):
    """Django's store with another way of loading."""

    def load(self) -> dict[str, Any]:
        """Return what the session holds; one that has expired or never was holds nothing."""
        with connection.cursor() as cursor:
            cursor.execute(_LOAD, [self.session_key, timezone.now()])
            row = cursor.fetchone()
        if row is None:
            self._session_key = None
            return {}
        return self.decode(row[0])
