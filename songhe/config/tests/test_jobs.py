"""The jobs process: what a killed worker left is done by the next."""

from __future__ import annotations

import asyncio

import psycopg
import pytest
from procrastinate import App, PsycopgConnector

from songhe.config.jobs import free_stalled


@pytest.mark.django_db(transaction=True)
async def test_a_job_of_a_killed_worker_is_done_by_another(test_database_url: str) -> None:
    app = App(connector=PsycopgConnector(conninfo=test_database_url))
    done = asyncio.Event()

    @app.task(name="drill.greet")
    async def greet() -> None:
        done.set()

    async with app.open_async():
        await greet.defer_async()
        with psycopg.connect(test_database_url) as connection:
            worker = connection.execute(
                "INSERT INTO procrastinate_workers (last_heartbeat) "
                "VALUES (now() - interval '5 minutes') RETURNING id"
            ).fetchone()
            assert worker is not None
            connection.execute(
                "UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s", worker
            )
        await app.run_worker_async(wait=False, install_signal_handlers=False)
        assert not done.is_set()  # it belongs to the worker that was killed

        stop = asyncio.Event()
        freeing = asyncio.create_task(free_stalled(app, stop))
        worker_task = asyncio.create_task(
            app.run_worker_async(install_signal_handlers=False, fetch_job_polling_interval=0.1)
        )
        async with asyncio.timeout(30):
            await done.wait()
        stop.set()
        await freeing
        worker_task.cancel()
        await asyncio.gather(worker_task, return_exceptions=True)
