"""Who stands in the door: has proved something, and is still asked for more before being let in.

Kept in the session of a stranger: nobody is signed in by it, and it ends after ten minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.sessions.backends.base import SessionBase
from django.utils.crypto import constant_time_compare

from songhe.base.accounts.models import User

ENTRY = "in_the_door"
PATIENCE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Pending:
    """The account, what it was proved by, and where it leads."""

    user: User
    proofs: tuple[str, ...]
    target: str


def begin(
    session: SessionBase, *, user: User, proofs: tuple[str, ...], target: str, at: datetime
) -> None:
    """Remember who stands in the door."""
    session.cycle_key()
    session.set_expiry(int(PATIENCE.total_seconds()))
    session[ENTRY] = {
        "user": str(user.pk),
        "proofs": list(proofs),
        "target": target,
        "at": int(at.timestamp()),
        "hash": user.get_session_auth_hash(),
    }


def current(session: SessionBase, *, at: datetime) -> Pending | None:
    """Return who stands in the door; nobody after ten minutes or another password."""
    kept = session.get(ENTRY)
    if not kept or at.timestamp() - kept["at"] > PATIENCE.total_seconds():
        return None
    user = User.objects.filter(pk=UUID(kept["user"]), is_active=True).first()
    if user is None or not constant_time_compare(kept["hash"], user.get_session_auth_hash()):
        return None
    return Pending(user, tuple(kept["proofs"]), kept["target"])


def forget(session: SessionBase) -> None:
    """Nobody stands in the door any more; the session lasts as long as others again."""
    session.pop(ENTRY, None)
    session.set_expiry(None)
