"""Signing in and out: one way in, slow for who guesses, told to the audit."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.contrib.auth import authenticate
from django.db import connection, transaction
from django.utils.translation import gettext_noop

from songhe.base.access import sign_ins
from songhe.base.access.actor import ANONYMOUS, Actor
from songhe.base.accounts.models import User
from songhe.base.audit import services as audit
from songhe.kernel.errors import Invalid
from songhe.portals.signin.models import FailedAttempt

WINDOW = timedelta(minutes=15)
MOST_PAIR = 10  # one login from one address
MOST_ADDRESS = 60  # all logins from one address: a whole office may share one
MOST_LOGIN = 200  # one login from anywhere: high, or strangers could lock the desk out
KEPT = timedelta(days=1)


class WrongCredentials(Invalid):
    code = "signin.wrong"
    message = gettext_noop("Login or password is not right. Please type both again.")


class TooManyAttempts(Invalid):
    """Too many failures of late; it counts for the right password as well."""

    status: ClassVar[int] = 429
    code = "signin.too_many"
    message = gettext_noop("Too many failed attempts. Please wait 15 minutes, or ask the desk.")


class WrongPassword(Invalid):
    code = "signin.wrong_password"
    message = gettext_noop("This is not your password. Please type it again.")


def sign_in(*, login: str, password: str, address: str, at: datetime) -> User:
    """Return the user whose login and password these are. Raises as `prove`."""
    return prove(login=login, password=password, address=address, at=at, action="signin.sign_in")


def change_password(
    *,
    actor: Actor,
    user: User,
    current: str,
    new: str,
    address: str,
    this_key: str | None,
    at: datetime,
) -> User:
    """Change the own password; return the account with it. Other sign-ins end.

    Raises WrongPassword, TooManyAttempts, WeakPassword.
    """
    try:
        prove(
            login=user.login,
            password=current,
            address=address,
            at=at,
            action="signin.change_password",
        )
    except WrongCredentials:
        raise WrongPassword(field="current") from None
    return sign_ins.change_own_password(actor=actor, password=new, this_key=this_key, at=at)


def prove(*, login: str, password: str, address: str, at: datetime, action: str) -> User:
    """Return the user whose login and password these are, for an action that the audit names.

    Attempts of one login from one address are judged one after the other. Raises
    WrongCredentials, or TooManyAttempts after 10 failures within 15 minutes; both are audited.
    """
    digest = _digest(login)
    with transaction.atomic():
        _one_at_a_time(digest, address)
        refusal: Invalid | None = None
        user = None
        if _too_many(digest, address, at):
            refusal = TooManyAttempts()
        else:
            user = authenticate(None, username=login, password=password)
            if user is None:
                refusal = WrongCredentials()
                FailedAttempt.objects.create(login_digest=digest, address=address, at=at)
                FailedAttempt.objects.filter(at__lt=at - KEPT).delete()
        if isinstance(user, User):
            FailedAttempt.objects.filter(login_digest=digest, address=address).delete()
            _record(user, action, at)
        elif refusal is not None:
            audit.record_refusal(
                actor=ANONYMOUS,
                action=action,
                path=f"/sign-in/ from {address}",
                code=refusal.code,
                at=at,
            )
    if not isinstance(user, User):
        raise refusal or WrongCredentials()
    return user


def sign_out(*, actor: Actor, at: datetime) -> None:
    """Record that somebody signed out; ending the session is the surface's work."""
    if actor.user_id is not None:
        audit.record_change(
            actor=actor, action="signin.sign_out", ref=f"accounts.User/{actor.user_id}", at=at
        )


def _record(user: User, action: str, at: datetime) -> None:
    actor = Actor(user_id=user.pk, display_name=user.display_name, at=at)
    audit.record_change(actor=actor, action=action, ref=f"accounts.User/{user.pk}", at=at)


def _digest(login: str) -> bytes:
    key = settings.SECRET_KEY.encode()
    return hmac.new(key, b"signin\x00" + login.strip().lower().encode(), hashlib.sha256).digest()


def _one_at_a_time(digest: bytes, address: str) -> None:
    name = hashlib.sha256(digest + address.encode()).digest()[:8]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(name, "big", signed=True)]
        )


def _too_many(digest: bytes, address: str, at: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE login_digest = %s AND address = %s) >= %s"
            " OR count(*) FILTER (WHERE address = %s) >= %s"
            " OR count(*) FILTER (WHERE login_digest = %s) >= %s"
            " FROM signin_attempt WHERE at > %s AND (login_digest = %s OR address = %s)",
            [
                digest,
                address,
                MOST_PAIR,
                address,
                MOST_ADDRESS,
                digest,
                MOST_LOGIN,
                at - WINDOW,
                digest,
                address,
            ],
        )
        (too_many,) = cursor.fetchone() or (False,)
    return bool(too_many)
