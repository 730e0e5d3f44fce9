"""Sessions: kept, expired, and keys that nobody gave out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from songhe.base.accounts.jobs import forget_expired
from songhe.base.accounts.models import Session
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
