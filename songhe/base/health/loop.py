"""The loop in the jobs process that takes a sample every 15 s, also while the database is away."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError, close_old_connections

from songhe.base.health import database, machine, scrape, selectors, services
from songhe.base.health.endpoint import Endpoint
from songhe.base.health.figures import Figures
from songhe.base.health.taking import Heard, Taken, make
from songhe.kernel.processes import read_records
from songhe.kernel.time import steady_s

STORE_S = 20.0
THIN_EVERY_S = 600.0
KEPT_WHILE_AWAY = 1_000
_ASKED = ("gateway_http", "web", "live")
_WILDCARDS = {"0.0.0.0", "::", "localhost"}  # noqa: S104 - compared with, not bound
log = structlog.get_logger(__name__)


class Sampler:
    """Takes samples; keeps those that could not be stored until the database is back."""

    def __init__(self, health: dict[str, Any]) -> None:
        self.health = health
        self.state = Path(health["state"]).resolve()
        self.own_start = machine.now()
        self.before: Taken | None = None
        self._clock = machine.ClockWatch(self.own_start.timestamp(), steady_s())
        self._pending: deque[Taken] = deque(maxlen=KEPT_WHILE_AWAY)
        self._installed_at: datetime | None = None
        self._thinned_s = float("-inf")

    async def take(self) -> Taken:
        """Take one sample and store it with those that wait."""
        at = machine.now()
        step_s = self._clock.look(at.timestamp(), steady_s())
        facts, said = await asyncio.gather(
            database.ask(),
            asyncio.gather(*(asyncio.to_thread(self._ask, port) for port in _ASKED)),
        )
        heard = Heard(
            gateway=said[0],
            web=said[1],
            live=said[2],
            database=facts,
            records=read_records(self.state),
            disks=machine.disks(Path(one).resolve() for one in self.health["folders"]),
            backup_at=machine.last_backup_at(self.state),
            installed_at=self._installed_at,
            certificate_ends_at=machine.certificate_ends_at(self.health["tls_cert"]),
            clock_step_s=step_s,
        )
        taken = make(heard, self.before, at=at, own_start=self.own_start)
        self.before = taken
        self._pending.append(taken)
        if facts is not None:
            await self._store()
        return taken

    def _ask(self, port: str) -> scrape.Measures | None:
        host = self.health["host"]
        return scrape.ask(
            "127.0.0.1" if host in _WILDCARDS else host,
            self.health["ports"][port],
            self.health["token"],
            tls=self.health["tls_cert"] is not None,
        )

    async def _store(self) -> None:
        try:
            async with asyncio.timeout(STORE_S):
                await self._write()
        except (DatabaseError, TimeoutError) as error:
            log.warning("health_sample_waits", why=type(error).__name__, waiting=len(self._pending))

    @sync_to_async(thread_sensitive=False)
    def _write(self) -> None:
        close_old_connections()
        try:
            now = self._pending[-1]
            now.figures |= services.contributed(at=now.at)
            while self._pending:
                services.store_sample(self._pending[0])
                self._pending.popleft()
            if self._installed_at is None:
                self._installed_at = selectors.first_at()
            if steady_s() - self._thinned_s > THIN_EVERY_S:
                self._thinned_s = steady_s()
                services.thin_samples(at=now.at)
        finally:
            close_old_connections()

    @property
    def figures(self) -> Figures:
        """Return the figures of the last sample."""
        return self.before.figures if self.before is not None else {}


async def sample_health(stop: asyncio.Event) -> None:
    """Take a sample every `every_s` until stopped; a fault of one never ends the process."""
    health: dict[str, Any] = settings.HEALTH
    endpoint = Endpoint(health["ports"]["metrics"], health["token"])
    await endpoint.start()
    sampler = Sampler(health)
    while not stop.is_set():
        try:
            await sampler.take()
            endpoint.told.tell(sampler.figures)
        except Exception:
            log.exception("health_sample_failed")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), health["every_s"])
    await endpoint.stop()
