"""Long-running loops inside the jobs process: pumps and tickers that rooms register."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog
from asgiref.sync import sync_to_async
from django.db import InterfaceError, OperationalError, close_old_connections
from django.utils import timezone

Loop = Callable[[asyncio.Event], Awaitable[None]]
Work = Callable[[datetime], object]
_loops: dict[str, Loop] = {}
log = structlog.get_logger(__name__)


def register(name: str, loop: Loop) -> None:
    """Register a loop; it gets an event that is set when the process stops."""
    _loops[name] = loop


def register_tick(name: str, every_s: float, work: Work) -> None:
    """Register work that is called with the time, again and again, `every_s` seconds apart.

    What fails is logged and tried at the next turn; while the database is away it waits.
    """

    @sync_to_async(thread_sensitive=False)
    def turn() -> None:
        close_old_connections()
        try:
            work(timezone.now())
        finally:
            close_old_connections()

    async def loop(stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await turn()
            except (OperationalError, InterfaceError) as error:
                log.warning("tick_waits", loop=name, error=type(error).__name__)
            except Exception:
                log.exception("tick_failed", loop=name)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), every_s)

    register(name, loop)


def registered() -> dict[str, Loop]:
    """Return all loops by name."""
    return dict(_loops)
