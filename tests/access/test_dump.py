"""What somebody finds who has the database and not the keys: no number, no address."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from songhe.base.access.actor import SYSTEM
from songhe.domains.monitoring import services as monitoring
from songhe.domains.people import services as people
from songhe.domains.people.idnumber import check_digit
from tests.access.world import make_world

NOW = datetime.now(UTC)
FIRST17 = "99012119440309002"
NUMBER = FIRST17 + check_digit(FIRST17)
AWAY_CALL = "19911118888"
SECRETS = (
    NUMBER,
    FIRST17,
    "19911110001",
    "19911110002",
    "19911119999",
    AWAY_CALL,
    "桂花里 3 号",
    "望河村 17 号",
)
pytestmark = pytest.mark.django_db


def dumped() -> dict[str, str]:
    """Return every row of every table as text, bytes as hexadecimal digits."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        tables = [name for (name,) in cursor.fetchall()]
        found = {}
        for table in tables:
            cursor.execute(f"SELECT string_agg(t::text, chr(10)) FROM {table} t")
            (text,) = cursor.fetchone() or (None,)
            found[table] = text or ""
    return found


def test_a_dump_has_no_number_and_no_address() -> None:
    world = make_world(NOW)
    people.register_person(
        actor=SYSTEM,
        name="赵桂兰",
        sex="female",
        birth_on=date(1944, 3, 9),
        region_code="990121001001",
        id_number=NUMBER,
        at=NOW,
    )
    monitoring.make_absence(
        actor=SYSTEM,
        person_id=world.towns["a"].person,
        kind="family",
        since=NOW,
        until=NOW + timedelta(days=2),
        contact_phone=AWAY_CALL,
        told_by="家人",
        at=NOW,
    )
    found = dumped()
    assert "陈秀兰" in found["public.people_person"], "the dump shows what is not sealed"
    shown = {
        (table, secret)
        for table, text in found.items()
        for secret in SECRETS
        if secret in text or secret.encode().hex() in text
    }
    assert shown == set()
