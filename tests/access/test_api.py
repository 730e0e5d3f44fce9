"""Every operation of the API by every role, with keys: as the pages, and refusals change nothing.

Write the golden files anew with SONGHE_GOLDEN=write and read their difference before committing it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from songhe.base.access import policies, purposes, sign_ins
from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.access.roles import FIELD_CLASSES
from songhe.base.access.testing import keyed
from songhe.base.accounts.models import ApiKey
from songhe.base.accounts.testing import signed_in
from songhe.base.audit.models import AuditEntry
from songhe.base.regions.models import Region
from songhe.config.api import api
from songhe.kernel import codes
from songhe.kit.api import Operation, all_operations
from songhe.kit.hardening import HEADERS
from songhe.kit.screens import stray_routes
from tests.access.crowd import crowd
from tests.access.test_matrix import QUIET, STRANGERS, Answer, address, refused, written
from tests.access.test_queries import FEW, MANY, Statements
from tests.access.world import NAMES, PERSONAL, TOWNS, World, make_duplicates, make_world

GOLDEN = Path(__file__).parents[1] / "golden"
MATRIX, DOCUMENT = GOLDEN / "api_matrix.csv", GOLDEN / "openapi.json"
COUNTS = GOLDEN / "api_query_counts.csv"
NEW = "11010119450102001"  # the rest is the check digit
pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None) -> World:
    made = make_world(datetime.now(UTC))
    make_duplicates(made, datetime.now(UTC))
    code = TOWNS["a"] + "001"
    Region.objects.create(code=code, name="桂花里社区", level=len(code))
    return made


@pytest.fixture
def keys(world: World) -> dict[str, dict[str, str]]:
    """Return the headers of everybody's machine, each used once today; and of nobody's."""
    now = datetime.now(UTC)
    found = {name: keyed(user, at=now) for name, user in world.users.items()}
    for headers in found.values():
        Client().get("/api/v1/me", headers=headers)
    wrong = {"Authorization": "Bearer songhe_" + "x" * 43}
    return {"nobody": {}, "wrong": wrong, **found}


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


@pytest.fixture
def no_policies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything above the wall say yes."""
    monkeypatch.setattr(policies, "scope", lambda actor, rows, action: rows)
    monkeypatch.setattr(policies, "can", lambda actor, action, obj: True)
    monkeypatch.setattr(policies, "authorise", lambda actor, action, obj: None)
    monkeypatch.setattr(policies, "fields", lambda actor, obj: FIELD_CLASSES)
    monkeypatch.setattr(Actor, "may", lambda self, action: True)
    monkeypatch.setattr(Actor, "covers", lambda self, action, region_code: True)
    monkeypatch.setattr(Actor, "fields_in", lambda self, region_code: FIELD_CLASSES)


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


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """Return what a refusal says, once it is well formed."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["title"]
    assert body["request_id"] == response["X-Request-ID"]
    assert "no-store" in response["Cache-Control"]
    return body


def test_answers_say_to_browsers_what_pages_say() -> None:
    for path, status in (("openapi.json", 200), ("codes", 200), ("me", 401), ("nothing", 404)):
        response = Client().get(f"/api/v1/{path}")
        assert response.status_code == status
        assert [n for n, value in HEADERS.items() if response.get(n) != value] == []
        assert "default-src" in response["Content-Security-Policy"]
        assert response["Content-Type"].startswith("application/")
        assert response["Vary"] == "Accept-Language"
        assert not response.cookies


def test_a_key_ends_with_its_day_its_owner_or_its_account(world: World) -> None:
    now, client = datetime.now(UTC), Client()
    user = world.users["operator"]
    me, other = keyed(user, at=now), keyed(user, at=now)
    told = client.get("/api/v1/me", headers=me).json()
    assert (told["name"], told["may_change"]) == ("operator", True)
    assert told["roles"][0]["region_prefix"] == TOWNS["a"]

    ApiKey.objects.filter(pk=told["key_id"]).update(revoked_at=now)
    response = client.get("/api/v1/me", headers=me)
    problem(response, 401, "api.no_key")
    assert response["WWW-Authenticate"] == "Bearer"
    assert client.get("/api/v1/me", headers=other).status_code == 200

    late = keyed(user, at=now - timedelta(days=2))
    problem(client.get("/api/v1/me", headers=late), 401, "api.no_key")

    sign_ins.close_account(actor=SYSTEM, user=user, at=now)
    problem(client.get("/api/v1/me", headers=other), 401, "api.no_key")
    assert not ApiKey.objects.filter(user=user, revoked_at=None, ends_at__gt=now).exists()


def test_a_session_is_nobody_at_the_api_and_a_key_nobody_at_the_pages(world: World) -> None:
    now = datetime.now(UTC)
    client = signed_in(Client(), world.users["operator"], at=now)
    assert client.get("/people/").status_code == 200
    problem(client.get("/api/v1/persons"), 401, "api.no_key")
    headers = keyed(world.users["operator"], at=now)
    assert Client().get("/api/v1/persons", headers=headers).status_code == 200
    assert Client().get("/people/", headers=headers).status_code == 302
    basic = {"Authorization": headers["Authorization"].replace("Bearer", "Basic")}
    problem(Client().get("/api/v1/persons", headers=basic), 401, "api.no_key")


def test_a_purpose_that_a_person_stated_opens_nothing_to_the_machine(
    world: World, keys: dict[str, dict[str, str]]
) -> None:
    now, user = datetime.now(UTC), world.users["regulator"]
    actor = access.actor_for(user, now)
    purposes.state_purpose(actor=actor, purpose="inspection", reason="年度检查抽样核对", at=now)
    url = f"people/{world.towns['a'].person}/"
    page = signed_in(Client(), user, at=now).get(f"/{url}").content.decode()
    assert NAMES["a"] in page
    told = Client().get(f"/api/v1/persons/{world.towns['a'].person}", headers=keys["regulator"])
    assert (told.json()["name"], told.json()["open"]) == ("陈＊＊", [])


def test_a_key_that_only_reads_changes_nothing(world: World) -> None:
    headers = keyed(world.users["operator"], at=datetime.now(UTC), may_change=False)
    url = f"/api/v1/alarms/{world.towns['a'].alarm}"
    response = Client().post(f"{url}/acknowledge", headers=headers)
    problem(response, 403, "api.key_only_reads")
    told = Client().get(url, headers=headers).json()
    assert (told["state"], told["acknowledged_at"]) == ("unacknowledged", None)


def test_only_a_digest_of_a_key_is_kept(world: World) -> None:
    headers = keyed(world.users["operator"], at=datetime.now(UTC))
    secret = headers["Authorization"].removeprefix("Bearer ")
    with connection.cursor() as cursor:
        cursor.execute("SELECT k::text FROM accounts_apikey k")
        rows = " ".join(text for (text,) in cursor.fetchall())
        cursor.execute("SELECT detail::text FROM audit_auditentry")
        rows += " ".join(text for (text,) in cursor.fetchall())
    assert secret not in rows
    assert secret.encode().hex() not in rows


def test_what_is_asked_wrongly_is_refused_with_a_sentence(
    world: World, keys: dict[str, dict[str, str]]
) -> None:
    client, me = Client(), keys["registrar"]
    unknown = problem(
        client.get("/api/v1/persons?regoin=990121", headers=me), 422, "api.bad_values"
    )
    assert unknown["errors"][0]["field"] == "regoin"
    problem(client.get("/api/v1/persons?limit=1&limit=2", headers=me), 422, "api.bad_values")
    wrong = problem(
        client.get("/api/v1/persons?limit=x", headers={**me, "Accept-Language": "en"}),
        422,
        "api.bad_values",
    )
    assert wrong["errors"] == [{"field": "limit", "detail": "This must be a whole number."}]
    chinese = problem(client.get("/api/v1/persons?limit=x", headers=me), 422, "api.bad_values")
    assert chinese["errors"][0]["detail"] != "This must be a whole number."
    where = "/api/v1/persons"
    json_type = {"content_type": "application/json", "headers": me}
    problem(client.post(where, "{", **json_type), 400, "kit.bad_request")
    problem(client.post(where, "x" * 70_000, **json_type), 413, "api.too_large")
    problem(client.post(where, "{}", content_type="text/plain", headers=me), 415, "api.not_json")
    given = json.loads(body_of(Operation("POST", "", "api:register_person", "x.y")))
    more = problem(
        client.post(where, json.dumps(given | {"role": "admin"}), **json_type),
        422,
        "api.bad_values",
    )
    assert more["errors"][0]["field"] == "role"
    response = client.delete(where, headers=me)
    problem(response, 405, "api.method_not_allowed")
    assert response["Allow"] == "GET, POST"
    problem(client.get("/api/v1/nothing", headers=me), 404, "songhe.not_found")


def test_what_was_written_once_is_not_written_twice(
    world: World, keys: dict[str, dict[str, str]]
) -> None:
    client, me = Client(), keys["registrar"]
    json_type = {"content_type": "application/json", "headers": me}
    body = body_of(Operation("POST", "", "api:register_person", "x.y"))
    made = client.post("/api/v1/persons", body, **json_type)
    assert made.status_code == 201, made.content
    assert (made.json()["birth_on"], made.json()["sex"]) == ("1945-01-02", "male")
    problem(client.post("/api/v1/persons", body, **json_type), 409, "people.already_registered")
    where = f"/api/v1/persons/{made.json()['id']}/register"
    fact = json.dumps(BODIES["api:record_fact"])
    assert client.post(where, fact, **json_type).status_code == 201
    problem(client.post(where, fact, **json_type), 409, "people.same_moment")
    kinds = {one["kind"]: one for one in client.get(where, headers=me).json()["kinds"]}
    assert kinds["insurance"]["current"]["value"] == "resident"
    assert kinds["insurance"]["current"]["since_on"] == "2026-11-01"


def test_last_values_say_their_code_unit_age_and_place(
    world: World, keys: dict[str, dict[str, str]]
) -> None:
    town, now = world.towns["a"], datetime.now(UTC)
    temperature = codes.by_code("songhe:room-temperature").number
    with connection.cursor() as cursor:
        for subject, kind, number, value, at in (
            (town.person, 1, 1, 186.04, now - timedelta(minutes=2)),
            (town.room, 2, temperature, 21.26, now - timedelta(days=9)),
        ):
            cursor.execute(
                "INSERT INTO latest (subject, subject_kind, codes, times, vals, devices,"
                " updated_at) VALUES (%s,%s,%s,%s,%s,%s,%s)",
                [subject, kind, [number], [at], [value], [town.device], now],
            )
    url = f"/api/v1/persons/{town.person}/latest"
    told = Client().get(url, headers=keys["operator"]).json()["items"]
    by_place = {one["place_id"]: one for one in told}
    pressure, room = by_place[None], by_place[str(town.room)]
    assert (pressure["code"], pressure["value"], pressure["unit"]) == ("8480-6", 186, "mm[Hg]")
    assert pressure["system"] == "http://loinc.org"
    assert pressure["freshness"] == "fresh"
    assert (room["code"], room["unit"]) == ("songhe:room-temperature", "Cel")
    assert room["freshness"] != "fresh"
    assert datetime.fromisoformat(room["at"]) == now - timedelta(days=9)
    assert Client().get(url, headers=keys["operator_b"]).status_code == 404


def test_a_list_comes_piece_by_piece_and_whole(
    world: World, keys: dict[str, dict[str, str]]
) -> None:
    client, me = Client(), keys["admin"]
    for what, asked in (("persons", ""), ("alarms", "&state=open"), ("devices", "")):
        whole = client.get(f"/api/v1/{what}?limit=200{asked}", headers=me).json()
        assert whole["next"] is None
        pieces, after = [], ""
        while after is not None:
            url = f"/api/v1/{what}?limit=1{asked}" + (f"&after={after}" if after else "")
            piece = client.get(url, headers=me).json()
            pieces += piece["items"]
            after = piece["next"]
        assert [one["id"] for one in pieces] == [one["id"] for one in whole["items"]]
        assert pieces


def test_every_person_told_is_in_the_audit_by_the_key(
    world: World, keys: dict[str, dict[str, str]]
) -> None:
    told = Client().get("/api/v1/persons", headers=keys["operator"])
    key_id = Client().get("/api/v1/me", headers=keys["operator"]).json()["key_id"]
    rows = AuditEntry.objects.filter(request_id=told["X-Request-ID"])
    assert {row.ref for row in rows} == {
        f"people.Person/{one['id']}" for one in told.json()["items"]
    }
    assert {(row.kind, row.action) for row in rows} == {("read", "people.list_persons")}
    assert all(row.detail == {"key": key_id} for row in rows)
    denied = Client().get("/api/v1/audit", headers=keys["operator"])
    problem(denied, 403, "api.operation_denied")
    [noted] = AuditEntry.objects.filter(request_id=denied["X-Request-ID"])
    assert (noted.kind, noted.action) == ("refused", "security.search_audit")
    assert refused(denied.status_code, "")
    assert "audit_auditentry" in QUIET
