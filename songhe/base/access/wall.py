"""The second wall: row-level security under the pages' queries, from the same roles and grants.

Domains say by table who may know of a row; after each migration the database is brought to that.
The web process works as the role APP, which owns nothing: a query that forgot its scope finds
nothing there. Jobs, the gateway and the command line work as the owner.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Container, Iterator
from typing import cast

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.http import HttpRequest, HttpResponse

from songhe.base.access.roles import all_roles
from songhe.base.database.base import DatabaseWrapper
from songhe.base.database.roles import APP

_PREFIX = "wall_"
_WRONG_RIGHTS = """
SELECT format('GRANT SELECT, INSERT, UPDATE, DELETE ON %%s TO %%I', c.oid::regclass, %(app)s)
  FROM pg_class c
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v')
   AND NOT c.relispartition AND NOT has_table_privilege(%(app)s, c.oid, 'INSERT')
   AND pg_has_role(c.relowner, 'USAGE')
UNION ALL
SELECT format('GRANT USAGE ON SEQUENCE %%s TO %%I', c.oid::regclass, %(app)s)
  FROM pg_class c
 WHERE c.relnamespace = 'public'::regnamespace AND pg_has_role(c.relowner, 'USAGE')
   AND CASE c.relkind WHEN 'S' THEN NOT has_sequence_privilege(%(app)s, c.oid, 'USAGE') END
UNION ALL
SELECT format('REVOKE UPDATE, DELETE ON %%s FROM %%I', c.oid::regclass, %(app)s)
  FROM pg_class c
 WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY(%(added)s)
   AND has_table_privilege(%(app)s, c.oid, 'UPDATE')
"""
# What the pages may add to and never change: refused by the database before any trigger is.
_ADDED = (
    "audit_auditcheckpoint",
    "audit_auditcut",
    "audit_auditentry",
    "audit_auditlink",
    "audit_pending",
    "history_change",
    "history_queued",
)
# One row of another table is often asked for many rows in turn (a person for her readings): the
# last answer of the statement stands in a setting of the connection (migration 0004).
_ROW = """
CREATE OR REPLACE FUNCTION wall_row_{table}(pk uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
  head text := wall_mark() || pk::text;
  held text := current_setting('wall.row_{table}', true);
  found boolean;
BEGIN
  IF pk IS NULL THEN
    RETURN false;
  ELSIF starts_with(held, head) THEN
    RETURN substr(held, length(head) + 1)::boolean;
  END IF;
  found := EXISTS (SELECT FROM {table} w WHERE w.id = pk);
  PERFORM set_config('wall.row_{table}', head || found::text, false);
  RETURN found;
END $$
"""
# Whom the organisations serve that a user manages: what rooms say, once a statement.
_SERVED = """
CREATE OR REPLACE FUNCTION wall_served_of(who uuid) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  orgs uuid[];
BEGIN
  SELECT array_agg(DISTINCT a.organization_id) INTO orgs FROM access_roleassignment a
   WHERE a.user_id = who AND a.period @> statement_timestamp()
     AND a.organization_id IS NOT NULL AND a.role = ANY ('{{{roles}}}');
  IF orgs IS NULL THEN
    RETURN '{{}}';
  END IF;
  RETURN (SELECT coalesce(array_agg(DISTINCT s.person_id), '{{}}') FROM ({served}) s);
END $$;
CREATE OR REPLACE FUNCTION wall_served() RETURNS uuid[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  head text := wall_mark();
  held text := current_setting('wall.served', true);
  found uuid[];
BEGIN
  IF starts_with(held, head) THEN
    RETURN substr(held, length(head) + 1)::uuid[];
  END IF;
  found := wall_served_of(wall_actor());
  PERFORM set_config('wall.served', head || found::text, false);
  RETURN found;
END $$;
"""
_NOBODY = "SELECT NULL::uuid AS person_id WHERE false"
_serves: dict[str, str] = {}
_walls: dict[tuple[str, str], str] = {}
_asked: set[str] = set()
_actions: set[str] = set()


def protect(table: str, using: str, *, way: str = "open") -> None:
    """Show rows of a table to the pages only where `using` holds; each further way opens more.

    using is SQL of one row, its columns written `table.column`; new rows may be written by anybody
    whom the services let. Raises ValueError when the way is known already.
    """
    if (table, way) in _walls:
        raise ValueError(f"{table} has the way {way} already")
    _walls[table, way] = using


def serves(table: str, where: str, *, person: str = "person_id", joined: str = "") -> None:
    """Say whom an organisation serves now, as one table of one room knows it.

    where: the condition on its rows, for the organisations `orgs` (uuid[]); person: the column that
    names whom; joined: a JOIN to where that stands. It is asked on every page of a manager, so an
    index must answer it. Raises ValueError when the table has said so already.
    """
    if table in _serves:
        raise ValueError(f"{table} says already whom an organisation serves")
    _serves[table] = f"SELECT {person} AS person_id FROM {table} {joined} WHERE {where}"  # noqa: S608


def is_served(column: str) -> str:
    """Return the condition that a person is served by an organisation that the actor manages."""
    return f"{column} = ANY ((SELECT wall_served())::uuid[])"


def in_region(column: str, *actions: str) -> str:
    """Return the condition that a region code lies where a regional role carries an action."""
    return f"{column} ^@ ANY ((SELECT wall_prefixes({_words(actions)}))::text[])"


def of_organization(column: str, *actions: str) -> str:
    """Return the condition that a row is of an organisation where a role carries an action."""
    return f"{column} = ANY ((SELECT wall_organizations({_words(actions)}))::uuid[])"


def holding(*actions: str) -> str:
    """Return the condition that a role, wherever it holds, carries one of the actions."""
    return f"(SELECT wall_holds({_words(actions)}))"


def of_actor(column: str) -> str:
    """Return the condition that a column names who asks."""
    return f"{column} = (SELECT wall_actor())"


def granted(subject_type: str, column: str) -> str:
    """Return the condition that a grant opens the subject whose id the column holds."""
    return (
        "EXISTS (SELECT FROM access_grant g WHERE g.user_id = (SELECT wall_actor())"
        f" AND g.subject_type = '{subject_type}' AND g.subject_id = {column}"
        " AND g.period @> statement_timestamp())"
    )


def through(table: str, column: str) -> str:
    """Return the condition that the row of another table, by its id, is open.

    The other table's policy is asked by a function that keeps its plan: one policy within the next
    within the next made the planning of a page's queries cost more than their work.
    """
    _asked.add(table)
    return f"wall_row_{table}({column})"


def of_ref(column: str, label: str, table: str) -> str:
    """Return the condition that a column refers to a model (`label/<uuid>`) whose row is open."""
    pk = f"substr({column}, {len(label) + 2})::uuid"
    return f"CASE WHEN starts_with({column}, '{label}/') THEN {through(table, pk)} ELSE false END"


def walled() -> set[str]:
    """Return the tables that have a wall."""
    return {table for table, _ in _walls}


def _words(actions: tuple[str, ...]) -> str:
    _actions.update(actions)
    return ", ".join(f"'{action}'" for action in actions)


@transaction.atomic
def build() -> None:
    """Bring the database to what is said here: policies, rights of the role, who carries what."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('access_carried') IS NOT NULL")
        if cursor.fetchone() != (True,):
            return  # a part of the migrations was asked for
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('access.wall'))")
        _allow(cursor)
        _carry(cursor)
        _set_policies(cursor)


def _allow(cursor: CursorWrapper) -> None:
    """Give the role its rights on tables. Partitions have none: they would lie beside the wall."""
    for _ in ("given", "then narrowed"):
        cursor.execute(_WRONG_RIGHTS, {"app": APP, "added": list(_ADDED)})
        for (statement,) in cursor.fetchall():
            cursor.execute(statement)


def _carry(cursor: CursorWrapper) -> None:
    """Write down which roles carry the actions that walls ask for."""
    wanted = {
        (action, role.name, role.reach)
        for action in _actions
        for role in all_roles().values()
        if role.carries(action)
    }
    cursor.execute("SELECT action, role, reach FROM access_carried")
    if set(cursor.fetchall()) == wanted:
        return
    cursor.execute("DELETE FROM access_carried")
    cursor.executemany(
        "INSERT INTO access_carried (action, role, reach) VALUES (%s, %s, %s)", sorted(wanted)
    )


def _serve(cursor: CursorWrapper, tables: Container[str]) -> None:
    """Make the functions that say whom the organisations of a user's roles serve."""
    roles = sorted(role.name for role in all_roles().values() if role.served)
    said = [persons for table, persons in sorted(_serves.items()) if table in tables]
    cursor.execute(
        _SERVED.format(roles=",".join(roles), served=" UNION ALL ".join(said or [_NOBODY]))
    )


def _set_policies(cursor: CursorWrapper) -> None:
    """Make the policies that are missing or differ, and take away what nobody says any more."""
    cursor.execute(
        "SELECT c.relname, p.polname, obj_description(p.oid, 'pg_policy') FROM pg_policy p"
        " JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = 'public'::regnamespace"
        " AND starts_with(p.polname, %s)",
        [_PREFIX],
    )
    standing = {(table, name): mark for table, name, mark in cursor.fetchall()}
    cursor.execute(
        "SELECT relname, relrowsecurity FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
    )
    tables = dict(cursor.fetchall())
    _serve(cursor, tables)
    for table in sorted(_asked & tables.keys()):
        cursor.execute(_ROW.format(table=table))
    wanted = {(t, _PREFIX + way): using for (t, way), using in _walls.items() if t in tables}
    for table, name in standing.keys() - wanted.keys():
        cursor.execute(f'DROP POLICY "{name}" ON "{table}"')
    for (table, name), using in wanted.items():
        mark = hashlib.blake2b(using.encode(), digest_size=12).hexdigest()
        if standing.get((table, name)) != mark:
            cursor.execute(f'DROP POLICY IF EXISTS "{name}" ON "{table}"')
            cursor.execute(
                f'CREATE POLICY "{name}" ON "{table}" TO {APP} USING ({using}) WITH CHECK (true)'
            )
            cursor.execute(f'COMMENT ON POLICY "{name}" ON "{table}" IS \'{mark}\'')
    protected = {table for table, _ in wanted}
    for table, is_on in tables.items():
        if is_on != (table in protected):
            how = "DISABLE" if is_on else "ENABLE"
            cursor.execute(f'ALTER TABLE "{table}" {how} ROW LEVEL SECURITY')


@contextlib.contextmanager
def lifted() -> Iterator[None]:
    """Work as the owner for one question whose answer names nobody the actor may not know of.

    For what must see everybody: counts without names, whether a number is registered already.
    """
    database = cast(DatabaseWrapper, connection)
    walled = database.is_walled
    if walled:
        database.wall(None)
    try:
        yield
    finally:
        if walled:
            database.wall(APP)


class Walled:
    """A middleware for tests, which own their database: a request works as the pages' role.

    In the running product every connection of the web process does from its beginning.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        database = cast(DatabaseWrapper, connection)
        database.ensure_connection()
        database.handed_out()
        database.wall(APP)
        try:
            return self.get_response(request)
        finally:
            database.wall(None)
