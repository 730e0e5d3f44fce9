"""What a key is, how long it is good, and what an answer of the API says."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from songhe.base.access import purposes, sign_ins
from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.access.testing import keyed
from songhe.base.accounts.models import ApiKey
from songhe.base.accounts.testing import signed_in
from songhe.base.audit.models import AuditEntry
from songhe.kernel import codes
from songhe.kit.api import Operation
from songhe.kit.hardening import HEADERS
from tests.access.test_api import BODIES, body_of
from tests.access.test_matrix import QUIET, refused
from tests.access.world import NAMES, TOWNS, World

pytestmark = pytest.mark.django_db


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
