"""Accounts are opened with a first secret, and closing one cuts everything at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.contrib.auth import SESSION_KEY
from django.db import connection

from songhe.base.access import services as access
from songhe.base.access import sign_ins
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.access.models import Grant, RoleAssignment
from songhe.base.access.sessions import SessionStore
from songhe.base.accounts.models import Session, User
from songhe.base.audit.models import AuditEntry
from songhe.kernel.errors import Denied, SongheError
from songhe.kernel.ids import uuid7

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
COUNTY, OTHER = "990121", "990122"


def account(login: str, role: str = "", region: str = COUNTY) -> User:
    user = User.objects.create_user(login=login, display_name=login, password="a long phrase")
    if role:
        access.give_role(actor=SYSTEM, user=user, role=role, region_prefix=region, at=NOW)
    return user


def actor(user: User) -> Actor:
    return access.actor_for(user, NOW)


@pytest.fixture
def admin() -> Actor:
    return actor(account("admin", "admin"))


def signed_in(user: User) -> str:
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store.save()
    return str(store.session_key)


def test_a_new_account_has_a_first_secret_and_nothing_else(admin: Actor) -> None:
    user, secret = sign_ins.open_account(actor=admin, login="Li.Na", display_name=" 李娜 ", at=NOW)
    user.refresh_from_db()
    assert (user.login, user.display_name, user.is_active) == ("li.na", "李娜", True)
    assert user.check_password(secret)
    assert user.first_secret_until == NOW + timedelta(hours=72)
    assert len(secret) == 19
    assert not RoleAssignment.objects.filter(user=user).exists()
    entry = AuditEntry.objects.get(action="access.open_account")
    assert (entry.user_id, entry.ref) == (admin.user_id, f"accounts.User/{user.pk}")
    assert secret not in str(entry.detail)
    again = sign_ins.open_account(actor=admin, login="wang", display_name="王", at=NOW)[1]
    assert again != secret


@pytest.mark.parametrize(
    ("login", "name", "error"),
    [
        ("sun", "孙", sign_ins.LoginTaken),
        ("SUN", "孙", sign_ins.LoginTaken),
        ("孙", "孙", sign_ins.BadLogin),
        ("a", "孙", sign_ins.BadLogin),
        ("li na", "孙", sign_ins.BadLogin),
        ("lina", "  ", sign_ins.NameMissing),
    ],
)
def test_a_login_is_refused_with_a_reason(
    admin: Actor, login: str, name: str, error: type[SongheError]
) -> None:
    account("sun")
    before = User.objects.count()
    with pytest.raises(error):
        sign_ins.open_account(actor=admin, login=login, display_name=name, at=NOW)
    assert User.objects.count() == before


def test_closing_ends_sign_ins_roles_and_grants_and_is_told(admin: Actor) -> None:
    sun = account("sun", "operator")
    wang = account("wang", "operator")
    access.grant(
        actor=SYSTEM, user=sun, subject_type="people.Person", subject_id=uuid7(), purpose="care",
        field_classes=["health"], source="test", at=NOW,
    )  # fmt: skip
    signed_in(sun), signed_in(sun), signed_in(wang)
    later = NOW + timedelta(minutes=1)
    sign_ins.close_account(actor=admin, user=sun, at=later)
    sun.refresh_from_db()
    assert (sun.is_active, sun.left_at) == (False, later)
    assert list(Session.objects.values_list("user__login", flat=True)) == ["wang"]
    assert access.actor_for(sun, later).user_id is None
    for model in (RoleAssignment, Grant):
        assert not model.objects.filter(user=sun, period__contains=later).exists()
        assert model.objects.filter(user=sun, period__contains=NOW).exists()
    entry = AuditEntry.objects.get(action="access.close_account")
    assert (entry.user_id, entry.detail) == (admin.user_id, {"ended": 2})
    sign_ins.close_account(actor=admin, user=sun, at=later + timedelta(days=1))
    sun.refresh_from_db()
    assert sun.left_at == later
    assert actor(wang).may("desk.view_desk")


@pytest.mark.parametrize(
    ("role", "region", "victim_role", "victim_region"),
    [
        ("operator", COUNTY, "operator", COUNTY),
        ("admin", OTHER, "operator", COUNTY),
        ("admin", COUNTY, "admin", ""),
        ("admin", COUNTY, "admin", COUNTY[:4]),
        ("", COUNTY, "operator", COUNTY),
        ("admin", COUNTY, "auditor", COUNTY),
        ("admin", "", "privacy_officer", COUNTY),
        ("admin", "", "engineer", COUNTY),
    ],
)
def test_who_may_not_close_an_account_changes_nothing(
    role: str, region: str, victim_role: str, victim_region: str
) -> None:
    victim = account("victim", victim_role, victim_region)
    key, secret = signed_in(victim), victim.password
    who = actor(account("who", role, region))
    for act in (sign_ins.close_account, sign_ins.renew_secret):
        with pytest.raises(Denied):
            act(actor=who, user=victim, at=NOW)
    victim.refresh_from_db()
    assert victim.is_active
    assert victim.password == secret
    assert Session.objects.filter(pk=key).exists()
    assert RoleAssignment.objects.filter(user=victim, period__contains=NOW).exists()


def test_nobody_closes_the_own_account(admin: Actor) -> None:
    user = User.objects.get(pk=admin.user_id)
    with pytest.raises(sign_ins.OwnAccount):
        sign_ins.close_account(actor=admin, user=user, at=NOW)
    user.refresh_from_db()
    assert user.is_active


def test_a_lost_password_is_replaced_by_a_first_secret(admin: Actor) -> None:
    sun = account("sun", "operator")
    signed_in(sun)
    secret = sign_ins.renew_secret(actor=admin, user=sun, at=NOW)
    sun.refresh_from_db()
    assert sun.check_password(secret)
    assert sun.first_secret_until is not None
    assert not Session.objects.filter(user=sun).exists()
    sign_ins.close_account(actor=admin, user=sun, at=NOW)
    with pytest.raises(sign_ins.AccountClosed):
        sign_ins.renew_secret(actor=admin, user=sun, at=NOW)


@pytest.mark.django_db(transaction=True)
def test_the_database_tells_of_every_sign_in_that_ends() -> None:
    """Nothing but the commit is needed: also what is deleted by hand is told."""
    sun = account("sun")
    key, stranger = signed_in(sun), SessionStore()
    stranger["look"] = "dark"
    stranger.save()
    with connection.cursor() as cursor:
        cursor.execute("LISTEN songhe_cut")
        cursor.execute("DELETE FROM accounts_session")
        cursor.execute("UPDATE accounts_user SET is_active = false WHERE id = %s", [sun.pk])
        cursor.execute("SELECT 1")
        heard = cursor.connection.notifies(timeout=5, stop_after=2)
        notes = [note.payload for note in heard]
        cursor.execute("UNLISTEN songhe_cut")
    assert sorted(notes) == sorted([f"session:{sign_ins.id_of_sign_in(key)}", f"user:{sun.pk}"])
    assert UUID(notes[-1].removeprefix("user:")) == sun.pk
