"""What a person does with the own account: see where it is signed in, and end that."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from songhe.base.access.actor import Actor
from songhe.base.accounts.models import Session, User
from songhe.base.accounts.passwords import WeakPassword, require_strength
from songhe.base.audit import services as audit
from songhe.kernel.errors import NotFound

__all__ = ["WeakPassword"]  # raised here, made beside the rule

NOTE = "signed_in"  # the entry of a session that tells of its beginning


class NoSuchSignIn(NotFound):
    code = "access.no_such_sign_in"
    message = "This sign-in has ended already."


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
                id=_id(row.session_key),
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
    ended = [row for row in rows if _id(row.session_key) == sign_in_id]
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
    user = User.objects.select_for_update().get(pk=actor.user_id)
    require_strength(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    audit.record_change(
        actor=actor, action="access.change_password", ref=f"accounts.User/{user.pk}", at=at
    )
    end_other_sign_ins(actor=actor, this_key=this_key, at=at)
    return user


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


def _id(session_key: str) -> str:
    return hashlib.sha256(session_key.encode()).hexdigest()[:24]
