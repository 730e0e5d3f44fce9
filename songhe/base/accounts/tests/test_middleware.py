"""Whose session it is at the next page: open, closed, another password, nobody's."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.test import Client
from django.utils import timezone

from songhe.base.accounts.models import Session, User
from songhe.kernel.ids import uuid7

pytestmark = pytest.mark.django_db


@pytest.fixture
def sun() -> User:
    return User.objects.create_user(login="sun", display_name="孙", password="a long phrase")


@pytest.fixture
def signed_in(sun: User) -> Client:
    client = Client()
    client.force_login(sun)
    return client


def test_an_account_that_is_closed_is_nobody_at_the_next_page(sun: User, signed_in: Client) -> None:
    assert signed_in.get("/").wsgi_request.user == sun
    sun.is_active, sun.left_at = False, timezone.now()
    sun.save()
    assert not signed_in.get("/").wsgi_request.user.is_authenticated


def test_the_account_is_whole(sun: User, signed_in: Client) -> None:
    asked = signed_in.get("/").wsgi_request.user
    fields = [field.attname for field in User._meta.concrete_fields]
    sun.refresh_from_db()
    assert {f: getattr(asked, f) for f in fields} == {f: getattr(sun, f) for f in fields}


def test_a_changed_password_ends_the_sessions_before_it(sun: User, signed_in: Client) -> None:
    sun.set_password("another long phrase")
    sun.save()
    assert not signed_in.get("/").wsgi_request.user.is_authenticated
    assert not Session.objects.filter(user=sun).exists()


def test_a_session_that_ended_elsewhere_is_nobodys(sun: User, signed_in: Client) -> None:
    Session.objects.filter(user=sun).delete()
    assert not signed_in.get("/").wsgi_request.user.is_authenticated


def test_what_a_session_says_of_itself_is_not_believed(signed_in: Client) -> None:
    """The column tells whose it is: nothing that is written into the content changes it."""
    session = signed_in.session
    session[SESSION_KEY] = str(uuid7())
    row = Session.objects.get(pk=signed_in.cookies[settings.SESSION_COOKIE_NAME].value)
    Session.objects.filter(pk=row.pk).update(
        session_data=session.encode(dict(session.items())), user=None
    )
    assert not signed_in.get("/").wsgi_request.user.is_authenticated
