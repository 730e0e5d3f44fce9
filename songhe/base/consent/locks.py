"""Locks and small things of the services: one writer a person, streams that begin anew."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from songhe.base.accounts import streams
from songhe.base.database import locks


def lock(kind: str, one: UUID) -> None:
    """Wait until nobody else writes this kind of thing for this id; held to the commit."""
    locks.hold(f"{kind}:{one}")


def renew_streams(users: Iterable[UUID]) -> None:
    """Let open pages of users come with a new ticket at commit, which knows what holds then."""
    for user in sorted({*users}):
        streams.ask_again(user)
