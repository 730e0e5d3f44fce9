"""Migrated databases for tests of processes that are not Django: one template, many copies."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = "songhe_gateway_template"
# The gateway's tests issue commands to devices that only the snapshot knows.
_LOOSEN = """
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT conname FROM pg_constraint
    WHERE conrelid = 'device_command'::regclass AND contype = 'f'
  LOOP EXECUTE format('ALTER TABLE device_command DROP CONSTRAINT %I', name); END LOOP;
END $$
"""


def at_database(url: str, name: str) -> str:
    """Return the address of another database of the same server."""
    given = conninfo_to_dict(url)
    login = f"{given['user']}:{given.get('password', '')}"
    return f"postgresql://{login}@{given['host']}:{given['port']}/{name}"


def _create(url: str, name: str, template: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )


def make_template(url: str) -> str:
    """Make a migrated database on the server of url, once; return its name."""
    with psycopg.connect(url, autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (TEMPLATE,))
        if known.fetchone() is not None:
            return TEMPLATE
    given = conninfo_to_dict(url)
    making = f"{TEMPLATE}_{secrets.token_hex(4)}"
    # A copy of the server's own database has its extensions.
    _create(at_database(url, "postgres"), making, str(given["dbname"]))
    address = at_database(url, making)
    subprocess.run(
        [sys.executable, "-m", "django", "migrate", "--verbosity", "0"],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "DJANGO_SETTINGS_MODULE": "songhe.config.settings",
            "SONGHE_DATABASE_URL": address,
        },
        check=True,
    )
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(_LOOSEN)
    with psycopg.connect(at_database(url, "postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                sql.Identifier(making), sql.Identifier(TEMPLATE)
            )
        )
    return TEMPLATE


def copy(url: str) -> str:
    """Make a fresh migrated database on the server of url; return its address."""
    name = f"songhe_gateway_{secrets.token_hex(6)}"
    _create(at_database(url, "postgres"), name, make_template(url))
    return at_database(url, name)


@contextmanager
def copied(url: str) -> Iterator[str]:
    """Give a fresh migrated database, and drop it afterwards."""
    address = copy(url)
    try:
        yield address
    finally:
        name = str(conninfo_to_dict(address)["dbname"])
        with psycopg.connect(at_database(url, "postgres"), autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )
