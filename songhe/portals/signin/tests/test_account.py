"""The own account: where it is signed in, ending that, and another password."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone, translation

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.models import Session, User
from songhe.base.audit.models import AuditEntry
from songhe.portals.signin.agents import words_of

pytestmark = pytest.mark.django_db
OLD, NEW = "pine and crane 1", "the moon over Yunling 7"
CHROME = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/156.0 Safari/537.36"
PHONE = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/156.0 Mobile MicroMessenger/8"


def account(login: str) -> User:
    user = User.objects.create_user(login=login, display_name=login, password=OLD)
    access.give_role(
        actor=SYSTEM, user=user, role="operator", region_prefix="990121", at=timezone.now()
    )
    return user


def browser(login: str, agent: str = CHROME, password: str = OLD, address: str = "::1") -> Client:
    client = Client(headers={"user-agent": agent}, REMOTE_ADDR=address)
    client.cookies["songhe_language"] = "en"
    answer = client.post("/sign-in/", {"login": login, "password": password})
    assert answer.status_code == 302
    return client


@pytest.fixture
def sun() -> User:
    return account("sun")


def is_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def test_shows_where_one_is_signed_in_this_browser_first(sun: User) -> None:
    account("wang")
    browser("wang")
    phone = browser("sun", PHONE, address="192.0.2.9")
    here = browser("sun")
    text = here.get("/account/").content.decode()
    assert re.findall(r"<b>(\w+, \w+)</b>", text) == ["Chrome, Windows", "WeChat, Android"]
    assert text.index("this browser") < text.index("WeChat")
    assert "192.0.2.9" in text
    for one in (phone, here):
        assert str(one.session.session_key) not in text


def test_one_of_them_is_ended_and_the_others_are_not(sun: User) -> None:
    phone, here = browser("sun", PHONE), browser("sun")
    (which,) = re.findall(r'name="which" value="(\w+)"', here.get("/account/").content.decode())
    assert here.post("/account/sign-ins/end/", {"which": which}).status_code == 302
    assert not is_in(phone)
    assert is_in(here)
    entry = AuditEntry.objects.get(action="access.end_sign_in")
    assert (entry.user_id, entry.detail) == (sun.pk, {"ended": 1})
    assert here.post("/account/sign-ins/end/", {"which": which}).status_code == 404


def test_everywhere_else_is_ended_at_once(sun: User) -> None:
    others = [browser("sun", PHONE), browser("sun")]
    here = browser("sun")
    here.post("/account/sign-ins/end/")
    assert [is_in(one) for one in (*others, here)] == [False, False, True]


def test_nobody_ends_the_sign_ins_of_another(sun: User) -> None:
    account("wang")
    there, here = browser("wang"), browser("sun")
    twice = browser("wang")
    (which,) = re.findall(r'name="which" value="(\w+)"', twice.get("/account/").content.decode())
    assert here.post("/account/sign-ins/end/", {"which": which}).status_code == 404
    assert here.post("/account/sign-ins/end/").status_code == 302
    assert is_in(there)
    assert is_in(twice)


def test_another_password_ends_the_others_and_keeps_this_one(sun: User) -> None:
    other, here = browser("sun", PHONE), browser("sun")
    key = here.session.session_key
    given = {"current": OLD, "new": NEW, "again": NEW}
    assert here.post("/account/password/", given).status_code == 302
    assert is_in(here)
    assert here.session.session_key != key
    assert not is_in(other)
    browser("sun", password=NEW)
    entry = AuditEntry.objects.get(action="access.change_password")
    assert (entry.user_id, entry.ref) == (sun.pk, f"accounts.User/{sun.pk}")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"current": "not it at all", "new": NEW, "again": NEW}, "This is not your password"),
        ({"current": OLD, "new": "short", "again": "short"}, "fewer than 10 characters"),
        ({"current": OLD, "new": "password123", "again": "password123"}, "that many people use"),
        ({"current": OLD, "new": NEW, "again": NEW + "!"}, "not the same"),
        ({"current": OLD, "new": "", "again": ""}, "Fill this in"),
    ],
)
def test_what_is_refused_changes_nothing(sun: User, given: dict[str, str], said: str) -> None:
    other, here = browser("sun", PHONE), browser("sun")
    answer = here.post("/account/password/", given)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert is_in(other)
    browser("sun", password=OLD)


def test_guessing_the_password_of_an_open_browser_is_slow_too(sun: User) -> None:
    here = browser("sun")
    given = {"current": "guess", "new": NEW, "again": NEW}
    for _ in range(10):
        assert here.post("/account/password/", given).status_code == 422
    given["current"] = OLD
    assert here.post("/account/password/", given).status_code == 429
    assert AuditEntry.objects.filter(action="signin.change_password", kind="refused").count() == 11


def test_when_a_browser_was_used_is_known_to_some_minutes(sun: User) -> None:
    here = browser("sun")
    long_ago = timezone.now() - timedelta(hours=3)
    Session.objects.update(seen_at=long_ago)
    here.get("/account/")
    (seen_at,) = Session.objects.values_list("seen_at", flat=True)
    assert seen_at > long_ago


@pytest.mark.parametrize(
    ("new", "said"),
    [
        ("short", "请换一个密码。少于 10 个字符。"),
        ("password", "请换一个密码。少于 10 个字符。很多人都在用这个密码。"),
        ("sun sun sun", "请换一个密码。与登录名或姓名太像。"),
    ],
)
def test_why_a_password_is_refused_is_said_in_one_language(sun: User, new: str, said: str) -> None:
    User.objects.filter(pk=sun.pk).update(display_name="sun sun sun sun")
    here = browser("sun")
    here.cookies["songhe_language"] = "zh-hans"
    answer = here.post("/account/password/", {"current": OLD, "new": new, "again": new})
    (told,) = set(re.findall(r'<a href="#id_new">(.*?)</a>', answer.content.decode()))
    assert told == said


@pytest.mark.parametrize(
    ("agent", "words"),
    [(CHROME, "Chrome, Windows"), (PHONE, "WeChat, Android"), ("", "a browser that is not known")],
)
def test_a_browser_has_a_name(agent: str, words: str) -> None:
    with translation.override("en"):
        assert words_of(agent) == words


def test_wechat_has_its_own_name_in_chinese() -> None:
    with translation.override("zh-hans"):
        assert words_of(PHONE) == "微信，Android"
