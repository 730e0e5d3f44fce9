"""The wall under the pages holds when the policies above it say yes to everything.

Each query is asked as the role of the pages, for one user after another; what is not theirs is not
there. Requests of the whole suite work as that role too (`base.access.wall.Walled`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from django.db import ProgrammingError, connection, transaction
from django.test import Client

from songhe.base.access import wall
from songhe.base.accounts.models import User
from songhe.base.database.base import DatabaseWrapper
from songhe.base.database.roles import APP
from songhe.kit.screens import all_screens
from tests.access.test_matrix import address
from tests.access.world import PERSONAL, TOWNS, World, make_world

pytestmark = pytest.mark.django_db

# Tables without a wall, and why. A new table is named here or gets one.
OPEN = {
    "access_statement": "read to find out who asks; reasons are sealed",
    "account_emailaddress": "of a library, empty",
    "account_emailconfirmation": "of a library, empty",
    "accounts_apikey": "read to find out who asks, by a digest; no key is kept",
    "accounts_factorsecret": "read at the door, before anybody is known; sealed",
    "accounts_outsideidentity": "read at the door",
    "mfa_authenticator": "read at the door; secrets are sealed beside it",
    "signin_sms_code": "read at the door; sealed",
    "audit_auditcheckpoint": "digests",
    "audit_auditcut": "positions",
    "audit_auditlink": "ids and digests",
    "audit_chaincheck": "positions in the chain",
    "audit_pending": "ids",
    "access_carried": "what roles carry: the same for everybody",
    "access_grant": "read to find out who asks; ids and classes alone",
    "access_roleassignment": "read to find out who asks",
    "accounts_session": "read to find out who asks, by a key that nobody guesses",
    "accounts_user": "read to find out who asks; names of those who work here",
    "auth_group": "of the framework, empty",
    "auth_group_permissions": "of the framework, empty",
    "auth_permission": "of the framework",
    "destroyed_until": "days and classes",
    "django_content_type": "of the framework",
    "django_migrations": "of the framework",
    "events_handledevent": "ids of events",
    "events_outboxevent": "ids and values of facts, written and not read by pages",
    "gateway_session": "devices' sessions, read by the gateway",
    "health_job_fault": "the platform's own",
    "health_sample": "the platform's own",
    "notify_pushkey": "the install's own key, sealed; pages give its public half to browsers",
    "organizations_organization": "institutions are public",
    "organizations_staff": "who works where; numbers are sealed",
    "outside_outsidemessage": "the end of a number and a text without health; its page asks a role",
    "procrastinate_events": "jobs: ids alone",
    "procrastinate_jobs": "jobs: ids alone",
    "procrastinate_periodic_defers": "jobs",
    "procrastinate_workers": "jobs",
    "reading_shape": "combinations of codes",
    "destroyed_held": "ids of who is held, read by jobs",
    "region_day": "counted by region",
    "region_due": "regions and hours",
    "region_hour": "counted by region",
    "region_mark": "how far the counting is",
    "regions_region": "public",
    "retention_destruction": "counts",
    "retention_period": "how long classes are kept: the same for everybody",
    "sealed_day": "counts by day",
    "signin_attempt": "keyed digests of logins",
    "subsidies_programme": "what is paid by which rule is public",
    "telemetry_run": "work on old days: counts",
    "vault_rotation": "counts",
}
# What is of no person is seen by everybody who may be on the page at all.
OF_NOBODY = {
    "catalog_item",
    "catalog_itemversion",
    "catalog_price",
    "gateway_rules",
    "monitoring_ruleoverride",
}


# Rows about oneself, which stay when everything else has ended.
OWN = {"audit_auditentry", "consent_guardianship"}


@pytest.fixture
def world(db: None) -> World:
    return make_world(datetime.now(UTC))


@contextmanager
def standing(user: User | None) -> Iterator[Any]:
    """Give a cursor that works as the pages do for a user."""
    database = cast(DatabaseWrapper, connection)
    with transaction.atomic():
        database.wall(APP)
        database.stand_as(user and user.pk)
        try:
            with connection.cursor() as cursor:
                yield cursor
        finally:
            database.stand_as(None)
            database.wall(None)


def rows_of(user: User | None) -> dict[str, list[str]]:
    """Return every row that a user sees in the tables that have a wall, as text."""
    found = {}
    with standing(user) as cursor:
        for table in sorted(wall.walled()):
            cursor.execute(f"SELECT t::text FROM {table} t")
            found[table] = [text for (text,) in cursor.fetchall()]
    return found


def marks_of(world: World, town: str) -> list[str]:
    """Return the ids by which a row is known to be of a town."""
    one = world.towns[town]
    ids = (one.person, one.home, one.room, one.device, one.alarm, one.absence)
    return [str(id_) for id_ in ids]


def test_every_table_has_a_wall_or_a_reason() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, relrowsecurity FROM pg_class"
            " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
            " AND NOT relispartition"
        )
        tables = dict(cursor.fetchall())
    without = {table for table, secured in tables.items() if not secured}
    missing = " ".join(sorted(without - set(OPEN)))
    assert missing == "", "neither a wall nor a reason"
    assert sorted(set(OPEN) - without) == [], "a reason too many"
    assert {table for table, secured in tables.items() if secured} == wall.walled()


def test_what_is_only_added_to_is_not_changed_by_the_pages(world: World) -> None:
    with standing(world.users["auditor"]) as cursor:
        for how in (
            "UPDATE audit_auditentry SET user_id = NULL",
            "DELETE FROM audit_auditentry",
            "UPDATE audit_auditlink SET sealed_at = now()",
            "DELETE FROM history_change",
        ):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                cursor.execute(how)


def test_partitions_are_not_open_beside_the_wall(world: World) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE has_table_privilege(%s, oid, 'SELECT'))"
            " FROM pg_class WHERE relispartition AND relkind = 'r'",
            [APP],
        )
        partitions, opened = cursor.fetchone()
    assert partitions > 0
    assert opened == 0


@pytest.mark.parametrize("who", ["nobody", "wu", "engineer"])
def test_who_has_nobody_sees_no_row(world: World, who: str) -> None:
    for table, rows in rows_of(world.users.get(who)).items():
        if table not in OF_NOBODY:
            assert rows == [], f"{who} sees {table}"


@pytest.mark.parametrize(
    ("who", "own"), [("operator", "a"), ("operator_b", "b"), ("family", "a"), ("elder", "a")]
)
def test_each_sees_the_own_and_nothing_of_the_neighbour(world: World, who: str, own: str) -> None:
    (other,) = set(TOWNS) - {own}
    theirs, foreign = marks_of(world, own), marks_of(world, other)
    seen = rows_of(world.users[who])
    for table, rows in seen.items():
        for row in rows:
            assert not any(mark in row for mark in foreign), f"{who} sees {row} of {table}"
    for table in ("people_person", "people_home", "people_contact", "latest", "reading_hot"):
        if table != "latest":  # written by the gateway, which is not here
            assert any(theirs[0] in row or theirs[1] in row for row in seen[table]), table
    assert any(theirs[3] in row for row in seen["devices_device"])
    assert any(theirs[4] in row for row in seen["monitoring_alarm"])


def test_a_grant_that_has_ended_opens_nothing(world: World) -> None:
    family = world.users["family"]
    with standing(family) as cursor:
        cursor.execute("SELECT count(*) FROM people_person")
        assert cursor.fetchone() == (1,)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE access_grant SET period = tstzrange(lower(period), statement_timestamp())"
            " WHERE user_id = %s",
            [family.pk],
        )
    assert [t for t, rows in rows_of(family).items() if rows and t not in {*OF_NOBODY, *OWN}] == []


def test_who_answers_for_an_organisation_knows_whom_the_alarm_is_of(world: World) -> None:
    clinician, town = world.users["clinician"], world.towns["a"]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM access_grant WHERE user_id = %s", [clinician.pk])
    with standing(clinician) as cursor:
        cursor.execute("SELECT id FROM people_person")
        assert cursor.fetchall() == [(town.person,)]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE monitoring_alarm SET organization_id = NULL")
    with standing(clinician) as cursor:
        cursor.execute("SELECT id FROM people_person")
        assert cursor.fetchall() == []


def test_what_one_does_not_see_one_does_not_change(world: World) -> None:
    with standing(world.users["operator_b"]) as cursor:
        for statement in (
            "UPDATE people_person SET name = '改'",
            "DELETE FROM people_contact",
            "UPDATE monitoring_alarm SET outcome = outcome",
        ):
            cursor.execute(statement)
            assert cursor.rowcount <= 1  # the own town's
        cursor.execute("SELECT name FROM people_person")
        assert cursor.fetchall() == [("改",)]
        transaction.set_rollback(True)


# Screens that the wall does not stand under, and why.
BESIDE = {
    "kit:gallery": "shows samples",
    "security:person_history": "lifts the wall for the name, which is masked as ever",
    "organizations:who_sees": "lifts the wall: who reviews access sees no persons",
}


def texts(world: World, user: User) -> dict[str, str]:
    """Return what a user reads at every screen, for the things of town a."""
    client = Client(raise_request_exception=False)
    client.force_login(user)
    found = {}
    for screen in all_screens():
        if screen.name in BESIDE:
            continue
        with transaction.atomic():
            response = client.get(address(screen, world))
            body = b"".join(response.streaming_content) if response.streaming else response.content
            found[screen.name] = body.decode("utf-8", "replace")
            transaction.set_rollback(True)
    return found


@pytest.mark.parametrize("who", ["wu", "operator_b", "device_keeper"])
def test_with_the_policies_off_a_page_says_nothing_of_the_neighbour(
    world: World, no_policies: None, who: str
) -> None:
    foreign = PERSONAL[::2] if who == "operator_b" else PERSONAL
    if who == "device_keeper":  # may bind a device to anybody of town a, so her row is there
        foreign = PERSONAL[1::2]
    for name, text in texts(world, world.users[who]).items():
        for word in foreign:
            assert word not in text, f"{who} reads {word} at {name}"


def test_with_the_policies_off_the_own_is_still_there(world: World, no_policies: None) -> None:
    read = texts(world, world.users["operator"])
    assert re.search(PERSONAL[0], read["people:person"])
    assert re.search(PERSONAL[0], read["desk:alarm"])


@pytest.fixture
def pooled() -> Iterator[DatabaseWrapper]:
    """Give a pool of one connection that works as the pages' role."""
    settings = deepcopy(connection.settings_dict)
    settings["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 1, "timeout": 5.0}
    settings["OPTIONS"]["options"] = f"-c role={APP}"
    wrapper = DatabaseWrapper(settings, alias="default")
    yield wrapper
    wrapper.close()
    wrapper.close_pool()


def names(wrapper: DatabaseWrapper) -> list[str]:
    with wrapper.cursor() as cursor:
        cursor.execute("SELECT name FROM people_person ORDER BY 1")
        return [name for (name,) in cursor.fetchall()]


@pytest.mark.django_db(transaction=True)
def test_one_after_another_through_one_pooled_connection(pooled: DatabaseWrapper) -> None:
    world = make_world(datetime.now(UTC))
    own = {"operator": ["陈秀兰"], "operator_b": ["李桂芳"], "wu": [], "family": ["陈秀兰"]}
    for who in ("operator", "wu", "operator_b", "family", "operator_b", "wu", "operator"):
        pooled.stand_as(world.users[who].pk)
        assert names(pooled) == own[who]
        pooled.close()  # back to the pool, as at the end of a request
        assert names(pooled) == [], f"who comes after {who} and says nothing sees nothing"
        pooled.close()


@pytest.mark.django_db(transaction=True)
def test_a_transaction_taken_back_does_not_bring_back_who_was_before(
    pooled: DatabaseWrapper,
) -> None:
    world = make_world(datetime.now(UTC))
    pooled.stand_as(world.users["operator"].pk)
    pooled.close()
    pooled.set_autocommit(False)
    pooled.stand_as(world.users["operator_b"].pk)
    assert names(pooled) == ["李桂芳"]
    pooled.rollback()
    pooled.set_autocommit(True)
    assert names(pooled) == []
