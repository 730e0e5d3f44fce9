"""Sealing while it is killed, while the database is killed, while the gateway writes late data."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from songhe.config.postgres import Cluster
from songhe.kernel.ids import uuid7
from songhe.kernel.wire import fingerprint
from tests.support.database import copied
from tests.support.gateway import GatewayProcess, until
from tools.pytest_songhe import free_ports

ROOT = Path(__file__).resolve().parents[2]
DAY = (datetime.now(UTC) - timedelta(days=20)).replace(hour=0, minute=0, second=0, microsecond=0)
ALL = """
SELECT count(*), count(DISTINCT (subject, device, effective_at, fingerprint)),
       sum(hash_record_extended(ROW(subject_kind, subject, device, effective_at, fingerprint,
                                    codes_of, vals, flags, person), 0)::numeric)
  FROM readings(NULL, NULL, '-infinity', 'infinity')
"""
SEALED = "SELECT coalesce(sum(n), 0) FROM reading_day"
HOT = "SELECT count(*) FROM reading_hot"


def one(url: str, statement: str, *given: object) -> Any:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(statement, given).fetchone()
        assert row is not None
        return row if len(row) > 1 else row[0]


def fill(url: str, subjects: int, each: int) -> None:
    """Store messages of a day long closed."""
    numbers = (4, 6, 7)
    rows = (
        (1, subject, device, DAY + timedelta(seconds=86_400 * n / each), fingerprint(numbers),
         DAY + timedelta(seconds=86_400 * n / each + n % 4), list(numbers),
         [60.0 + n % 50, 90.0 + n % 10, 36 + n % 20 / 10], n % 2, subject)
        for subject, device in ((uuid7(), uuid7()) for _ in range(subjects))
        for n in range(each)
    )  # fmt: skip
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT ensure_reading_day(%s)", [DAY.date()])
        with connection.cursor().copy("COPY reading_hot FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


@contextmanager
def sealer(url: str, piece: int) -> Iterator[subprocess.Popen[str]]:
    """Give a process that seals; it is gone afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.sealer", str(piece)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "SONGHE_DATABASE_URL": url},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def finish(process: subprocess.Popen[str]) -> None:
    """Let a sealer do what is left, and end."""
    process.communicate(timeout=90)
    assert process.returncode == 0


def test_a_killed_job_loses_nothing_and_the_next_goes_on(postgres_url: str) -> None:
    with copied(postgres_url) as url:
        fill(url, subjects=30, each=400)
        before = one(url, ALL)
        assert before[0] == before[1] == 12_000
        with sealer(url, piece=800) as process:
            until(lambda: one(url, SEALED) >= 4000, "pieces to be sealed")
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert one(url, ALL) == before
        assert 4000 <= one(url, SEALED) < 12_000
        with sealer(url, piece=5000) as process:
            finish(process)
        assert one(url, ALL) == before
        assert one(url, SEALED) == 12_000
        assert one(url, HOT) == 0
        leaf = f"reading_hot_{DAY:%Y%m%d}"
        assert one(url, "SELECT to_regclass(%s)", leaf) is None
        assert one(url, "SELECT count(*) FROM telemetry_run WHERE state = 'left'") == 1


def test_the_gateway_writes_late_data_while_its_day_is_sealed(postgres_url: str) -> None:
    """Whatever was acknowledged is there once, though the day's partition goes again and again."""
    with copied(postgres_url) as url:
        gateway = GatewayProcess(url).start()
        device = gateway.device()
        until(lambda: gateway.knows(device), "the gateway to know the device")
        stop, sent = threading.Event(), [0]

        def write() -> None:
            while not stop.is_set() or sent[0] < 150:
                body = [
                    {"at": (DAY + timedelta(seconds=sent[0] * 3 + n)).isoformat(),
                     "readings": [{"code": "8867-4", "value": 60 + n, "unit": "/min"}]}
                    for n in range(3)
                ]  # fmt: skip
                status, answer = gateway.post(device, "readings", json.dumps(body).encode())
                assert (status, answer["accepted"]) == (200, 3), answer
                if sent[0] % 5 == 0:  # the very same comes again, sealed or not
                    assert gateway.post(device, "readings", json.dumps(body).encode())[0] == 200
                sent[0] += 1

        try:
            with sealer(url, piece=100) as process:
                writer = threading.Thread(target=write)
                writer.start()
                until(lambda: one(url, SEALED) > 100, "late data to be sealed")
                stop.set()
                writer.join(90)
                assert not writer.is_alive()
                finish(process)
            whole = one(url, ALL)
            assert whole[0] == whole[1] == 3 * sent[0]
            assert one(url, SEALED) == 3 * sent[0]
            assert one(url, HOT) == 0
            assert one(url, "SELECT count(*) FROM dead_letter") == 0
        finally:
            gateway.close()


@pytest.mark.slow
def test_a_killed_database_loses_nothing() -> None:
    home = Path(tempfile.mkdtemp(prefix="songhe-test-"))
    home.chmod(0o711)  # the server's own account passes through
    cluster = Cluster(home / "c", free_ports(1), durable=True)
    cluster.prepare()
    cluster.start()
    try:
        cluster.ensure_database()
        url = cluster.url()
        subprocess.run(
            [sys.executable, "-m", "django", "migrate", "--verbosity", "0"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "SONGHE_DATABASE_URL": url,
                 "DJANGO_SETTINGS_MODULE": "songhe.config.settings"},
            check=True,
        )  # fmt: skip
        fill(url, subjects=60, each=500)
        before = one(url, ALL)
        for wanted in (1, 12_000):
            with sealer(url, piece=700):
                until(lambda n=wanted: one(url, SEALED) >= n, "pieces to be sealed")  # type: ignore[misc]
                pid = (cluster.data / "postmaster.pid").read_text().splitlines()[0]
                postmaster = psutil.Process(int(pid))
                for child in (postmaster, *postmaster.children(recursive=True)):
                    with suppress(psutil.NoSuchProcess):  # its parent's end was quicker
                        child.kill()
                cluster.stop()
                cluster.prepare()
                cluster.start()
            assert one(url, ALL) == before
        with sealer(url, piece=5000) as process:
            finish(process)
        assert one(url, ALL) == before
        assert one(url, HOT) == 0
    finally:
        cluster.stop()
        shutil.rmtree(home)
