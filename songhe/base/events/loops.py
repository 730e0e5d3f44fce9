"""Long-running loops inside the jobs process: pumps and tickers that domains register."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

Loop = Callable[[asyncio.Event], Awaitable[None]]
_loops: dict[str, Loop] = {}


def register(name: str, loop: Loop) -> None:
    """Register a loop; it gets an event that is set when the process stops."""
    _loops[name] = loop


def registered() -> dict[str, Loop]:
    """Return all loops by name."""
    return dict(_loops)
