"""Work that is called again and again goes on after a failure, and ends when it is told to."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest

from songhe.base.events import loops


@pytest.mark.django_db(transaction=True)
async def test_a_tick_bears_a_failure_and_stops() -> None:
    called: list[datetime] = []
    stop, third = asyncio.Event(), asyncio.Event()
    here = asyncio.get_running_loop()

    def work(at: datetime) -> None:
        called.append(at)
        if len(called) == 1:
            raise RuntimeError("the first turn fails")
        if len(called) == 3:
            here.call_soon_threadsafe(third.set)

    loops.register_tick("tests.tick", 0.01, work)
    try:
        running = asyncio.create_task(loops.registered()["tests.tick"](stop))
        await asyncio.wait_for(third.wait(), 20)
        stop.set()
        await asyncio.wait_for(running, 20)
    finally:
        loops._loops.pop("tests.tick")
    assert called == sorted(called)
    assert all(at.tzinfo is not None for at in called)
