"""The first account: made with its role, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from songhe.base.access.models import RoleAssignment
from songhe.base.access.services import actor_for
from songhe.base.accounts.models import User
from songhe.config.cli import accounts

pytestmark = pytest.mark.django_db
GIVEN = ["--login", "Lin", "--name", "林主任"]


def test_the_first_account_may_do_everything_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(accounts.PASSWORD, "a-long-phrase-9")
    assert accounts.main(GIVEN) == 0
    user = User.objects.get(login="lin")
    assert user.check_password("a-long-phrase-9")
    actor = actor_for(user, datetime.now(UTC))
    assert actor.covers("people.register_person", "610100")
    assert actor.covers("devices.register_device", "")


@pytest.mark.parametrize("password", ["short", "password123"])
def test_a_weak_password_makes_nothing(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    password: str,
) -> None:
    monkeypatch.setenv(accounts.PASSWORD, password)
    assert accounts.main(GIVEN) == 1
    assert capsys.readouterr().err
    assert not User.objects.exists()


def test_a_login_that_is_taken_stays_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(accounts.PASSWORD, "a-long-phrase-9")
    assert accounts.main(GIVEN) == 0
    monkeypatch.setenv(accounts.PASSWORD, "another-phrase-9")
    assert accounts.main(GIVEN) == 1
    assert "taken" in capsys.readouterr().err
    assert User.objects.get().check_password("a-long-phrase-9")
    assert RoleAssignment.objects.count() == 1
