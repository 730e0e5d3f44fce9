"""Keys for machines: made by who has just proved it, shown once, revoked, and out at once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.models import ApiKey, User
from songhe.base.accounts.testing import signed_in
from songhe.base.audit.models import AuditEntry

pytestmark = pytest.mark.django_db
KEYS, REVOKE = "/account/keys/", "/account/keys/revoke/"
KEY = re.compile(r"songhe_[A-Za-z0-9_-]{43}")


def account(login: str, role: str) -> User:
    user = User.objects.create_user(login=login, display_name=login, password="a long phrase")
    access.give_role(actor=SYSTEM, user=user, role=role, region_prefix="990121", at=timezone.now())
    return user


@pytest.fixture
def sun() -> User:
    return account("sun", "operator")


@pytest.fixture
def browser(sun: User) -> Client:
    client = signed_in(Client(), sun, at=timezone.now())
    client.cookies["songhe_language"] = "en"
    return client


def ask(key: str) -> int:
    return Client().get("/api/v1/me", headers={"Authorization": f"Bearer {key}"}).status_code


def test_a_key_is_shown_once_works_and_is_revoked(browser: Client, sun: User) -> None:
    made = browser.post(KEYS, {"name": "county hospital", "days": "90"})
    assert made.status_code == 200
    key = KEY.search(made.content.decode())
    assert key is not None
    assert "no-store" in made["Cache-Control"]
    assert ask(key.group()) == 200
    again = browser.get(KEYS).content.decode()
    assert not KEY.search(again)
    assert "county hospital" in again
    assert "only reads" in again
    row = ApiKey.objects.get()
    assert (row.user, row.may_change) == (sun, False)
    assert row.ends_at - row.made_at == timedelta(days=90)
    assert browser.post(REVOKE, {"which": str(row.pk)}).status_code == 302
    assert ask(key.group()) == 401
    acts = AuditEntry.objects.filter(user_id=sun.pk, kind="change").order_by("at")
    assert [entry.action for entry in acts] == ["access.keep_keys", "access.revoke_key"]
    assert browser.post(REVOKE, {"which": str(row.pk)}).status_code == 404


@pytest.mark.parametrize(
    "given",
    [
        {"name": "", "days": "90"},
        {"name": "x", "days": "3660"},
        {"name": "x" * 61, "days": "90"},
    ],
)
def test_what_cannot_be_is_refused(browser: Client, given: dict[str, str]) -> None:
    answer = browser.post(KEYS, given)
    assert answer.status_code == 422
    assert not KEY.search(answer.content.decode())
    assert not ApiKey.objects.exists()


def test_ten_are_enough(browser: Client) -> None:
    for number in range(10):
        assert browser.post(KEYS, {"name": f"system {number}", "days": "30"}).status_code == 200
    answer = browser.post(KEYS, {"name": "one more", "days": "30"})
    assert answer.status_code == 409
    assert "There are 10 keys already" in answer.content.decode()
    assert ApiKey.objects.count() == 10


def test_nobody_revokes_the_key_of_another(browser: Client) -> None:
    signed = signed_in(Client(), account("wang", "operator"), at=timezone.now())
    browser.post(KEYS, {"name": "x", "days": "30"})
    row = ApiKey.objects.get()
    for which in (str(row.pk), "nonsense"):
        assert signed.post(REVOKE, {"which": which}).status_code == 404
    row.refresh_from_db()
    assert row.revoked_at is None


def test_who_proved_it_long_ago_is_asked_again(sun: User) -> None:
    client = signed_in(Client(), sun, at=timezone.now() - timedelta(minutes=11))
    for answer in (client.get(KEYS), client.post(KEYS, {"name": "x", "days": "30"})):
        assert answer.status_code == 302
        assert answer["Location"].startswith("/account/prove/")
    assert not ApiKey.objects.exists()


def test_families_make_no_keys() -> None:
    client = signed_in(Client(), account("chen", "family"), at=timezone.now())
    assert client.get(KEYS).status_code == 403
    assert client.post(KEYS, {"name": "x", "days": "30"}).status_code == 403
    assert KEYS not in client.get("/account/").content.decode()
    assert not ApiKey.objects.exists()
