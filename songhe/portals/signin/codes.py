"""Signing in by a code that is sent to one's phone: for elders and families alone.

Whoever asks learns nothing: a phone that no account has is answered alike, and looked up by a job
afterwards, so that even the time tells nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from procrastinate.contrib.django import app

from songhe.base import vault
from songhe.base.access import services as access
from songhe.base.accounts import phones
from songhe.base.accounts.models import User
from songhe.base.outside import services as outside
from songhe.base.outside.models import OutsideMessage
from songhe.kernel.errors import Invalid
from songhe.portals.signin import services
from songhe.portals.signin.models import SmsCode

ROLES = frozenset({"elder", "family"})
GOOD_FOR = timedelta(minutes=5)
MOST_TRIES = 5
PAUSE = timedelta(seconds=60)
MOST_PHONE_HOUR, MOST_PHONE_DAY = 5, 10
MOST_ADDRESS_HOUR = 20
KEPT = timedelta(days=1)
JOB = "signin.send_code"
FIELD = "portal_signin.SmsCode.phone"


class TooManyCodes(Invalid):
    """Too many codes were asked for this phone, or from this address."""

    status: ClassVar[int] = 429
    code = "signin.too_many_codes"
    message = gettext_noop("A code was asked for too often. Please wait a little and try again.")


class WrongSmsCode(Invalid):
    code = "signin.wrong_sms_code"
    message = gettext_noop("This is not the code. Please look at the message once more.")


class CodeOver(Invalid):
    code = "signin.code_over"
    message = gettext_noop("This code is not valid any more. Please ask for a new one.")


def ask_code(*, phone: str, address: str, locale: str, at: datetime) -> UUID:
    """Let a code be sent to a phone, if an account may sign in with it; return its reference.

    Raises BadPhone, TooManyCodes, NoGateway; none of them tells whether the phone is known.
    """
    digits = phones.normal(phone)
    if not outside.can_send():
        raise outside.NoGateway
    with transaction.atomic():
        _one_at_a_time(digits, address)
        if _too_many(vault.blind_indexes(digits, field=FIELD), address, at):
            raise TooManyCodes(field="phone")
        SmsCode.objects.filter(asked_at__lt=at - KEPT).delete()
        row = SmsCode(address=address, asked_at=at, expires_at=at + GOOD_FOR)
        row.phone_sealed = vault.seal(digits, field=FIELD, pk=row.pk)
        row.phone_index = vault.blind_index(digits, field=FIELD)
        row.save(force_insert=True)
        app.configure_task(name=JOB, queue="events").defer(code_id=str(row.pk), locale=locale)
    return row.pk


def may_prove(user: User, *, at: datetime) -> bool:
    """Tell whether an account may prove itself by a code to its own phone."""
    return user.phone_sealed is not None and outside.can_send() and _may(user, at)


def ask_own_code(*, user: User, address: str, locale: str, at: datetime) -> UUID:
    """Let a code be sent to the account's own phone. Raises TooManyCodes, NoGateway."""
    if user.phone_sealed is None:
        raise CodeOver
    phone = vault.unseal(user.phone_sealed, field=phones.FIELD, pk=user.pk)
    return ask_code(phone=phone, address=address, locale=locale, at=at)


@transaction.atomic
def send_code(*, code_id: UUID, locale: str, at: datetime) -> bool:
    """Send a code that was asked for, where an account may sign in by it; tell whether it was."""
    row = SmsCode.objects.select_for_update().filter(pk=code_id, code_digest=None).first()
    if row is None or row.expires_at <= at:
        return False
    phone = vault.unseal(row.phone_sealed, field=FIELD, pk=row.pk)
    user = phones.user_with(phone)
    if user is None or not _may(user, at):
        return False
    code = f"{secrets.randbelow(1_000_000):06}"
    row.user, row.code_digest = user, _digest(row.pk, code)
    row.save(update_fields=["user", "code_digest"])
    with translation.override(locale):
        text = _("[Songhe] Your code is %(code)s, good for 5 minutes. Tell it to nobody.")
    outside.send_message(
        channel=OutsideMessage.Channel.SMS,
        to=phone,
        text=text % {"code": code},
        ref=f"accounts.User/{user.pk}",
        at=at,
    )
    return True


def use_code(
    *, code_id: UUID, code: str, address: str, at: datetime, action: str = services.SIGN_IN
) -> User:
    """Return whose code it is; it counts once. Raises WrongSmsCode, CodeOver, TooManyAttempts."""
    open_ones = SmsCode.objects.filter(
        pk=code_id, used_at=None, expires_at__gt=at, tries__lt=MOST_TRIES
    )
    if not open_ones.update(tries=F("tries") + 1):
        raise CodeOver(field="code")
    row = SmsCode.objects.get(pk=code_id)

    def attempt() -> User:
        good = _digest(code_id, code.replace(" ", ""))
        user = row.user
        if user is None or row.code_digest is None:
            raise WrongSmsCode(field="code")
        if not hmac.compare_digest(good, bytes(row.code_digest)) or not _may(user, at):
            raise WrongSmsCode(field="code")
        if not SmsCode.objects.filter(pk=code_id, used_at=None).update(used_at=at):
            raise CodeOver(field="code")
        return user

    return services.guarded(
        attempt,
        name=f"sms:{vault.unseal(row.phone_sealed, field=FIELD, pk=row.pk)}",
        address=address,
        at=at,
        action=action,
        most_anywhere=services.MOST_CODES,
    )


def prove_by_code(*, user: User, code_id: str, code: str, address: str, at: datetime) -> None:
    """Prove an account by a code to its own phone; "" as reference is none that was sent.

    Raises WrongSmsCode, CodeOver, TooManyAttempts.
    """
    own = SmsCode.objects.filter(pk=UUID(code_id), user=user).first() if code_id else None
    if own is None:
        raise CodeOver(field="sms")
    use_code(code_id=own.pk, code=code, address=address, at=at, action=services.PROVE)


def _may(user: User, at: datetime) -> bool:
    """Tell whether an account may sign in by message: it is open, an elder's or a family's."""
    roles = {held.role for held in access.actor_for(user, at).roles}
    return user.is_active and bool(roles) and roles <= ROLES


def _digest(code_id: UUID, code: str) -> bytes:
    key = settings.SECRET_KEY.encode()
    return hmac.new(key, b"sms\x00" + code_id.bytes + code.encode(), hashlib.sha256).digest()


def _one_at_a_time(phone: str, address: str) -> None:
    """Let who asks for one phone, or from one address, wait for each other."""
    with connection.cursor() as cursor:
        for name in sorted((f"sms phone {phone}", f"sms address {address}")):
            number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def _too_many(indexes: list[bytes], address: str, at: datetime) -> bool:
    of_phone = SmsCode.objects.filter(phone_index__in=indexes, asked_at__gt=at - timedelta(days=1))
    asked = list(of_phone.values_list("asked_at", flat=True))
    hour = at - timedelta(hours=1)
    return (
        any(one > at - PAUSE for one in asked)
        or sum(one > hour for one in asked) >= MOST_PHONE_HOUR
        or len(asked) >= MOST_PHONE_DAY
        or SmsCode.objects.filter(address=address, asked_at__gt=hour).count() >= MOST_ADDRESS_HOUR
    )
