"""The jobs process: procrastinate's worker and the loops that domains register, side by side."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from procrastinate import App

    from songhe.base.events.loops import Loop

BEAT_EVERY_S = 5
CONCURRENCY = 4
SHUTDOWN_GRACE_S = 4
STALLED_AFTER_S = 30
log = logging.getLogger("songhe.jobs")


def main() -> int:
    """Run until SIGTERM or SIGINT; a loop that fails ends the process, which is started again."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "songhe.config.settings")
    import django

    from songhe.config.env import env
    from songhe.config.logs import configure

    configure("jobs", env())
    django.setup()
    return asyncio.run(_run())


async def _run() -> int:
    from procrastinate.contrib.django import app
    from procrastinate.contrib.django.django_connector import DjangoConnector

    from songhe.base.events import loops
    from songhe.config.env import env

    stop = asyncio.Event()
    running = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        running.add_signal_handler(number, stop.set)
    connector = cast(DjangoConnector, app.connector)
    worker_app = app.with_connector(connector.get_worker_connector())
    async with worker_app.open_async():
        worker = asyncio.create_task(
            worker_app.run_worker_async(
                concurrency=CONCURRENCY,
                install_signal_handlers=False,
                shutdown_graceful_timeout=SHUTDOWN_GRACE_S,
                listen_notify=True,
                delete_jobs="successful",
            ),
            name="worker",
        )
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
        path.touch()
        await asyncio.sleep(BEAT_EVERY_S)


async def free_stalled(app: App, stop: asyncio.Event) -> None:
    """Give jobs of a worker that was killed back to the queue (their handlers are idempotent)."""
    while not stop.is_set():
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_S):
            log.warning("job %s (%s) was left by a killed worker", job.id, job.task_name)
            await app.job_manager.retry_job(job, retry_at=datetime.now(UTC))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), STALLED_AFTER_S)
