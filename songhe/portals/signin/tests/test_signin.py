"""The way in: right and wrong, slow for who guesses, a new session key, and the way out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from songhe.base.accounts.models import User
from songhe.base.audit.models import AuditEntry
from songhe.portals.signin import services
from songhe.portals.signin.models import FailedAttempt

pytestmark = pytest.mark.django_db
PASSWORD = "pine and crane 1"


@pytest.fixture
def sun() -> User:
    return User.objects.create_user(login="sun", display_name="小孙", password=PASSWORD)


def post(client: Client, login: str, password: str, **more: Any) -> Any:
    address = more.pop("address", "192.0.2.7")
    return client.post(
        "/sign-in/", {"login": login, "password": password, **more}, REMOTE_ADDR=address
    )


def test_lets_in_with_a_new_session_key(sun: User) -> None:
    client = Client()
    session = client.session
    session["kept"] = 1
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key or ""
    before = session.session_key
    response = post(client, "SUN ", PASSWORD.strip())
    assert response.status_code == 302
    assert response["Location"] == "/"
    assert client.session.session_key != before
    assert client.session["_auth_user_id"] == str(sun.pk)
    entry = AuditEntry.objects.get(action="signin.sign_in")
    assert (entry.kind, entry.user_id) == ("change", sun.pk)


def test_leads_back_to_the_asked_page_of_this_host_only(sun: User) -> None:
    assert post(Client(), "sun", PASSWORD, next="/people/")["Location"] == "/people/"
    assert post(Client(), "sun", PASSWORD, next="https://evil.example/")["Location"] == "/"
    assert post(Client(), "sun", PASSWORD, next="//evil.example/")["Location"] == "/"


@pytest.mark.parametrize(("login", "password"), [("sun", "wrong"), ("nobody", PASSWORD)])
def test_wrong_says_the_same_whether_the_login_exists(sun: User, login: str, password: str) -> None:
    client = Client()
    client.cookies["songhe_language"] = "en"
    response = post(client, login, password)
    assert response.status_code == 422
    text = response.content.decode()
    assert "Login or password is not right. Please type both again." in text
    assert f'value="{login}"' in text
    assert password not in text
    assert "_auth_user_id" not in client.session
    entry = AuditEntry.objects.get()
    assert (entry.kind, entry.user_id, entry.detail["code"]) == ("refused", None, "signin.wrong")
    assert login not in str(entry.detail)


def test_an_account_that_is_closed_stays_out(sun: User) -> None:
    sun.is_active = False
    sun.save()
    assert post(Client(), "sun", PASSWORD).status_code == 422


def test_waits_after_ten_failures_even_with_the_right_password(sun: User) -> None:
    for _ in range(services.MOST_PAIR):
        assert post(Client(), "sun", "wrong").status_code == 422
    client = Client()
    assert post(client, "sun", PASSWORD).status_code == 429
    assert "_auth_user_id" not in client.session
    assert FailedAttempt.objects.count() == services.MOST_PAIR
    # another address and another login are not held up by it
    assert post(Client(), "sun", PASSWORD, address="192.0.2.8").status_code == 302
    User.objects.create_user(login="qian", display_name="钱", password=PASSWORD)
    assert post(Client(), "qian", PASSWORD).status_code == 302
    # and after a quarter of an hour the right password counts again
    FailedAttempt.objects.update(at=timezone.now() - services.WINDOW - timedelta(seconds=1))
    assert post(Client(), "sun", PASSWORD).status_code == 302


def test_an_address_that_tries_many_logins_waits(sun: User) -> None:
    for number in range(services.MOST_ADDRESS):
        FailedAttempt.objects.create(
            login_digest=bytes([number]), address="192.0.2.7", at=timezone.now()
        )
    assert post(Client(), "sun", PASSWORD).status_code == 429


@pytest.mark.parametrize("address", ["", "unix:", "fe80::1%eth0", "2001:db8::7"])
def test_any_peer_address_is_counted(sun: User, address: str) -> None:
    assert post(Client(), "sun", "wrong", address=address).status_code == 422
    assert FailedAttempt.objects.count() == 1


def test_success_forgets_own_failures_and_old_ones_go(sun: User) -> None:
    FailedAttempt.objects.create(
        login_digest=b"old", address="192.0.2.9", at=timezone.now() - timedelta(days=2)
    )
    post(Client(), "sun", "wrong")
    assert FailedAttempt.objects.count() == 1
    assert b"sun" not in bytes(FailedAttempt.objects.get().login_digest)
    post(Client(), "sun", PASSWORD)
    assert FailedAttempt.objects.count() == 0


def test_empty_fields_are_named(sun: User) -> None:
    response = post(Client(), "", "")
    assert response.status_code == 422
    assert response.content.decode().count('href="#id_') == 2
    assert FailedAttempt.objects.count() == 0


def test_signs_out_by_a_form_alone(sun: User) -> None:
    client = Client()
    client.force_login(sun)
    assert client.get("/sign-out/").status_code == 405
    assert client.session["_auth_user_id"] == str(sun.pk)
    response = client.post("/sign-out/")
    assert response["Location"] == "/sign-in/"
    assert "_auth_user_id" not in client.session
    assert AuditEntry.objects.filter(action="signin.sign_out", user_id=sun.pk).count() == 1


def test_the_form_needs_its_token(sun: User) -> None:
    client = Client(enforce_csrf_checks=True)
    assert post(client, "sun", PASSWORD).status_code == 403


def test_who_is_in_is_led_on(sun: User) -> None:
    client = Client()
    client.force_login(sun)
    assert client.get("/sign-in/?next=/people/")["Location"] == "/people/"


def test_two_languages(sun: User) -> None:
    client = Client()
    assert "登录" in client.get("/sign-in/").content.decode()
    client.cookies["songhe_language"] = "en"
    assert "Sign in" in client.get("/sign-in/").content.decode()
