"""What a process does that races others for a purse."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from songhe.base.access.actor import SYSTEM
from songhe.engines.ledger import services
from songhe.engines.ledger.terms import Unit


def move(purses: list[str], till: str, name: str, times: int, amount: int) -> dict[str, Any]:
    """Move an amount from each purse in turn to a till, and every third entry back again.

    Return how many moves were recorded, how many were refused, and how many were undone.
    """
    done, refused, undone = 0, 0, 0
    at, on = datetime(2026, 11, 21, 8, tzinfo=UTC), date(2026, 11, 21)
    for turn in range(times):
        purse = UUID(purses[turn % len(purses)])
        try:
            entry = services.post(
                actor=SYSTEM,
                key=f"{name}/{turn}",
                kind="visit",
                ref="test.Order/1",
                unit=Unit.FEN,
                amounts={purse: -amount, UUID(till): amount},
                on=on,
                at=at,
            )
        except services.TooLittle:
            refused += 1
            continue
        done += 1
        if done % 3 == 0:
            services.reverse(actor=SYSTEM, entry_id=entry, key=f"{name}/{turn}/back", on=on, at=at)
            undone += 1
    return {"done": done, "refused": refused, "undone": undone}
