"""Sensitive pages ask again after ten minutes, in the form that the asker understands."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.models import User
from songhe.base.audit.models import AuditEntry
from songhe.kit import screen
from songhe.kit.screens import all_screens
from songhe.portals.signin.views import account as views

pytestmark = pytest.mark.django_db
PASSWORD = "pine and crane 1"
NOW = datetime(2026, 11, 22, 9, 0, 5, tzinfo=UTC)


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(NOW, tick=False) as now:
        yield now


@pytest.fixture
def client(clock: Any) -> Client:
    user = User.objects.create_user(login="sun", display_name="孙", password=PASSWORD)
    access.give_role(actor=SYSTEM, user=user, role="operator", region_prefix="990121", at=NOW)
    client = Client()
    client.cookies["songhe_language"] = "en"
    client.post("/sign-in/", {"login": "sun", "password": PASSWORD})
    return client


def test_what_is_sensitive_is_declared_where_the_page_is() -> None:
    fresh = {one.name for one in all_screens() if one.fresh}
    assert {
        "signin:password",
        "signin:code_app",
        "signin:recovery_codes",
        "signin:add_passkey",
        "signin:remove_factor",
        "signin:outside_link",
    } <= fresh
    with pytest.raises(ImproperlyConfigured):
        screen("x/", views.Account, public=True, fresh=True)


def test_a_fresh_sign_in_opens_and_an_old_one_is_asked(client: Client, clock: Any) -> None:
    clock.shift(599)
    assert client.get("/account/password/?a=1").status_code == 200
    clock.shift(1)
    answer = client.get("/account/password/?a=1")
    assert answer.headers["Location"] == "/account/prove/?next=%2Faccount%2Fpassword%2F%3Fa%3D1"
    assert client.get("/account/").status_code == 200
    proof = {"password": PASSWORD, "next": "/account/password/?a=1"}
    back = client.post("/account/prove/", proof)
    assert back.headers["Location"] == "/account/password/?a=1"
    assert client.get("/account/password/").status_code == 200


def test_an_act_without_a_fresh_proof_changes_nothing(client: Client, clock: Any) -> None:
    clock.shift(600)
    new = "the moon over Yunling 7"
    given = {"current": PASSWORD, "new": new, "again": new}
    answer = client.post(
        "/account/password/", given, headers={"referer": "http://testserver/account/password/"}
    )
    assert answer.headers["Location"] == "/account/prove/?next=%2Faccount%2Fpassword%2F"
    assert User.objects.get(login="sun").check_password(PASSWORD)


def test_a_wrong_proof_opens_nothing_and_is_slow(client: Client, clock: Any) -> None:
    clock.shift(600)
    for expected in [422] * 10 + [429]:
        answer = client.post("/account/prove/", {"password": "guess"})
        assert answer.status_code == expected
    assert client.get("/account/password/").status_code == 302
    assert client.post("/account/prove/", {"password": PASSWORD}).status_code == 429
    assert AuditEntry.objects.filter(action="signin.prove", kind="refused").count() == 12


def test_pieces_and_machines_are_told_in_their_form(client: Client, clock: Any) -> None:
    clock.shift(600)
    piece = client.get("/account/password/", headers={"hx-request": "true"})
    assert piece.status_code == 401
    assert piece.headers["HX-Redirect"].startswith("/account/prove/")
    machine = client.get("/account/password/", headers={"accept": "application/json"})
    assert (machine.status_code, machine.json()["code"]) == (401, "kit.proof_needed")


def test_the_way_back_stays_on_this_host(client: Client) -> None:
    proof = {"password": PASSWORD, "next": "https://evil.example/"}
    assert client.post("/account/prove/", proof).headers["Location"] == "/account/"


def test_a_session_from_before_has_proved_nothing(client: Client) -> None:
    session = client.session
    del session["proved_at"]
    session.save()
    assert client.get("/account/password/").status_code == 302
