"""What the API refuses by itself, before any domain is asked; `kit.errors` renders it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from ninja.errors import ValidationError

from songhe.kernel.errors import Denied, Invalid, SongheError


class NoKey(SongheError):
    """Nobody asks: no key came, or one that is not good."""

    status: ClassVar[int] = 401
    code = "api.no_key"
    message = "Send a key that is good: Authorization: Bearer songhe_…"


class OperationDenied(Denied):
    """The roles of the key's account do not carry the operation's action."""

    code = "api.operation_denied"
    message = "No role of this key's account opens this."


class KeyOnlyReads(Denied):
    """The key was made for reading alone."""

    code = "api.key_only_reads"
    message = "This key only reads. Make one that may change."


class NotAllowed(SongheError):
    """params["allow"]: the methods that the address knows."""

    status: ClassVar[int] = 405
    code = "api.method_not_allowed"
    message = "This address does not know this method. It knows: %(allow)s."


class BodyTooLarge(Invalid):
    status: ClassVar[int] = 413
    code = "api.too_large"
    message = "A request here has at most %(most)s KiB."


class NotJson(Invalid):
    status: ClassVar[int] = 415
    code = "api.not_json"
    message = "Send JSON: Content-Type: application/json."


class BadValues(Invalid):
    """params["errors"]: which values, and what is wrong with each."""

    code = "api.bad_values"
    message = "Some values cannot be used; errors names each."


UNKNOWN = _("This is not known here.")
TWICE = _("This was given twice.")
_OTHER = _("A value like this cannot be used.")
# Why, by the kinds of errors that pydantic tells (docs.pydantic.dev, errors).
_WHY: dict[str, Promise] = {
    "missing": _("This is needed."),
    "extra_forbidden": UNKNOWN,
    "string_too_long": _("This is too long."),
    "string_too_short": _("This is too short."),
    "string_pattern_mismatch": _("This is not written as it must be."),
    "string_type": _("This must be text."),
    "string_unicode": _("This is not written as it must be."),
    "bool_type": _("This must be true or false."),
    "literal_error": _("This is not one of the known values."),
    "enum": _("This is not one of the known values."),
    "greater_than_equal": _("This is too small."),
    "less_than_equal": _("This is too large."),
    "int_parsing": _("This must be a whole number."),
    "uuid_parsing": _("This must be an id (UUID)."),
    "date_from_datetime_parsing": _("This must be a day: 2026-11-22."),
    "date_parsing": _("This must be a day: 2026-11-22."),
    "datetime_parsing": _("This must be a moment with its zone: 2026-11-22T08:30:00+08:00."),
    "datetime_from_date_parsing": _(
        "This must be a moment with its zone: 2026-11-22T08:30:00+08:00."
    ),
    "timezone_aware": _("This must be a moment with its zone: 2026-11-22T08:30:00+08:00."),
    "model_attributes_type": _("This must be an object."),
    "model_type": _("This must be an object."),
}


def bad_values(error: ValidationError) -> BadValues:
    """Return what could not be used, by field and never with the value itself."""
    return BadValues(
        errors=[
            {"field": _field(one["loc"]), "detail": str(_WHY.get(one["type"], _OTHER))}
            for one in error.errors
        ]
    )


def _field(place: tuple[Any, ...]) -> str:
    """Return the name of a value: what stands behind its source and the function's argument."""
    parts = [str(part) for part in place[1:]]
    return ".".join(parts[1:] if parts[:1] in (["asked"], ["given"]) else parts) or "body"
