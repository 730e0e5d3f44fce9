"""Second factors of an account: code apps (TOTP), recovery codes, passkeys (WebAuthn).

allauth keeps them and computes with them; here are its keys under the vault, codes that count once
for all processes, and the house's errors. Passkeys are bound to a request (its challenge is in the
session, allauth's context knows it): call these functions within one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.webauthn.internal import auth as webauthn
from django.core.exceptions import ValidationError
from django.db import transaction

from songhe.base import vault
from songhe.base.accounts.models import FactorSecret, User
from songhe.kernel.errors import Invalid, NotFound

PERIOD_S = 30  # RFC 6238, 5.2
DRIFT_STEPS = 1  # a phone's clock may be half a minute off
FIELD = "accounts.FactorSecret.secret"
CODE_APP, CODES, PASSKEY = (
    str(Authenticator.Type.TOTP),
    str(Authenticator.Type.RECOVERY_CODES),
    str(Authenticator.Type.WEBAUTHN),
)


class WrongCode(Invalid):
    code = "accounts.wrong_code"
    message = "This code is not right. Each code counts once, and only for half a minute."


class WrongPasskey(Invalid):
    code = "accounts.wrong_passkey"
    message = "This passkey could not be used here. Please try again, or take another way."


class NoSuchFactor(NotFound):
    code = "accounts.no_such_factor"
    message = "This has been removed already."


@dataclass(frozen=True, slots=True)
class Factor:
    """One second factor as its owner sees it. left: recovery codes that are not used yet."""

    id: int
    kind: str
    name: str
    added_at: datetime
    used_at: datetime | None
    left: int = 0


class Adapter(DefaultMFAAdapter):  # type: ignore[misc]
    """What an install does its own way: allauth's secrets are references to sealed rows."""

    def encrypt(self, text: str) -> str:
        """Refuse: a secret is sealed for an account (`_seal`), never for nobody."""
        raise NotImplementedError("secrets are sealed by songhe.base.accounts.factors")

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret behind a reference."""
        row = FactorSecret.objects.get(pk=UUID(encrypted_text))
        return vault.unseal(row.secret_sealed, field=FIELD, pk=row.pk)

    def _get_site_name(self) -> str:
        return "Songhe"


def factors_of(user: User) -> list[Factor]:
    """Return the second factors of an account, recovery codes last."""
    found = []
    for row in Authenticator.objects.filter(user=user).order_by("created_at"):
        left = len(RecoveryCodes(row).get_unused_codes()) if row.type == CODES else 0
        name = str(row.data.get("name", "")) if row.type == PASSKEY else ""
        found.append(Factor(row.pk, row.type, name, row.created_at, row.last_used_at, left))
    return sorted(found, key=lambda one: one.kind == CODES)


def kinds_of(user: User) -> frozenset[str]:
    """Return which kinds of second factors an account has (1 query)."""
    return frozenset(Authenticator.objects.filter(user=user).values_list("type", flat=True))


def remove_factor(*, user: User, factor_id: int) -> str:
    """Remove a factor with its secret; return its kind. Raises NoSuchFactor.

    Recovery codes go with the last of the others: alone they are no second step.
    """
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        row = Authenticator.objects.filter(user=user, pk=factor_id).exclude(type=CODES).first()
        if row is None:
            raise NoSuchFactor
        kind = str(row.type)
        row.delete()
        if not Authenticator.objects.filter(user=user).exclude(type=CODES).exists():
            Authenticator.objects.filter(user=user).delete()
        _drop_loose_secrets(user)
    return kind


# --- code apps -------------------------------------------------------------------------------


def new_key(*, user: User) -> UUID:
    """Make a key for a code app and seal it; return its reference. It counts once confirmed."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        _drop_loose_secrets(user)
        return _seal(user, totp.generate_totp_secret()).pk


def key_of(*, user: User, key: UUID) -> str | None:
    """Return a key as text (base32), None when there is no such one any more."""
    row = FactorSecret.objects.filter(user=user, pk=key).first()
    return None if row is None else vault.unseal(row.secret_sealed, field=FIELD, pk=row.pk)


def address_of(*, user: User, secret: str) -> str:
    """Return what the square picture holds: an otpauth address with key and login."""
    return str(Adapter().build_totp_url(user, secret))


@transaction.atomic
def confirm_key(*, user: User, key: UUID, code: str, at: datetime) -> None:
    """Make a key the code app of the account, in place of the one before. Raises WrongCode."""
    User.objects.select_for_update().get(pk=user.pk)
    secret = key_of(user=user, key=key)
    step = None if secret is None else _step(secret, code, at, after=0)
    if step is None:
        raise WrongCode(field="code")
    Authenticator.objects.filter(user=user, type=CODE_APP).delete()
    Authenticator.objects.create(
        user=user, type=CODE_APP, data={"secret": str(key), "step": step}, created_at=at
    )
    _drop_loose_secrets(user)


@transaction.atomic
def use_code(*, user: User, code: str, at: datetime) -> str:
    """Use a code of the app, or a recovery code, once; return which kind. Raises WrongCode."""
    row = Authenticator.objects.select_for_update().filter(user=user, type=CODE_APP).first()
    if row is not None:
        secret = Adapter().decrypt(row.data["secret"])
        step = _step(secret, code, at, after=int(row.data.get("step", 0)))
        if step is not None:
            row.data["step"], row.last_used_at = step, at
            row.save(update_fields=["data", "last_used_at"])
            return CODE_APP
    row = Authenticator.objects.filter(user=user, type=CODES).first()
    if row is not None and RecoveryCodes(row).validate_code(code):
        Authenticator.objects.filter(pk=row.pk).update(last_used_at=at)
        return CODES
    raise WrongCode(field="code")


def _step(secret: str, code: str, at: datetime, *, after: int) -> int | None:
    """Return the time step of a code, None where it fits none that is later than `after`."""
    now = int(at.timestamp()) // PERIOD_S
    for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1):
        expected = totp.format_hotp_value(totp.hotp_value(secret, step))
        if step > after and compare_user_code(actual=code, expected=expected):
            return step
    return None


# --- recovery codes --------------------------------------------------------------------------


@transaction.atomic
def new_recovery_codes(*, user: User, at: datetime) -> None:
    """Give an account ten recovery codes; the ones before count no more."""
    User.objects.select_for_update().get(pk=user.pk)
    Authenticator.objects.filter(user=user, type=CODES).delete()
    seed = _seal(user, RecoveryCodes.generate_seed())
    Authenticator.objects.create(
        user=user, type=CODES, data={"seed": str(seed.pk), "used_mask": 0}, created_at=at
    )
    _drop_loose_secrets(user)


def recovery_codes(user: User) -> list[str]:
    """Return the codes that are not used yet."""
    row = Authenticator.objects.filter(user=user, type=CODES).first()
    return [] if row is None else list(RecoveryCodes(row).get_unused_codes())


# --- passkeys --------------------------------------------------------------------------------


def begin_passkey(user: User) -> dict[str, Any]:
    """Return what the browser needs to make a passkey that signs in by itself (JSON)."""
    return webauthn.begin_registration(user, passwordless=True)  # type: ignore[no-any-return]


def add_passkey(*, user: User, credential: Mapping[str, Any], name: str, at: datetime) -> None:
    """Keep the passkey that the browser made. Raises WrongPasskey."""
    try:
        webauthn.complete_registration(dict(credential))
    except (ValidationError, ValueError, TypeError, KeyError):
        raise WrongPasskey from None
    data = {"name": name, "credential": dict(credential)}
    Authenticator.objects.create(user=user, type=PASSKEY, data=data, created_at=at)


def ask_passkey(user: User | None) -> dict[str, Any]:
    """Return what the browser needs to use a passkey of an account, or of whoever it is (JSON)."""
    return webauthn.begin_authentication(user)  # type: ignore[no-any-return]


def use_passkey(*, user: User | None, response: Mapping[str, Any], at: datetime) -> User:
    """Return whose passkey answered, None as user being anybody's. Raises WrongPasskey."""
    try:
        owner = user or webauthn.extract_user_from_response(dict(response))
        row = webauthn.complete_authentication(owner, dict(response))
    except (ValidationError, ValueError, TypeError, KeyError, AttributeError):
        raise WrongPasskey from None
    if not isinstance(owner, User) or not owner.is_active:
        raise WrongPasskey
    Authenticator.objects.filter(pk=row.pk).update(last_used_at=at)
    return owner


# --- secrets ---------------------------------------------------------------------------------


def _seal(user: User, secret: str) -> FactorSecret:
    row = FactorSecret(user=user)
    row.secret_sealed = vault.seal(secret, field=FIELD, pk=row.pk)
    row.save(force_insert=True)
    return row


def _drop_loose_secrets(user: User) -> None:
    """Delete the secrets of an account that no factor names."""
    named = {
        UUID(row.data[name])
        for row in Authenticator.objects.filter(user=user, type__in=(CODE_APP, CODES))
        for name in ("secret", "seed")
        if name in row.data
    }
    FactorSecret.objects.filter(user=user).exclude(pk__in=named).delete()
