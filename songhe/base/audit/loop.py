"""The loop that seals: each second, beside the other loops of the jobs process."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import date, datetime

import structlog
from asgiref.sync import sync_to_async
from django.db import InterfaceError, OperationalError, close_old_connections
from django.utils import timezone

from songhe.base.audit import sealing

log = structlog.get_logger(__name__)
EVERY_S = 1.0
AWAY = (OperationalError, InterfaceError)


@sync_to_async(thread_sensitive=False)
def _seal(at: datetime) -> int:
    close_old_connections()
    try:
        return sealing.seal_all(at=at)
    finally:
        close_old_connections()


@sync_to_async(thread_sensitive=False)
def _close_days(at: datetime) -> list[date]:
    close_old_connections()
    try:
        return sealing.close_days(at=at)
    finally:
        close_old_connections()


async def seal_audit(stop: asyncio.Event) -> None:
    """Seal what is pending, and once a day close the day; go on whatever happens."""
    closed: date | None = None
    while not stop.is_set():
        now = timezone.now()
        try:
            await _seal(now)
            until = (now - sealing.SETTLED).date()
            if closed != until:
                for day in await _close_days(now):
                    log.info("audit_day_closed", day=day.isoformat())
                closed = until
        except AWAY as error:
            log.warning("audit_sealing_waits", error=type(error).__name__)
        except Exception:
            log.exception("audit_sealing_failed")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), EVERY_S)
