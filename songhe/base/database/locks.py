"""Locks by a name, for what has no row yet that could be locked."""

from __future__ import annotations

from django.db import connection


def hold(name: str) -> None:
    """Wait until no other transaction holds this name; held until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
