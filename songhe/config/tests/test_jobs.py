"""The jobs process: what a killed worker left is done by the next."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from procrastinate import App, PsycopgConnector
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from songhe.base.health.failed_jobs import failed_jobs
from songhe.base.health.job_faults import noting
from songhe.base.health.models import JobFault
from songhe.config.jobs import free_stalled, work
from tests.support.database import at_database


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


@pytest.mark.django_db(transaction=True)
async def test_why_a_job_failed_is_kept_until_it_succeeds(test_database_url: str) -> None:
    """First line and origin stand beside the failed job, without anybody's name or number."""
    app = App(connector=PsycopgConnector(conninfo=test_database_url))
    is_mended = False

    @app.task(name="drill.break")
    async def breaks() -> None:
        if not is_mended:
            raise ValueError("陈秀兰 13800001111 has no room\nand no home")

    stop = asyncio.Event()
    async with app.open_async():
        job = await breaks.defer_async()
        working = asyncio.create_task(work(app, stop, [noting]))
        # Jobs that other tests left failed are none of ours.
        while not (found := [one for one in await sync_to_async(failed_jobs)() if one.id == job]):
            await asyncio.sleep(0.05)
        [failed] = found
        assert failed.task == "drill.break"
        assert failed.error == "ValueError: ＊＊＊ ＊＊＊ has no room"
        assert "test_jobs.py" in failed.fault
        assert failed.fault.endswith("and no home")
        is_mended = True
        retry = app.job_manager.retry_job_by_id_async
        await retry(job, retry_at=datetime.now(UTC))
        async with asyncio.timeout(30):
            while await sync_to_async(JobFault.objects.filter(job=job).exists)():
                await asyncio.sleep(0.05)
        stop.set()
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    assert job not in {one.id for one in await sync_to_async(failed_jobs)()}


@pytest.mark.django_db(transaction=True)
async def test_the_worker_outlives_the_database(test_database_url: str) -> None:
    """While nobody gets in, the worker waits; what comes afterwards is done."""
    app = App(
        connector=PsycopgConnector(conninfo=test_database_url, timeout=1, reconnect_timeout=1)
    )
    done, stop = asyncio.Event(), asyncio.Event()

    @app.task(name="drill.after")
    async def after() -> None:
        done.set()

    name = str(conninfo_to_dict(test_database_url)["dbname"])
    door = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    out = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
    async with app.open_async():
        working = asyncio.create_task(work(app, stop))
        freeing = asyncio.create_task(free_stalled(app, stop))
        await asyncio.sleep(0)
        await sync_to_async(connections.close_all)()
        elsewhere = at_database(test_database_url, "postgres")
        with psycopg.connect(elsewhere, autocommit=True) as other:
            other.execute(door.format(sql.Identifier(name), sql.Literal(False)))
            try:
                other.execute(out, (name,))
                failures = sql.SQL("SELECT count(*) FROM pg_stat_activity WHERE datname = {}")
                for _ in range(60):  # three seconds: longer than the pool waits
                    await asyncio.sleep(0.05)
                assert other.execute(failures.format(name)).fetchone() == (0,)
            finally:
                other.execute(door.format(sql.Identifier(name), sql.Literal(True)))
        assert not working.done()
        assert not freeing.done()
        async with asyncio.timeout(30):
            while not done.is_set():
                try:
                    await after.defer_async()
                except Exception:  # the pool is not back yet
                    await asyncio.sleep(0.2)
                else:
                    await done.wait()
        stop.set()
        working.cancel()
        await asyncio.gather(working, freeing, return_exceptions=True)
