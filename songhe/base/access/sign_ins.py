"""Accounts: opening and closing them, where one is signed in, and ending that.

Closing cuts access at once: no sign-in, no session, no role, and the database tells the event
stream of every session that ended (accounts migration 0005).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from songhe.base.access.actor import Actor
from songhe.base.access.api_keys import revoke_all
from songhe.base.access.models import Grant, RoleAssignment
from songhe.base.access.roles import all_roles
from songhe.base.accounts.models import FactorSecret, OutsideIdentity, Session, User
from songhe.base.accounts.outside import put_identity
from songhe.base.accounts.passwords import WeakPassword, require_strength
from songhe.base.accounts.phones import put_phone
from songhe.base.accounts.sessions import id_of_sign_in
from songhe.base.audit import services as audit
from songhe.kernel.errors import Conflict, Denied, Invalid, NotFound

__all__ = ["WeakPassword"]  # raised here, made beside the rule

OPEN, CLOSE, RENEW = "access.open_account", "access.close_account", "access.renew_secret"
SET_PHONE, LINK = "access.set_phone", "access.link_identity"
FIRST_SECRET_KEPT = timedelta(hours=72)
_NOBODY = UUID(int=0)
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is read as another
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")
NOTE = "signed_in"  # the entry of a session that tells of its beginning


class NoSuchSignIn(NotFound):
    code = "access.no_such_sign_in"
    message = "This sign-in has ended already."


class LoginTaken(Conflict):
    code = "access.login_taken"
    message = "The login %(login)s is taken. Please choose another."


class BadLogin(Invalid):
    code = "access.bad_login"
    message = "A login has 2 to 64 small letters, digits, dots or dashes. It begins with no dot."


class NameMissing(Invalid):
    code = "access.name_missing"
    message = "Please give the name of the person."


class OwnAccount(Conflict):
    code = "access.own_account"
    message = "Nobody closes the own account. Ask another administrator."


class OutOfReach(Denied):
    code = "access.out_of_reach"
    message = "This account has roles outside the region or organisation that you manage."


class KeptApart(Denied):
    code = "access.kept_apart"
    message = "Who watches over administrators is let in and out at the machine, not on a page."


class AccountClosed(Conflict):
    code = "access.account_closed"
    message = "This account is closed. Open a new one for the person."


@dataclass(frozen=True, slots=True)
class SignIn:
    """A browser that is signed in. id is no key: nobody can use it to sign in."""

    id: str
    began_at: datetime | None
    seen_at: datetime
    address: str
    agent: str
    is_this: bool


def note_of(*, at: datetime, address: str, agent: str) -> dict[str, str]:
    """Return what a session keeps of its beginning, under NOTE."""
    return {"at": at.isoformat(), "address": address, "agent": agent[:200]}


def sign_ins(user_id: UUID, *, this_key: str | None, at: datetime) -> list[SignIn]:
    """Return where an account is signed in, this browser first, then the last seen."""
    found = []
    for row in Session.objects.filter(user=user_id, expire_date__gt=at):
        told: Mapping[str, str] = row.get_decoded().get(NOTE, {})
        found.append(
            SignIn(
                id=id_of_sign_in(row.session_key),
                began_at=datetime.fromisoformat(told["at"]) if "at" in told else None,
                seen_at=row.seen_at,
                address=told.get("address", ""),
                agent=told.get("agent", ""),
                is_this=row.session_key == this_key,
            )
        )
    return sorted(found, key=lambda one: (not one.is_this, -one.seen_at.timestamp()))


@transaction.atomic
def end_sign_in(*, actor: Actor, sign_in_id: str, at: datetime) -> None:
    """End one of the actor's own sign-ins. Raises NoSuchSignIn."""
    rows = Session.objects.select_for_update().filter(user=actor.user_id)
    ended = [row for row in rows if id_of_sign_in(row.session_key) == sign_in_id]
    if not ended:
        raise NoSuchSignIn
    _end(actor, ended, at)


@transaction.atomic
def end_other_sign_ins(*, actor: Actor, this_key: str | None, at: datetime) -> int:
    """End the actor's own sign-ins but that of this browser; return how many."""
    rows = Session.objects.select_for_update().filter(user=actor.user_id)
    ended = list(rows.exclude(session_key=this_key or ""))
    _end(actor, ended, at)
    return len(ended)


@transaction.atomic
def change_own_password(*, actor: Actor, password: str, this_key: str | None, at: datetime) -> User:
    """Give the actor's own account another password and end its other sign-ins; return it.

    Whoever calls has made sure of the old one. Raises WeakPassword.
    """
    user = User.objects.select_for_update().get(pk=actor.user_id or _NOBODY)
    require_strength(password, user)
    user.set_password(password)
    user.first_secret_until = None
    user.save(update_fields=["password", "first_secret_until"])
    audit.record_change(
        actor=actor, action="access.change_password", ref=f"accounts.User/{user.pk}", at=at
    )
    end_other_sign_ins(actor=actor, this_key=this_key, at=at)
    return user


@transaction.atomic
def open_account(*, actor: Actor, login: str, display_name: str, at: datetime) -> tuple[User, str]:
    """Open an account without roles; return it with its first secret, which is told once.

    The secret is good for 72 hours and only to set a password of one's own. Raises Denied,
    BadLogin, LoginTaken, NameMissing.
    """
    if not actor.may(OPEN):
        raise Denied(action=OPEN)
    login, display_name = login.strip().lower(), display_name.strip()
    if not _LOGIN.fullmatch(login):
        raise BadLogin(field="login")
    if not display_name:
        raise NameMissing(field="display_name")
    secret = _first_secret()
    user = User(login=login, display_name=display_name, first_secret_until=at + FIRST_SECRET_KEPT)
    user.set_password(secret)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError:
        raise LoginTaken(field="login", login=login) from None
    audit.record_change(actor=actor, action=OPEN, ref=f"accounts.User/{user.pk}", at=at)
    return user, secret


@transaction.atomic
def renew_secret(*, actor: Actor, user: User, at: datetime) -> str:
    """Give who has lost password or second factor a new first secret; return it, told once.

    The password, the second factors, every sign-in and every key end. Raises Denied, OutOfReach,
    AccountClosed.
    """
    user = _within_reach(actor, RENEW, user, at)
    if not user.is_active:
        raise AccountClosed
    secret = _first_secret()
    user.set_password(secret)
    user.first_secret_until = at + FIRST_SECRET_KEPT
    user.save(update_fields=["password", "first_secret_until"])
    Authenticator.objects.filter(user=user).delete()
    FactorSecret.objects.filter(user=user).delete()
    ended, _ = Session.objects.filter(user=user).delete()
    revoke_all(actor=actor, user=user, at=at)
    audit.record_change(
        actor=actor,
        action=RENEW,
        ref=f"accounts.User/{user.pk}",
        at=at,
        detail={"ended": ended},
    )
    return secret


@transaction.atomic
def close_account(*, actor: Actor, user: User, at: datetime) -> None:
    """Close an account: no sign-in, sessions and event streams end now, roles and grants end.

    A closed account stays closed; once more changes nothing. Raises Denied, OutOfReach, OwnAccount.
    """
    user = _within_reach(actor, CLOSE, user, at)
    if user.pk == actor.user_id:
        raise OwnAccount
    if not user.is_active:
        return
    user.is_active, user.left_at = False, at
    user.save(update_fields=["is_active", "left_at"])
    ended, _ = Session.objects.filter(user=user).delete()
    OutsideIdentity.objects.filter(user=user).delete()
    revoke_all(actor=actor, user=user, at=at)
    for model in (RoleAssignment, Grant):
        for row in model.objects.select_for_update().filter(user=user, period__contains=at):
            row.period = DateTimeTZRange(row.period.lower, at)
            row.save(update_fields=["period"])
    audit.record_change(
        actor=actor,
        action=CLOSE,
        ref=f"accounts.User/{user.pk}",
        at=at,
        detail={"ended": ended},
    )


@transaction.atomic
def set_phone(*, actor: Actor, user: User, phone: str, at: datetime) -> None:
    """Give an account the phone by which it signs in, "" for none. Raises as `phones.put_phone`."""
    user = _within_reach(actor, SET_PHONE, user, at)
    put_phone(user=user, phone=phone)
    audit.record_change(actor=actor, action=SET_PHONE, ref=f"accounts.User/{user.pk}", at=at)


@transaction.atomic
def link_identity(*, actor: Actor, user: User, subject: str, at: datetime) -> None:
    """Let an account sign in at the outside provider as `subject`: its own, or as administrator.

    Raises Denied, OutOfReach, IdentityTaken.
    """
    if actor.user_id == user.pk:
        user = User.objects.select_for_update().get(pk=user.pk)
    else:
        user = _within_reach(actor, LINK, user, at)
    put_identity(user=user, subject=subject, at=at)
    audit.record_change(actor=actor, action=LINK, ref=f"accounts.User/{user.pk}", at=at)


@transaction.atomic
def unlink_identity(*, actor: Actor, user: User, at: datetime) -> None:
    """End signing in at the outside provider for an account: its own, or as administrator."""
    if actor.user_id != user.pk:
        user = _within_reach(actor, LINK, user, at)
    if OutsideIdentity.objects.filter(user=user).delete()[0]:
        audit.record_change(
            actor=actor, action="access.unlink_identity", ref=f"accounts.User/{user.pk}", at=at
        )


def _within_reach(actor: Actor, action: str, user: User, at: datetime) -> User:
    """Return the account, locked, if the actor may do this to everything that it is now."""
    if not actor.may(action):
        raise Denied(action=action)
    locked = User.objects.select_for_update().get(pk=user.pk)
    if actor.is_system:
        return locked
    organizations = actor.organizations(action)
    for held in RoleAssignment.objects.filter(user=locked, period__contains=at):
        if all_roles()[held.role].is_apart:
            raise KeptApart(action=action)
        if held.organization_id in organizations or actor.covers(action, held.region_prefix):
            continue
        raise OutOfReach(action=action)
    return locked


def _first_secret() -> str:
    """Return sixteen letters in four groups: 79 bits, easy to read aloud."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


def _end(actor: Actor, rows: list[Session], at: datetime) -> None:
    if rows:
        Session.objects.filter(pk__in=[row.pk for row in rows]).delete()
        audit.record_change(
            actor=actor,
            action="access.end_sign_in",
            ref=f"accounts.User/{actor.user_id}",
            at=at,
            detail={"ended": len(rows)},
        )
