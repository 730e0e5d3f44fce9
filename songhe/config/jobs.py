"""The jobs process: procrastinate's worker and the loops that domains register, side by side."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from procrastinate.exceptions import ConnectorException

from songhe.kernel.collector import leave_loaded_alone

if TYPE_CHECKING:
    from procrastinate import App
    from procrastinate.middleware import WorkerMiddleware

    from songhe.base.events.loops import Loop

BEAT_EVERY_S = 5
CONCURRENCY = 4
SHUTDOWN_GRACE_S = 4
STALLED_AFTER_S = 30
AWAY_S = 2
# On a machine with more to do than it can, devices are heard and pages drawn before jobs run.
BEHIND = 5
log = logging.getLogger("songhe.jobs")


def main() -> int:
    """Run until SIGTERM or SIGINT; a loop that fails ends the process, which is started again."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "songhe.config.settings")
    import django

    from songhe.config.env import env
    from songhe.config.logs import configure

    configure("jobs", env())
    django.setup()
    if env().mode == "demo":
        from songhe.config.demo import going

        going.register()
    leave_loaded_alone()
    os.nice(BEHIND)
    return asyncio.run(_run())


async def _run() -> int:
    from django.conf import settings
    from procrastinate import PsycopgConnector
    from procrastinate.contrib.django import app
    from procrastinate.contrib.django.utils import connector_params

    from songhe.base.events import loops
    from songhe.base.health.job_faults import noting
    from songhe.config.env import env

    stop = asyncio.Event()
    running = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        running.add_signal_handler(number, stop.set)
    worker_app = app.with_connector(
        PsycopgConnector(kwargs=connector_params("default"), **patience(settings.POOL))
    )
    async with worker_app.open_async():
        worker = asyncio.create_task(work(worker_app, stop, [noting]), name="worker")
        tasks = {worker}
        for name, loop in loops.registered().items():
            tasks.add(asyncio.create_task(_turn(loop, stop), name=name))
        tasks.add(asyncio.create_task(free_stalled(worker_app, stop), name="stalled jobs"))
        beat = asyncio.create_task(_beat(env().state / "run" / "jobs.alive"), name="beat")
        ended = asyncio.create_task(stop.wait(), name="stop")
        log.info("jobs runs with %s", ", ".join(sorted(task.get_name() for task in tasks)))
        done, _ = await asyncio.wait({*tasks, beat, ended}, return_when=asyncio.FIRST_COMPLETED)
        failed = [task for task in done if task is not ended]
        stop.set()
        beat.cancel()
        worker.cancel()  # procrastinate ends the running jobs within its grace
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SHUTDOWN_GRACE_S + 1):
                await asyncio.gather(*tasks, beat, return_exceptions=True)
    for task in failed:
        error = None if task.cancelled() else task.exception()
        log.error("%s ended by itself", task.get_name(), exc_info=error)
    return 1 if failed else 0


async def _turn(loop: Loop, stop: asyncio.Event) -> None:
    """Run a registered loop until it ends."""
    await loop(stop)


async def _beat(path: Path) -> None:
    """Touch the heartbeat file while the event loop turns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with contextlib.suppress(OSError):  # a full disk stops no alarm
            path.touch()
        await asyncio.sleep(BEAT_EVERY_S)


def patience(pool: Mapping[str, Any]) -> dict[str, Any]:
    """Return how long a pool waits: the worker's is back as quickly as Django's."""
    return {name: pool[name] for name in ("timeout", "reconnect_timeout")}


async def work(app: App, stop: asyncio.Event, around: Sequence[WorkerMiddleware] = ()) -> None:
    """Run procrastinate's worker, again whenever the database was away: the loops go on beside.

    around: what is done about every job (procrastinate's worker middleware).
    It ends with an error, or, when one of its side tasks met the outage, of its own accord.
    """
    while True:
        try:
            await app.run_worker_async(
                concurrency=CONCURRENCY,
                install_signal_handlers=False,
                shutdown_graceful_timeout=SHUTDOWN_GRACE_S,
                listen_notify=True,
                delete_jobs="successful",
                worker_middleware=list(around),
            )
        except ConnectorException as error:
            log.warning("the worker waits for the database (%s)", type(error).__name__)
        else:
            if stop.is_set():
                return
            log.warning("the worker ended; beginning again")
        if await _over(stop, AWAY_S):
            return


async def free_stalled(app: App, stop: asyncio.Event) -> None:
    """Give jobs of a worker that was killed back to the queue (their handlers are idempotent)."""
    stalled = app.job_manager.get_stalled_jobs
    while True:
        try:
            for job in await stalled(seconds_since_heartbeat=STALLED_AFTER_S):
                log.warning("job %s (%s) was left by a killed worker", job.id, job.task_name)
                await app.job_manager.retry_job(job, retry_at=datetime.now(UTC))
        except ConnectorException as error:
            log.warning("stalled jobs wait for the database (%s)", type(error).__name__)
        if await _over(stop, STALLED_AFTER_S):
            return


async def _over(stop: asyncio.Event, wait_s: float) -> bool:
    """Wait, and tell whether it is time to stop."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), wait_s)
    return stop.is_set()
