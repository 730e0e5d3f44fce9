"""A person's own account, her son, a doctor, a care worker, a registrar; nothing of people."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.accounts.models import User
from songhe.base.consent import guardians
from songhe.kernel.ids import uuid7

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
COUNTY, PLACE = "990121", "990121001001"
ActorOf = Callable[..., Actor]


def picture(width: int = 4, height: int = 4) -> bytes:
    """Return a small grey PNG."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        whole = kind + body
        return struct.pack(">I", len(body)) + whole + struct.pack(">I", zlib.crc32(whole))

    rows = b"".join(b"\x00" + b"\x80" * width for _ in range(height))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def make_user(
    login: str, role: str = "", *, region: str = COUNTY, organization: UUID | None = None
) -> User:
    user = User.objects.create_user(login=login, display_name=login, password="a long phrase")
    if role:
        access.give_role(
            actor=SYSTEM,
            user=user,
            role=role,
            region_prefix=region,
            at=NOW - timedelta(days=90),
            organization_id=organization,
        )
    return user


@pytest.fixture
def chen(db: None) -> UUID:
    """Return Grandma Chen, who signs in as `chenxiulan`."""
    person = uuid7()
    own = make_user("chenxiulan", "elder")
    guardians.make_own(actor=SYSTEM, user=own, person_id=person, at=NOW - timedelta(days=90))
    return person


@pytest.fixture
def actor_of(db: None) -> ActorOf:
    def of(login: str, at: datetime = NOW) -> Actor:
        return access.actor_for(User.objects.get(login=login), at)

    return of
