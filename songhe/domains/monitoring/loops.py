"""Loops of the jobs process: findings to alarms, and the timers of escalation."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime, timedelta

import psycopg
import structlog
from asgiref.sync import sync_to_async
from django.db import InterfaceError, OperationalError, close_old_connections, connections
from django.utils import timezone

from songhe.base.events import loops
from songhe.base.health import registry as health
from songhe.domains.devices import services as devices
from songhe.domains.monitoring import platform, services
from songhe.kernel.time import StepWatch, steady_s
from songhe.kernel.wire import CHANNEL_FINDING

log = structlog.get_logger(__name__)
# The database away: as our own connection says it, and as Django's does.
AWAY = (psycopg.OperationalError, OperationalError, InterfaceError)
_IDLE_S = 2.0
_TICK_S = 1.0
_ABSENCES_S = 10.0


@sync_to_async(thread_sensitive=False)
def _take(at: datetime) -> int:
    close_old_connections()
    try:
        return services.take_findings(at=at)
    finally:
        close_old_connections()


@sync_to_async(thread_sensitive=False)
def _tick(at: datetime) -> None:
    close_old_connections()
    try:
        services.run_due_steps(at=at)
        services.run_due_looks(at=at)
        devices.expire_commands(at=at)
    finally:
        close_old_connections()


@sync_to_async(thread_sensitive=False)
def _recall(back_s: float) -> int:
    close_old_connections()
    try:
        return services.clock_set_back(by=timedelta(seconds=back_s))
    finally:
        close_old_connections()


async def pump_findings(stop: asyncio.Event) -> None:
    """Turn findings into alarms as soon as the gateway announces them, and at least every 2 s."""
    while not stop.is_set():
        try:
            async with await _listen() as connection:
                await _pump(connection, stop)
        except AWAY as error:
            log.warning("finding_pump_waits", error=str(error))
            await _pause(stop, _IDLE_S)


async def _listen() -> psycopg.AsyncConnection[tuple[object, ...]]:
    params = connections["default"].get_connection_params()
    wanted = {k: params[k] for k in ("dbname", "user", "password", "host", "port") if k in params}
    listener = await psycopg.AsyncConnection.connect(**wanted, autocommit=True)
    await listener.execute(f"LISTEN {CHANNEL_FINDING}")
    return listener


async def _pump(
    connection: psycopg.AsyncConnection[tuple[object, ...]], stop: asyncio.Event
) -> None:
    while not stop.is_set():
        # Fewer than asked for: none is left, and whatever comes now announces itself.
        while await _take(timezone.now()) == services.AT_ONCE:
            if stop.is_set():
                return
        async for _ in connection.notifies(timeout=_IDLE_S, stop_after=1):
            pass
        async for _ in connection.notifies(timeout=0):
            pass


async def tick_escalation(stop: asyncio.Event) -> None:
    """Once a second take the steps that are due, by a clock that somebody may set."""
    watch = StepWatch(timezone.now().timestamp(), steady_s())
    back_s = 0.0
    while not stop.is_set():
        now = timezone.now()
        back_s += max(0.0, -watch.look(now.timestamp(), steady_s()))
        try:
            if back_s:
                log.warning("clock_set_back", seconds=round(back_s), timers=await _recall(back_s))
                back_s = 0.0
            await _tick(now)
        except AWAY as error:
            log.warning("escalation_waits", error=type(error).__name__)
        except Exception:
            log.exception("escalation_tick_failed")
        await _pause(stop, _TICK_S)


@sync_to_async(thread_sensitive=False)
def _note_absences(at: datetime) -> None:
    close_old_connections()
    try:
        services.run_due_absences(at=at)
    finally:
        close_old_connections()


async def note_absences(stop: asyncio.Event) -> None:
    """Every 10 s write on open alarms whose person went away or came back."""
    while not stop.is_set():
        try:
            await _note_absences(timezone.now())
        except AWAY as error:
            log.warning("absences_wait", error=type(error).__name__)
        except Exception:
            log.exception("absences_failed")
        await _pause(stop, _ABSENCES_S)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


def register() -> None:
    """Called when the app is ready."""
    loops.register("monitoring.findings", pump_findings)
    loops.register("monitoring.escalation", tick_escalation)
    health.contribute(platform.waiting_figures)
    health.listen(platform.judge)
    loops.register("monitoring.absences", note_absences)
