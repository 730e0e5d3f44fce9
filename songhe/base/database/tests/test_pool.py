"""The pool of database connections: what the server closed is not handed out."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, cast

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from songhe.base.database.base import DatabaseWrapper, is_open

pytestmark = pytest.mark.django_db(transaction=True)
Connection = psycopg.Connection[Any]


@pytest.fixture
def pooled() -> Iterator[DatabaseWrapper]:
    settings = deepcopy(connection.settings_dict)
    settings["OPTIONS"]["pool"] = {"min_size": 2, "max_size": 2, "timeout": 5.0}
    wrapper = DatabaseWrapper(settings, alias="pooled")
    yield wrapper
    wrapper.close_pool()


def take(wrapper: Any) -> Connection:
    found: Connection = wrapper.get_new_connection(wrapper.get_connection_params())
    return found


def end(pid: int) -> None:
    """End a connection at the server, and wait until it has gone."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        assert cursor.fetchone() == (True,)


def test_what_the_server_ended_is_replaced_unseen(pooled: Any) -> None:
    first, second = take(pooled), take(pooled)
    ended = {first.info.backend_pid, second.info.backend_pid}
    for one in (first, second):
        pooled.pool.putconn(one)
    for pid in ended:
        end(pid)
    again = take(pooled)
    assert again.info.backend_pid not in ended
    assert again.execute("SELECT 1").fetchone() == (1,)
    pooled.pool.putconn(again)


def test_one_that_the_server_ended_is_seen_before_it_is_used(pooled: Any) -> None:
    one = take(pooled)
    assert is_open(one)
    end(one.info.backend_pid)
    assert not is_open(one)
    pooled.pool.putconn(one)


def test_one_to_which_the_server_said_something_is_asked_and_kept(pooled: Any) -> None:
    one = take(pooled)
    one.execute("LISTEN songhe_test")
    with connection.cursor() as cursor:
        cursor.execute("NOTIFY songhe_test")
    assert is_open(one)
    one.execute("UNLISTEN songhe_test")
    pooled.pool.putconn(one)


def test_one_that_we_closed_is_not_open(pooled: Any) -> None:
    one = take(pooled)
    one.close()
    assert not is_open(one)
    pooled.pool.putconn(one)


def test_a_prepared_statement_is_planned_once_and_counted_like_others() -> None:
    with CaptureQueriesContext(connection) as asked:
        for number in (1, 2):
            with cast(DatabaseWrapper, connection).prepared_cursor() as cursor:
                cursor.execute("SELECT %(n)s::int + 1", {"n": number})
                assert cursor.fetchone() == (number + 1,)
    assert [query["sql"] for query in asked] == ["SELECT %(n)s::int + 1"] * 2
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%+ 1'")
        assert cursor.fetchone() == (1,)
