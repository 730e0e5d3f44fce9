"""Worker Liu signed in, and kinds of notices of our own."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.models import User
from songhe.base.accounts.testing import signed_in
from songhe.base.notify.testing import declare_kinds


def make_user(login: str, name: str, *, role: str = "worker") -> User:
    user = User.objects.create_user(login=login, display_name=name, password="a long phrase")
    access.give_role(
        actor=SYSTEM,
        user=user,
        role=role,
        region_prefix="990121",
        at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return user


@pytest.fixture
def liu(db: None) -> User:
    declare_kinds()
    return make_user("liu", "刘洋")


@pytest.fixture
def client(liu: User) -> Client:
    client = Client()
    signed_in(client, liu, at=datetime.now(UTC))
    client.cookies["songhe_language"] = "en"
    return client
