"""Sessions: kept, expired, and keys that nobody gave out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.access.jobs import end_idle
from songhe.base.access.sign_ins import NOTE, note_of
from songhe.base.accounts.jobs import forget_expired
from songhe.base.accounts.models import Session, User
from songhe.base.accounts.sessions import SessionStore

pytestmark = pytest.mark.django_db


def kept() -> str:
    store = SessionStore()
    store["who"] = "孙"
    store.save()
    assert store.session_key is not None
    return store.session_key


def test_what_a_session_holds_is_there_again() -> None:
    key = kept()
    again = SessionStore(key)
    assert again["who"] == "孙"
    assert again.session_key == key


def test_an_expired_session_holds_nothing_and_its_key_is_not_used_again() -> None:
    key = kept()
    Session.objects.filter(session_key=key).update(
        expire_date=timezone.now() - timedelta(seconds=1)
    )
    again = SessionStore(key)
    assert again.get("who") is None
    assert again.session_key is None


def test_a_key_that_nobody_gave_out_begins_an_empty_session_of_another_key() -> None:
    store = SessionStore("a" * 32)
    assert store.get("who") is None
    store["who"] = "吴"
    store.save()
    assert store.session_key not in (None, "a" * 32)


def test_expired_sessions_are_forgotten_and_others_are_not() -> None:
    gone, kept_on = kept(), kept()
    Session.objects.filter(session_key=gone).update(
        expire_date=timezone.now() - timedelta(seconds=1)
    )
    forget_expired(0)
    assert set(Session.objects.values_list("session_key", flat=True)) == {kept_on}


def signed_in(*roles: str) -> Client:
    """Return a browser in which somebody with roles has just signed in."""
    now = timezone.now()
    login = "-".join(roles)
    user = User.objects.create_user(login=login, display_name=login, password="a long phrase")
    for role in roles:
        access.give_role(
            actor=SYSTEM, user=user, role=role, region_prefix="", at=now - timedelta(days=2)
        )
    client = Client()
    client.force_login(user)
    session = client.session
    session[NOTE] = note_of(at=now, address="", agent="")
    session.save()
    return client


def seen(client: Client, ago: timedelta, *, began: timedelta | None = None) -> None:
    """Let a browser have asked last, and signed in, that long ago."""
    now, session = timezone.now(), client.session
    session[NOTE] = note_of(at=now - (began or ago), address="", agent="")
    session.save()
    Session.objects.filter(pk=session.session_key).update(seen_at=now - ago)


def is_in(client: Client) -> bool:
    return not client.get("/").headers.get("Location", "").startswith("/sign-in/")


@pytest.mark.parametrize(
    ("roles", "stays", "goes"),
    [
        (("clinician",), timedelta(minutes=59), timedelta(minutes=61)),
        (("operator",), timedelta(hours=11), timedelta(hours=13)),
        (("operator", "regulator"), timedelta(minutes=59), timedelta(minutes=61)),
    ],
)
def test_who_asks_for_nothing_is_signed_out(
    roles: tuple[str, ...], stays: timedelta, goes: timedelta
) -> None:
    client = signed_in(*roles)
    seen(client, stays)
    assert is_in(client)
    seen(client, goes)
    assert not is_in(client)
    assert not Session.objects.filter(user__isnull=False).exists()
    page = client.get("/sign-in/").content.decode()
    assert "您已被退出登录" in page
    assert "您已被退出登录" not in client.get("/sign-in/").content.decode()


def test_a_shift_is_not_longer_than_its_hours_however_busy() -> None:
    client = signed_in("shift_leader")
    seen(client, timedelta(0), began=timedelta(hours=15))
    assert is_in(client)
    seen(client, timedelta(0), began=timedelta(hours=17))
    assert not is_in(client)


def test_elders_and_families_stay() -> None:
    for role in ("elder", "family"):
        client = signed_in(role)
        seen(client, timedelta(days=9))
        assert is_in(client)


def test_a_browser_that_is_left_alone_is_signed_out_by_the_job() -> None:
    left, home, desk = signed_in("regulator"), signed_in("family"), signed_in("operator")
    for client in (left, home, desk):
        seen(client, timedelta(hours=2))
    end_idle(0)
    assert not Session.objects.filter(pk=left.session.session_key or "").exists()
    assert is_in(home)
    assert is_in(desk)
