"""The account of a session: open, closed, unknown."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from songhe.base.accounts.backends import Accounts
from songhe.base.accounts.models import User
from songhe.kernel.ids import uuid7

pytestmark = pytest.mark.django_db


def test_an_account_that_is_closed_is_nobody_at_the_next_page() -> None:
    user = User.objects.create_user(login="sun", display_name="孙", password="a long phrase")
    client = Client()
    client.force_login(user)
    assert client.get("/").wsgi_request.user == user
    assert Accounts().get_user(user.pk) == user
    user.is_active, user.left_at = False, timezone.now()
    user.save()
    assert Accounts().get_user(user.pk) is None
    assert not client.get("/").wsgi_request.user.is_authenticated


def test_an_account_that_never_was_is_nobody() -> None:
    assert Accounts().get_user(uuid7()) is None


def test_a_changed_password_ends_the_sessions_before_it() -> None:
    user = User.objects.create_user(login="sun", display_name="孙", password="a long phrase")
    client = Client()
    client.force_login(user)
    user.set_password("another long phrase")
    user.save()
    assert not client.get("/").wsgi_request.user.is_authenticated
