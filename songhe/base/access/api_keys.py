"""Keys by which machines ask the JSON API as an account: making, revoking, who asks by one.

A key is 256 bits of chance behind a mark that scanners know; a plain digest of it is kept. It is
good until its end, a year at most, while the account is open.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, cast
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from songhe.base.access.actor import ANONYMOUS, Actor
from songhe.base.access.held import columns, held
from songhe.base.access.services import actor_of
from songhe.base.accounts.models import ApiKey, User
from songhe.base.audit import services as audit
from songhe.base.database.base import STANDS, DatabaseWrapper
from songhe.kernel.errors import Conflict, Denied, Invalid, NotFound

KEEP = "access.keep_keys"
REVOKE = "access.revoke_key"
MOST = 10
_MARK = "songhe_"
_KEY = re.compile(rf"{_MARK}[A-Za-z0-9_-]{{43}}")
_WHO = """
SELECT k.id, k.may_change, k.used_on, {stands}, {account}, {held}
  FROM accounts_apikey k JOIN accounts_user u ON u.id = k.user_id
 WHERE k.digest = %(digest)s AND k.revoked_at IS NULL AND k.ends_at > %(at)s AND u.is_active
"""


class NoSuchKey(NotFound):
    code = "access.no_such_key"
    message = "This key does not exist, or has ended already."


class KeyNameMissing(Invalid):
    code = "access.key_name_missing"
    message = "Please say which system the key is for."


class KeyEnd(Invalid):
    code = "access.key_end"
    message = "A key ends in the future, and at most a year from now."


class TooManyKeys(Conflict):
    code = "access.too_many_keys"
    message = "There are %(most)s keys already. Revoke one that is not used any more."


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A key that is good, without the key."""

    id: UUID
    name: str
    may_change: bool
    made_at: datetime
    ends_at: datetime
    used_on: Any


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks by a key, and whether the key may do more than read."""

    user: User
    actor: Actor
    key_id: UUID
    may_change: bool


@transaction.atomic
def make_key(
    *, actor: Actor, user: User, name: str, ends_at: datetime, may_change: bool, at: datetime
) -> tuple[ApiKey, str]:
    """Make a key of the actor's own account, or as the system; return it and what is told once.

    Raises Denied, KeyNameMissing, KeyEnd, TooManyKeys.
    """
    if not actor.is_system and (actor.user_id != user.pk or not actor.may(KEEP)):
        raise Denied(action=KEEP)
    if not name.strip():
        raise KeyNameMissing(field="name")
    if not at < ends_at <= at + ApiKey.LONGEST:
        raise KeyEnd(field="days")
    User.objects.select_for_update().get(pk=user.pk)  # two at once are counted one by one
    if len(keys_of(user.pk, at=at)) >= MOST:
        raise TooManyKeys(most=MOST)
    secret = _MARK + secrets.token_urlsafe(32)
    row = ApiKey.objects.create(
        user=user,
        name=name.strip()[:60],
        digest=_digest(secret),
        may_change=may_change,
        made_at=at,
        ends_at=ends_at,
    )
    audit.record_change(
        actor=actor,
        action=KEEP,
        ref=f"accounts.User/{user.pk}",
        at=at,
        detail={"made": str(row.pk), "may_change": may_change, "ends_at": ends_at.isoformat()},
    )
    return row, secret


@transaction.atomic
def revoke_key(*, actor: Actor, key_id: UUID, at: datetime) -> None:
    """End a key of the actor's own account now. Raises NoSuchKey."""
    row = ApiKey.objects.select_for_update().filter(pk=key_id, user=actor.user_id).first()
    if row is None or row.revoked_at is not None or row.ends_at <= at:
        raise NoSuchKey
    revoke_all(actor=actor, user=row.user, at=at, only=key_id)


def revoke_all(*, actor: Actor, user: User, at: datetime, only: UUID | None = None) -> None:
    """End every key of an account, or one; whoever calls has made sure of the right to."""
    rows = ApiKey.objects.filter(user=user, revoked_at=None, ends_at__gt=at)
    if only is not None:
        rows = rows.filter(pk=only)
    ended = [str(pk) for pk in rows.values_list("pk", flat=True)]
    if ended:
        rows.update(revoked_at=at)
        audit.record_change(
            actor=actor,
            action=REVOKE,
            ref=f"accounts.User/{user.pk}",
            at=at,
            detail={"revoked": ended},
        )


def keys_of(user_id: UUID, *, at: datetime) -> list[KeyLine]:
    """Return an account's good keys, the newest first."""
    rows = ApiKey.objects.filter(user=user_id, revoked_at=None, ends_at__gt=at)
    return [
        KeyLine(row.pk, row.name, row.may_change, row.made_at, row.ends_at, row.used_on)
        for row in rows.order_by("-made_at", "-pk")
    ]


def caller_of(secret: str, *, at: datetime, locale: str, request_id: str) -> Caller | None:
    """Return who asks by a key, None where it is not good; the database knows for whom from now.

    1 statement; once a day one more, which notes the day.
    """
    if not _KEY.fullmatch(secret):
        return None
    database = cast(DatabaseWrapper, connection)
    with database.prepared_cursor() as cursor:
        cursor.execute(_statement(), {"digest": _digest(secret), "at": at})
        row = cursor.fetchone()
    if row is None:
        return None
    key_id, may_change, used_on, stands, *rest = row
    database.stands(stands)
    today = timezone.localdate(at)
    if used_on != today:
        ApiKey.objects.filter(pk=key_id).update(used_on=today)
    count = len(_account())
    user = User.from_db(connection.alias, _account(), rest[:count])
    roles, grants, _stated = held(*rest[count:])
    # A purpose is stated by a person who then looks; no machine looks along.
    holds = roles, grants, frozenset[str]()
    actor = actor_of(user, at, holds, locale=locale, request_id=request_id)
    return Caller(user, replace(actor, key_id=key_id), key_id, may_change)


def lazily(known: Callable[[], Caller | None], nobody: Any) -> tuple[Any, Any]:
    """Return (user, actor) of a caller, both asked for when the first of them is looked at."""
    return (
        SimpleLazyObject(lambda: caller.user if (caller := known()) else nobody),
        SimpleLazyObject(lambda: caller.actor if (caller := known()) else ANONYMOUS),
    )


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


@cache
def _account() -> list[str]:
    return [field.attname for field in User._meta.concrete_fields]


@cache
def _statement() -> str:
    return _WHO.format(
        stands=STANDS % "k.user_id::text",
        account=", ".join(f'u."{name}"' for name in _account()),
        held=columns("k.user_id"),
    )
