"""The phone of an account: sealed, found by its blind index, and never twice."""

from __future__ import annotations

import re

from django.db import IntegrityError, transaction

from songhe.base import vault
from songhe.base.accounts.models import User
from songhe.kernel.errors import Conflict, Invalid

FIELD = "accounts.User.phone"
_MOBILE = re.compile(r"1\d{10}")  # mobile numbers of mainland China


class BadPhone(Invalid):
    code = "accounts.bad_phone"
    message = "A mobile number has 11 digits and begins with 1. Please type it again."


class PhoneTaken(Conflict):
    code = "accounts.phone_taken"
    message = "Another account signs in with this phone."


def normal(phone: str) -> str:
    """Return a mobile number as eleven digits. Raises BadPhone."""
    digits = re.sub(r"[\s\-()（）]", "", phone)
    digits = re.sub(r"^(\+|00)86", "", digits)
    if not (digits.isascii() and _MOBILE.fullmatch(digits)):
        raise BadPhone(field="phone")
    return digits


def put_phone(*, user: User, phone: str) -> None:
    """Seal the phone of an account, "" for none. Raises BadPhone, PhoneTaken."""
    if not phone:
        user.phone_sealed = user.phone_index = None
    else:
        digits = normal(phone)
        known = vault.blind_indexes(digits, field=FIELD)
        if User.objects.filter(phone_index__in=known).exclude(pk=user.pk).exists():
            raise PhoneTaken(field="phone")
        user.phone_sealed = vault.seal(digits, field=FIELD, pk=user.pk)
        user.phone_index = vault.blind_index(digits, field=FIELD)
    try:
        with transaction.atomic():
            user.save(update_fields=["phone_sealed", "phone_index"])
    except IntegrityError:
        raise PhoneTaken(field="phone") from None


def user_with(phone: str) -> User | None:
    """Return the open account with a phone."""
    known = vault.blind_indexes(phone, field=FIELD)
    return User.objects.filter(phone_index__in=known, is_active=True).first()
