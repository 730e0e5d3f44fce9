"""The word of a browser that it showed a push: a signed token that only its delivery carries."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.core import signing

from songhe.base.access.wall import lifted
from songhe.base.notify import sending
from songhe.base.notify.terms import Proof
from songhe.kernel.errors import Invalid

_SALT = "notify.seen"
_GOOD_FOR = timedelta(days=2)


class BadToken(Invalid):
    code = "notify.bad_token"
    message = "This is not the word of a browser that was sent a notice."


def token_of(delivery_id: UUID) -> str:
    """Return the token that goes, encrypted, to the browser alone."""
    return signing.dumps(delivery_id.hex, salt=_SALT)


def take(token: str, *, at: datetime) -> None:
    """Take a browser's word that it showed a notice. Raises BadToken.

    It comes without a sign-in: a browser may show a notice when nobody is signed in.
    """
    try:
        delivery_id = UUID(signing.loads(token, salt=_SALT, max_age=_GOOD_FOR))
    except (signing.BadSignature, ValueError, TypeError):
        raise BadToken from None
    with lifted():
        sending.prove(delivery_id=delivery_id, proof=Proof.SHOWN, at=at)
