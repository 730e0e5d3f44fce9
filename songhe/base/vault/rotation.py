"""Changing the key: a new one seals from now on, and what is older is sealed anew, piece by piece.

All processes see the new key at their next value, for the file tells them. A rotation may be
stopped and goes on where it was; it ends when a whole look finds nothing under an older key. Older
keys stay in the ring until `retire`, for a process may still be about to store what it sealed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F
from psycopg import sql

from songhe.base import vault
from songhe.base.audit import services as audit
from songhe.base.vault import keyring
from songhe.base.vault.fields import SealedField, sealed_fields
from songhe.base.vault.models import Rotation
from songhe.kernel.errors import Conflict

if TYPE_CHECKING:
    from songhe.base.access.actor import Actor

AT_ONCE = 500
SETTLED = timedelta(minutes=10)
_NIL = UUID(int=0)


class RotationRuns(Conflict):
    code = "vault.rotation_runs"
    message = "A rotation of the keys has not ended yet: %(done)s of %(total)s values are done."


class StillInUse(Conflict):
    code = "vault.key_in_use"
    message = "%(count)s values are still sealed under an older key. Rotate first."


class TooSoon(Conflict):
    code = "vault.too_soon"
    message = "The newest key is younger than ten minutes: somebody may still store under the old."


@dataclass(frozen=True, slots=True)
class KeyUse:
    """One key of the ring, or one that is missing (no fingerprint), and how much it seals."""

    number: int
    fingerprint: str | None
    is_newest: bool
    values: int


def running() -> Rotation | None:
    """Return the rotation that has not ended."""
    return Rotation.objects.filter(state=Rotation.State.RUNNING).first()


@transaction.atomic
def begin_rotation(*, actor: Actor, at: datetime) -> Rotation:
    """Add a key and begin to seal everything under it. Raises RotationRuns, RingFull."""
    with connection.cursor() as cursor:  # of two who ask at once the second sees the first
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('vault.rotation'))")
    now = running()
    if now is not None:
        raise RotationRuns(done=now.done, total=now.total)
    number = keyring.add_key()
    rotation = Rotation.objects.create(
        key=number,
        total=sum(_older(field, number) for field in sealed_fields()),
        started_at=at,
        moved_at=at,
    )
    audit.record_change(
        actor=actor, action="vault.rotate", ref=f"vault.Rotation/{rotation.pk}", at=at
    )
    return rotation


def go_on(
    *,
    clock: Callable[[], datetime],
    should_stop: Callable[[], bool],
    told: Callable[[Rotation], None] = lambda rotation: None,
) -> Rotation | None:
    """Seal anew what the running rotation has left; return it, None where none is running.

    It may be stopped between two pieces, after each of which `told` hears how far it is. A value
    that does not open stays as it is and is counted.
    """
    rotation = running()
    if rotation is None:
        return None
    unreadable = 0
    while not should_stop():
        unreadable, sealed, key = 0, 0, keyring.ring().newest
        for field in sealed_fields():
            after = _NIL
            while not should_stop():
                piece = _piece(field, key, after)
                if piece.seen == 0:
                    break
                after, sealed = piece.last, sealed + piece.sealed
                unreadable += piece.unreadable
                Rotation.objects.filter(pk=rotation.pk).update(
                    done=F("done") + piece.sealed, moved_at=clock()
                )
                rotation.refresh_from_db()
                told(rotation)
        if sealed == 0 and not should_stop():
            state = Rotation.State.INCOMPLETE if unreadable else Rotation.State.ENDED
            Rotation.objects.filter(pk=rotation.pk).update(
                state=state, unreadable=unreadable, ended_at=clock()
            )
            break
    rotation.refresh_from_db()
    return rotation


def uses() -> list[KeyUse]:
    """Return every key that is here or wanted, with how many values it seals."""
    now = keyring.ring()
    counts: dict[int, int] = dict.fromkeys(now.keys, 0)
    for field in sealed_fields():
        for number, values in _rows(_COUNT, field):
            counts[number] = counts.get(number, 0) + values
    return [
        KeyUse(
            number,
            now.fingerprint(number) if number in now.keys else None,
            number == now.newest,
            values,
        )
        for number, values in sorted(counts.items())
    ]


def retire(*, actor: Actor, at: datetime) -> set[int]:
    """Take the older keys out of the ring for ever; return their numbers.

    Backups from before need their own keys, which are in them. Raises StillInUse, TooSoon.
    """
    now = keyring.ring()
    older = set(now.keys) - {now.newest}
    left = sum(_older(field, now.newest) for field in sealed_fields())
    if left:
        raise StillInUse(count=left)
    if older and Rotation.objects.filter(key=now.newest, started_at__gt=at - SETTLED).exists():
        raise TooSoon
    if older:
        with transaction.atomic():
            audit.record_change(
                actor=actor,
                action="vault.retire",
                ref="vault.Key",
                at=at,
                detail={"keys": sorted(older)},
            )
            keyring.drop_keys(older)
    return older


@dataclass(frozen=True, slots=True)
class _Piece:
    seen: int
    sealed: int
    unreadable: int
    last: UUID


# The second byte is the number of the key.
_COUNT = "SELECT get_byte({column}, 1), count(*) FROM {table} WHERE {column} IS NOT NULL GROUP BY 1"
_OLDER = """
SELECT count(*) FROM {table} WHERE {column} IS NOT NULL AND get_byte({column}, 1) <> %(key)s
"""
_NEXT = """
SELECT id, {column} FROM {table}
 WHERE id > %(after)s AND {column} IS NOT NULL AND get_byte({column}, 1) <> %(key)s
 ORDER BY id LIMIT %(count)s FOR UPDATE
"""
_PUT = """
UPDATE {table} AS t SET {column} = n.fresh
  FROM unnest(%(pks)s::uuid[], %(fresh)s::bytea[]) AS n (pk, fresh) WHERE t.id = n.pk
"""
_PUT_BOTH = """
UPDATE {table} AS t SET {column} = n.fresh, {index} = n.found
  FROM unnest(%(pks)s::uuid[], %(fresh)s::bytea[], %(found)s::bytea[]) AS n (pk, fresh, found)
 WHERE t.id = n.pk
"""


def _statement(text: str, field: SealedField) -> sql.Composed:
    return sql.SQL(text).format(
        table=sql.Identifier(field.table),
        column=sql.Identifier(field.column),
        index=sql.Identifier(field.index or "id"),
    )


def _rows(text: str, field: SealedField, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(_statement(text, field), values)
        return list(cursor.fetchall())


def _older(field: SealedField, key: int) -> int:
    return int(_rows(_OLDER, field, key=key)[0][0])


@transaction.atomic
def _piece(field: SealedField, key: int, after: UUID) -> _Piece:
    """Seal the next values of one column anew; their rows are locked meanwhile."""
    rows = _rows(_NEXT, field, key=key, after=after, count=AT_ONCE)
    plain: dict[UUID, bytes] = {}
    for pk, sealed in rows:
        with contextlib.suppress(vault.VaultClosed):
            plain[pk] = vault.unseal_bytes(sealed, field=field.field, pk=pk)
    if plain:
        values: dict[str, list[Any]] = {
            "pks": list(plain),
            "fresh": [vault.seal_bytes(one, field=field.field, pk=pk) for pk, one in plain.items()],
        }
        if field.index:
            values["found"] = [
                vault.blind_index(one.decode(), field=field.field) for one in plain.values()
            ]
        with connection.cursor() as cursor:
            # The same facts under another key: no change that a history should tell of.
            cursor.execute("SELECT set_config('songhe.resealing', 'on', true)")
            cursor.execute(_statement(_PUT_BOTH if field.index else _PUT, field), values)
            cursor.execute("SELECT set_config('songhe.resealing', 'off', true)")
    return _Piece(len(rows), len(plain), len(rows) - len(plain), rows[-1][0] if rows else after)
