"""One account from the machine itself: renewed, linked, closed, or a sentence why not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from songhe.base.access import api_keys, giving, sign_ins
from songhe.base.accounts import factors
from songhe.base.accounts.models import OutsideIdentity, User
from songhe.base.audit.models import AuditEntry
from songhe.base.regions.services import add_region
from songhe.config.cli import account
from songhe.domains.organizations.testing import make_actor

pytestmark = pytest.mark.django_db


@pytest.fixture
def lin() -> User:
    user = User.objects.create_user(login="lin", display_name="林", password="a long phrase")
    factors.new_recovery_codes(user=user, at=datetime.now(UTC))
    return user


def test_the_only_administrator_is_let_in_again(
    lin: User, capsys: pytest.CaptureFixture[str]
) -> None:
    assert account.main(["renew", "--login", "Lin"]) == 0
    secret = capsys.readouterr().out.splitlines()[0]
    lin.refresh_from_db()
    assert lin.check_password(secret)
    assert lin.first_secret_until is not None
    assert not factors.kinds_of(lin)
    assert AuditEntry.objects.get(action="access.renew_secret").detail["by"] == "system"


def test_an_account_is_linked_with_the_provider_that_there_is(
    lin: User, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = ["link", "--login", "lin", "--subject", "sub-1"]
    assert account.main(wanted) == 1
    assert "SONGHE_OIDC_ISSUER" in capsys.readouterr().err
    settings.OIDC_ISSUER = "https://identity.example"
    assert account.main(wanted) == 0
    row = OutsideIdentity.objects.get()
    assert (row.user, row.issuer, row.subject) == (lin, "https://identity.example", "sub-1")


def test_who_watches_is_let_in_at_the_machine_alone(capsys: pytest.CaptureFixture[str]) -> None:
    for code in ("99", "9901", "990121"):
        add_region(code=code, name=code, name_en=code)
    assert account.main(["open", "--login", "qin", "--name", "秦审计"]) == 0
    qin, at = User.objects.get(login="qin"), datetime.now(UTC)
    assert qin.check_password(capsys.readouterr().out.splitlines()[0])
    given = ["give", "--login", "qin", "--role", "auditor", "--region"]
    assert account.main([*given, "990199"]) == 1
    assert account.main([*given, "990121", "--until", "2026-01-01"]) == 1
    assert account.main(["give", "--login", "qin", "--role", "king", "--region", "all"]) == 1
    assert not giving.roles_of_user(qin.pk, at=at)
    assert account.main([*given, "990121", "--until", "2199-12-31"]) == 0
    (line,) = giving.roles_of_user(qin.pk, at=datetime.now(UTC))
    assert (line.role, line.region_prefix) == ("auditor", "990121")
    assert line.until is not None
    assert line.until.isoformat() == "2199-12-31T16:00:00+00:00"
    admin = make_actor(at=datetime.now(UTC), login="lin", role="admin")
    for act in (sign_ins.renew_secret, sign_ins.close_account):
        with pytest.raises(sign_ins.KeptApart):
            act(actor=admin, user=qin, at=datetime.now(UTC))
    assert account.main(["take", "--login", "qin", "--role", "auditor"]) == 0
    assert account.main(["take", "--login", "qin", "--role", "auditor"]) == 1
    assert not giving.roles_of_user(qin.pk, at=datetime.now(UTC))


def test_an_account_is_closed_and_one_that_is_not_there_is_said_so(
    lin: User, capsys: pytest.CaptureFixture[str]
) -> None:
    assert account.main(["close", "--login", "nobody"]) == 1
    assert "no account nobody" in capsys.readouterr().err
    assert account.main(["close", "--login", "lin"]) == 0
    lin.refresh_from_db()
    assert not lin.is_active
    assert account.main(["renew", "--login", "lin"]) == 1


def test_a_machine_gets_a_key_of_an_account(lin: User, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = ["key", "--login", "lin", "--system", "county hospital"]
    assert account.main([*wanted, "--days", "400"]) == 1
    assert account.main([*wanted, "--days", "30", "--may-change"]) == 0
    secret = capsys.readouterr().out.splitlines()[0]
    now = datetime.now(UTC)
    found = api_keys.caller_of(secret, at=now, locale="en", request_id="")
    assert found is not None
    assert (found.user.pk, found.may_change) == (lin.pk, True)
    [line] = api_keys.keys_of(lin.pk, at=now)
    assert line.name == "county hospital"
    assert api_keys.caller_of(secret, at=line.ends_at, locale="en", request_id="") is None
