"""What a password must be: long enough, not common, not like the account. Said in our own words."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from songhe.base.accounts.models import User
from songhe.kernel.errors import Invalid


class WeakPassword(Invalid):
    """reasons: sentences in the reader's language."""

    code = "access.weak_password"
    message = "Please choose another password. %(reasons)s"


def require_strength(password: str, user: User, *, field: str = "new") -> None:
    """Raise WeakPassword, for a field of a form, unless the password may be used for the account.

    At least ten characters (GB/T 22239-2019 asks for complexity, NIST SP 800-63B for length and
    for a list of common ones; a phrase meets both), not common, not like login or name.
    """
    try:
        validate_password(password, user)
    except ValidationError as error:
        reasons = [_reason(one.code or "", dict(one.params or {})) for one in error.error_list]
        raise WeakPassword(field=field, reasons=_joined(reasons)) from None


def _reason(code: str, params: dict[str, Any]) -> str:
    """Return why in words of ours: Django has no Chinese for all of its own."""
    if code == "password_too_short":
        return _("It has fewer than %(least)s characters.") % {"least": params["min_length"]}
    if code == "password_too_similar":
        return _("It is too much like your login or your name.")
    if code == "password_entirely_numeric":
        return _("It is made of digits only.")
    if code == "password_too_common":
        return _("It is one of the passwords that many people use.")
    raise ValueError(f"a rule for passwords without a sentence: {code}")


def _joined(reasons: list[str]) -> str:
    """Return whole sentences one after the other."""
    text = reasons[0]
    for reason in reasons[1:]:
        text = _("%(one)s %(next)s") % {"one": text, "next": reason}
    return text
