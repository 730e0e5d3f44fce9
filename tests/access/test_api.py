"""Every operation of the API by every role, with keys: as the pages, and refusals change nothing.

Write the golden files anew with SONGHE_GOLDEN=write and read their difference before committing it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from songhe.config.api import api
from songhe.kit.api import Operation, all_operations
from songhe.kit.screens import stray_routes
from tests.access.crowd import crowd
from tests.access.test_matrix import STRANGERS, Answer, address, written
from tests.access.test_queries import FEW, MANY, Statements
from tests.access.world import NAMES, PERSONAL, TOWNS, World

GOLDEN = Path(__file__).parents[1] / "golden"
MATRIX, DOCUMENT = GOLDEN / "api_matrix.csv", GOLDEN / "openapi.json"
COUNTS = GOLDEN / "api_query_counts.csv"
NEW = "11010119450102001"  # the rest is the check digit
pytestmark = pytest.mark.django_db


def numbered() -> str:
    from songhe.domains.people.terms import check_digit

    return NEW + check_digit(NEW)


BODIES: dict[str, dict[str, Any]] = {
    "api:register_person": {
        "name": "赵桂英",
        "id_number": "",
        "region_code": TOWNS["a"] + "001",
    },
    "api:record_fact": {"kind": "insurance", "value": "resident", "since_on": "2026-11-01"},
}
QUERIES = {
    "api:list_readings": "?code=8480-6&since=2026-01-01T00:00:00Z&until=2026-12-31T00:00:00Z",
}


def body_of(operation: Operation) -> str:
    given = dict(BODIES.get(operation.name, {}))
    if "id_number" in given:
        given["id_number"] = numbered()
    return json.dumps(given)


def ask(client: Client, operation: Operation, world: World, headers: dict[str, str]) -> Answer:
    """Return the answer to an operation on the things of town a; its effects are taken back."""
    url = address(operation, world) + QUERIES.get(operation.name, "")  # type: ignore[arg-type]
    with transaction.atomic():
        before = written()
        response = client.generic(
            operation.method,
            url,
            body_of(operation) if operation.changes else "",
            content_type="application/json",
            headers=headers,
        )
        answer = Answer(response.status_code, "", response.content.decode())
        if answer.refused:
            answer.wrote = [one for one in written() if one not in before]
        transaction.set_rollback(True)
    return answer


def operations() -> list[Operation]:
    return sorted(all_operations(), key=lambda one: (one.route, one.method))


def test_every_operation_says_who_may() -> None:
    assert stray_routes() == ()
    assert len(operations()) >= 18
    assert {one.name for one in operations() if one.public} == {
        "api:get_document",
        "api:list_codes",
    }


def test_the_matrix_is_as_agreed_and_refusals_change_nothing(
    world: World, keys: dict[str, dict[str, str]]
) -> None:
    rows = ["method,operation," + ",".join(keys)]
    admitted, opened, asked = [], {}, 0
    client = Client(raise_request_exception=True)
    for operation in operations():
        cells = []
        for who, headers in keys.items():
            answer = ask(client, operation, world, headers)
            asked += 1
            assert answer.status < 500, f"{who} {operation.name}: {answer.status}"
            assert not answer.wrote, f"{who} was refused {operation.name}; it wrote {answer.wrote}"
            cells.append(str(answer.status))
            if "<uuid:" in operation.route:
                is_open = not answer.refused
                if who in (*STRANGERS, "wrong"):
                    admitted += [f"{who} {operation.name}: {answer.status}"] if is_open else []
                else:
                    opened[operation.name] = opened.get(operation.name, False) or is_open
        rows.append(f"{operation.method},{operation.name}," + ",".join(cells))
    rows.append(f"# {asked} answers; {len(opened)} operations on one thing")
    text = "\n".join(rows) + "\n"
    if os.environ.get("SONGHE_GOLDEN") == "write":
        MATRIX.write_text(text, encoding="utf-8")
    assert text == MATRIX.read_text(encoding="utf-8")
    assert not admitted, "something of another region or organisation is open"
    assert [name for name, was in opened.items() if not was] == []


def test_the_document_is_as_agreed() -> None:
    text = json.dumps(api.get_openapi_schema(), ensure_ascii=False, indent=1, default=str) + "\n"
    if os.environ.get("SONGHE_GOLDEN") == "write":
        DOCUMENT.write_text(text, encoding="utf-8")
    assert text == DOCUMENT.read_text(encoding="utf-8")


def read_all(
    world: World, headers: dict[str, str], but: tuple[str, ...] = ()
) -> Iterator[tuple[str, str]]:
    client = Client(raise_request_exception=False)
    for operation in operations():
        if operation.name not in but:
            yield operation.name, ask(client, operation, world, headers).text


def test_who_may_not_reads_no_personal_word(world: World, keys: dict[str, dict[str, str]]) -> None:
    town = world.towns["a"]
    neighbour = (*PERSONAL[::2], str(town.home), str(town.room))
    for who in ("nobody", "wrong", "wu", "regulator", "engineer", "operator_b"):
        for name, text in read_all(world, keys[who]):
            for word in neighbour if who == "operator_b" else PERSONAL:
                assert word not in text, f"{who} reads {word} at {name}"


SHOULD_SEE = [
    ("operator", "api:list_persons", "陈秀兰"),
    ("operator", "api:get_person", "陈秀兰"),
    ("operator", "api:list_contacts", "19911119999"),
    ("operator", "api:list_readings", '"value":186'),
    ("operator", "api:list_alarms", "陈秀兰"),
    ("operator", "api:acknowledge_alarm", '"state":"acknowledged"'),
    ("clinician", "api:list_readings", "mm[Hg]"),
    ("registrar", "api:get_register", "lives"),
    ("registrar", "api:register_person", "赵桂英"),
    ("registrar", "api:record_fact", '"id"'),
    ("regulator", "api:list_persons", "陈＊＊"),
    ("device_keeper", "api:list_devices", "bp-monitor"),
    ("admin", "api:list_organizations", "服务中心a"),
    ("auditor", "api:search_audit", '"kind":"read"'),
    ("family", "api:get_person", "陈秀兰"),
]


def test_each_role_sees_what_it_should(world: World, keys: dict[str, dict[str, str]]) -> None:
    by_name = {one.name: one for one in operations()}
    client = Client(raise_request_exception=True)
    for who, name, word in SHOULD_SEE:
        headers = {**keys[who], "Accept-Language": "en"}
        answer = ask(client, by_name[name], world, headers)
        assert answer.status in (200, 201), f"{who} {name}: {answer.text}"
        assert word in answer.text, f"{who} {name}"


ASKERS = ("operator", "registrar", "admin", "auditor")


def counted(world: World, keys: dict[str, dict[str, str]]) -> dict[tuple[str, str], Statements]:
    """Return what every operation that reads asks of the database, once it was asked before."""
    client, found = Client(), {}
    for operation in operations():
        url = address(operation, world) + QUERIES.get(operation.name, "")  # type: ignore[arg-type]
        for who in ASKERS if operation.method == "GET" else ():
            if client.get(url, headers=keys[who]).status_code == 200:
                asked = Statements()
                with connection.execute_wrapper(asked):
                    client.get(url, headers=keys[who])
                found[operation.name, who] = asked
                break
    return found


def test_no_operation_asks_more_than_agreed_nor_more_for_more_rows(
    world: World, keys: dict[str, dict[str, str]]
) -> None:
    crowd(world, FEW, now=datetime.now(UTC))
    few = counted(world, keys)
    crowd(world, MANY, now=datetime.now(UTC), first=FEW)
    many = counted(world, keys)
    grown = {key: asked.total() - few[key].total() for key, asked in many.items()}
    assert not {key: more for key, more in grown.items() if more > 0}
    rows = ["operation,role,queries,statements"]
    rows += [f"{one},{who},{said.total()},{len(said)}" for (one, who), said in few.items()]
    text = "\n".join(rows) + "\n"
    if os.environ.get("SONGHE_GOLDEN") == "write":
        COUNTS.write_text(text, encoding="utf-8")
    assert text == COUNTS.read_text(encoding="utf-8")


def test_with_the_policies_off_the_wall_stands_under_the_api(
    world: World, keys: dict[str, dict[str, str]], no_policies: None
) -> None:
    for who, foreign in (("wu", PERSONAL), ("operator_b", PERSONAL[::2])):
        for name, text in read_all(world, keys[who]):
            for word in foreign:
                assert word not in text, f"{who} reads {word} at {name}"
    own = dict(read_all(world, keys["operator"]))
    assert NAMES["a"] in own["api:get_person"]


def test_whoever_comes_after_by_the_same_connection_is_another(
    world: World, keys: dict[str, dict[str, str]]
) -> None:
    client = Client()
    url = f"/api/v1/persons/{world.towns['a'].person}"
    expected = {"operator": 200, "wu": 403, "operator_b": 404, "wrong": 401, "family": 200}
    for who in ("operator", "wrong", "operator_b", "family", "wu", "operator_b", "operator"):
        assert client.get(url, headers=keys[who]).status_code == expected[who], who
