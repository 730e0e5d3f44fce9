"""Signing in and out: one way in, slow for who guesses, told to the audit."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.contrib.auth import authenticate
from django.db import connection, transaction
from django.utils.translation import gettext_noop

from songhe.base.access import services as access
from songhe.base.access import sign_ins
from songhe.base.access.actor import ANONYMOUS, Actor
from songhe.base.accounts import factors
from songhe.base.accounts.models import User
from songhe.base.accounts.outside import user_at
from songhe.base.audit import services as audit
from songhe.base.outside import identity
from songhe.kernel.errors import Denied, Invalid
from songhe.portals.signin.models import FailedAttempt

WINDOW = timedelta(minutes=15)
MOST_PAIR = 10  # one login from one address
MOST_ADDRESS = 60  # all logins from one address: a whole office may share one
MOST_LOGIN = 200  # one login from anywhere: high, or strangers could lock the desk out
MOST_CODES = 20  # codes of one account from anywhere: who gets here knows the password already
KEPT = timedelta(days=1)
SIGN_IN, PROVE, CHANGE_PASSWORD = "signin.sign_in", "signin.prove", "signin.change_password"
# What somebody has proved who they are by.
PASSWORD, CODE, PASSKEY, SMS, OUTSIDE = "password", "code", "passkey", "sms", "outside"


_NO_KEY = UUID(int=0)


class Step(StrEnum):
    """What is asked before the door opens; the values name the pages."""

    PASSWORD = "own_password"  # noqa: S105 - the name of a page
    FACTOR = "second_step"
    ENROL = "set_up"


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


class FirstSecretExpired(Invalid):
    code = "signin.first_secret_expired"
    message = gettext_noop("This first password has expired. Ask for a new one where you got it.")


class NotLinked(Denied):
    code = "signin.not_linked"
    message = gettext_noop(
        "No account here is linked with this identity. Sign in another way and link it under"
        " My account, or ask who manages accounts."
    )


class SamePassword(Invalid):
    code = "signin.same_password"
    message = gettext_noop("This is the password that you were given. Please choose one yourself.")


def sign_in(*, login: str, password: str, address: str, at: datetime) -> User:
    """Return the user whose login and password these are; `next_step` tells what is still asked.

    Raises as `prove`, and FirstSecretExpired.
    """
    return prove(login=login, password=password, address=address, at=at, action=SIGN_IN)


def prove(*, login: str, password: str, address: str, at: datetime, action: str) -> User:
    """Return the user whose login and password these are, for an action that the audit names.

    Raises WrongCredentials, FirstSecretExpired, or TooManyAttempts after 10 failures within
    15 minutes; all are audited.
    """

    def attempt() -> User:
        user = authenticate(None, username=login, password=password)
        if not isinstance(user, User):
            raise WrongCredentials
        if user.first_secret_until is not None and user.first_secret_until <= at:
            raise FirstSecretExpired
        return user

    return guarded(attempt, name=login, address=address, at=at, action=action)


def guarded(
    attempt: Callable[[], User],
    *,
    name: str,
    address: str,
    at: datetime,
    action: str,
    most_anywhere: int = MOST_LOGIN,
) -> User:
    """Return what an attempt returns, or raise its Invalid; failures make the next ones wait.

    name: what is guessed at, such as a login. Attempts of one name from one address are judged one
    after the other. most_anywhere: failures of one name in 15 minutes, wherever they come from.
    """
    digest = digest_of(name)
    refusal: Invalid | None = None
    user: User | None = None
    with transaction.atomic():
        _one_at_a_time(digest, address)
        if _too_many(digest, address, at, most_anywhere):
            refusal = TooManyAttempts()
        else:
            try:
                with transaction.atomic():
                    user = attempt()
            except Invalid as error:
                refusal = error
                FailedAttempt.objects.create(login_digest=digest, address=address, at=at)
                FailedAttempt.objects.filter(at__lt=at - KEPT).delete()
            else:
                FailedAttempt.objects.filter(login_digest=digest, address=address).delete()
        if refusal is not None:
            _refused(action, address, refusal.code, at)
    if user is None:
        raise refusal or WrongCredentials()
    return user


def next_step(*, user: User, proofs: Collection[str], at: datetime) -> Step | None:
    """Return what is still asked of who has given these proofs, None when the door is open.

    A passkey is two factors in one: the thing, and the finger or the code that opens it.
    """
    if user.first_secret_until is not None and PASSWORD in proofs:
        return Step.PASSWORD
    if PASSKEY in proofs or CODE in proofs:
        return None
    if factors.kinds_of(user):
        return Step.FACTOR
    roles = {held.role for held in access.actor_for(user, at).roles}
    return Step.ENROL if roles & settings.SECOND_FACTOR_ROLES else None


def record_sign_in(*, user: User, proofs: Collection[str], at: datetime) -> None:
    """Tell the audit that somebody is in, and by which proofs."""
    _record(user, SIGN_IN, at, {"by": sorted(proofs)})


def use_code(*, user: User, code: str, address: str, at: datetime, action: str) -> None:
    """Use a code of the app or a recovery code. Raises WrongCode, TooManyAttempts."""

    def attempt() -> User:
        factors.use_code(user=user, code=code, at=at)
        return user

    guarded(
        attempt,
        name=f"factor:{user.pk}",
        address=address,
        at=at,
        action=action,
        most_anywhere=MOST_CODES,
    )


def use_passkey(
    *, user: User | None, response: Mapping[str, Any], address: str, at: datetime, action: str
) -> User:
    """Return whose passkey answered. Raises WrongPasskey, TooManyAttempts."""
    return guarded(
        lambda: factors.use_passkey(user=user, response=response, at=at),
        name=f"passkey:{user.pk if user else address}",
        address=address,
        at=at,
        action=action,
    )


def set_first_password(*, user: User, password: str, at: datetime) -> User:
    """Replace a first secret by a password of one's own. Raises WeakPassword."""
    actor = Actor(user_id=user.pk, display_name=user.display_name, at=at)
    if user.check_password(password):
        raise SamePassword(field="new")
    return sign_ins.change_own_password(actor=actor, password=password, this_key=None, at=at)


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

    Who has a first secret only (and comes in by message or from outside) has no password to tell.
    Raises WrongPassword, TooManyAttempts, WeakPassword.
    """
    try:
        if user.first_secret_until is None:
            prove(
                login=user.login, password=current, address=address, at=at, action=CHANGE_PASSWORD
            )
    except WrongCredentials:
        raise WrongPassword(field="current") from None
    return sign_ins.change_own_password(actor=actor, password=new, this_key=this_key, at=at)


def prove_password(*, user: User, password: str, address: str, at: datetime) -> None:
    """Make sure of the own password once more. Raises WrongPassword, TooManyAttempts."""
    try:
        prove(login=user.login, password=password, address=address, at=at, action=PROVE)
    except WrongCredentials:
        raise WrongPassword(field="password") from None


def proven_outside(
    *, asked: identity.Asked, state: str, code: str, back: str, address: str, at: datetime
) -> str:
    """Return who signed in at the outside provider. Raises NotProven (audited), ProviderAway."""
    try:
        return identity.subject_of(asked=asked, state=state, code=code, back=back, at=at)
    except identity.NotProven as error:
        _refused(SIGN_IN, address, error.code, at)
        raise


def user_outside(*, subject: str, address: str, at: datetime) -> User:
    """Return the account that is linked with a subject of the provider. Raises NotLinked."""
    user = user_at(subject=subject, at=at)
    if user is None:
        _refused(SIGN_IN, address, NotLinked.code, at)
        raise NotLinked
    return user


@transaction.atomic
def add_code_app(*, user: User, key: str, code: str, at: datetime) -> None:
    """Make a key the account's code app, with recovery codes where there are none.

    key: the reference of `factors.new_key`; "" counts as wrong. Raises WrongCode.
    """
    factors.confirm_key(user=user, key=UUID(key) if key else _NO_KEY, code=code, at=at)
    _record(user, "signin.add_factor", at, {"kind": factors.CODE_APP})
    _first_recovery_codes(user, at)


@transaction.atomic
def add_passkey(*, user: User, credential: Mapping[str, Any], name: str, at: datetime) -> None:
    """Keep a passkey, with recovery codes where there are none. Raises WrongPasskey."""
    factors.add_passkey(user=user, credential=credential, name=name, at=at)
    _record(user, "signin.add_factor", at, {"kind": factors.PASSKEY})
    _first_recovery_codes(user, at)


@transaction.atomic
def remove_factor(*, user: User, factor_id: int, at: datetime) -> None:
    """Remove a second factor. Raises NoSuchFactor."""
    kind = factors.remove_factor(user=user, factor_id=factor_id)
    _record(user, "signin.remove_factor", at, {"kind": kind})


@transaction.atomic
def renew_recovery_codes(*, user: User, at: datetime) -> None:
    """Make new recovery codes; the old ones are void. Raises NoSuchFactor without a factor."""
    if not factors.kinds_of(user) - {factors.CODES}:
        raise factors.NoSuchFactor
    factors.new_recovery_codes(user=user, at=at)
    _record(user, "signin.renew_recovery_codes", at, {})


def _first_recovery_codes(user: User, at: datetime) -> None:
    if factors.CODES not in factors.kinds_of(user):
        factors.new_recovery_codes(user=user, at=at)


def sign_out(*, actor: Actor, at: datetime) -> None:
    """Record that somebody signed out; ending the session is the surface's work."""
    if actor.user_id is not None:
        audit.record_change(
            actor=actor, action="signin.sign_out", ref=f"accounts.User/{actor.user_id}", at=at
        )


def _refused(action: str, address: str, code: str, at: datetime) -> None:
    path = f"/sign-in/ from {address}"
    audit.record_refusal(actor=ANONYMOUS, action=action, path=path, code=code, at=at)


def _record(user: User, action: str, at: datetime, detail: dict[str, Any]) -> None:
    actor = Actor(user_id=user.pk, display_name=user.display_name, at=at)
    audit.record_change(
        actor=actor, action=action, ref=f"accounts.User/{user.pk}", at=at, detail=detail
    )


def digest_of(login: str) -> bytes:
    """Return the keyed digest under which failures of a login are counted."""
    key = settings.SECRET_KEY.encode()
    return hmac.new(key, b"signin\x00" + login.strip().lower().encode(), hashlib.sha256).digest()


def _one_at_a_time(digest: bytes, address: str) -> None:
    name = hashlib.sha256(digest + address.encode()).digest()[:8]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(name, "big", signed=True)]
        )


def _too_many(digest: bytes, address: str, at: datetime, most_anywhere: int) -> bool:
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
                most_anywhere,
                at - WINDOW,
                digest,
                address,
            ],
        )
        (too_many,) = cursor.fetchone() or (False,)
    return bool(too_many)
