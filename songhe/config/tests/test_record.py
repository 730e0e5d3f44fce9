"""What the supervisor remembers of its processes, and the one log as JSON."""

from __future__ import annotations

import io
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.types.json import Jsonb

from songhe.config import doctor
from songhe.config.doctor import Level
from songhe.config.supervisor import Patience, Process, Supervisor
from songhe.config.supervisor_log import OneLog
from songhe.config.supervisor_record import Record
from songhe.kernel.processes import read_records, record_file
from tests.support.database import copied

LOOP = """
import sys
print('{"event": "lost", "level": "error", "fault": "  a.py:1 in b\\\\nRuntimeError: boom"}')
sys.exit(3)
"""


async def test_starts_ends_and_faults_of_a_looping_process_are_on_file(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()

    def enough(_name: str, _pid: int) -> None:
        if supervisor.starts("loop") == 4:
            supervisor.stop("enough")

    supervisor = Supervisor(
        [Process(name="loop", argv=[sys.executable, "-c", LOOP])],
        log=OneLog(terminal=io.StringIO()),
        record=Record(record_file(tmp_path)),
        patience=Patience(first_delay_s=0.01, longest_delay_s=0.01),
        on_spawn=enough,
    )
    await supervisor.run()
    records = read_records(tmp_path)
    assert records is not None
    one = records.processes["loop"]
    assert len(one.starts) == 4
    assert one.pid is None
    assert one.exit_code is not None
    assert one.fault == "lost: RuntimeError: boom"
    assert one.fault_at is not None


def test_without_a_supervisor_nothing_is_known(tmp_path: Path) -> None:
    assert read_records(tmp_path) is None


def test_in_json_every_line_of_the_file_is_an_object(tmp_path: Path) -> None:
    log = OneLog(tmp_path / "log", terminal=io.StringIO(), as_json=True)
    log.write("web", '{"event": "request", "level": "info"}')
    log.write("postgres", "ERROR:  duplicate key of 陈秀兰")
    log.write("migrate", "{ not json")
    log.close()
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert lines[0] == {"event": "request", "level": "info"}
    assert lines[1]["process"] == "postgres"
    assert "陈" not in lines[1]["event"]
    assert lines[2]["event"] == "{ not json"


def test_the_doctor_says_what_the_page_says(postgres_url: str) -> None:
    now = datetime.now(UTC)
    with copied(postgres_url) as url, psycopg.connect(url, autocommit=True) as connection:

        def said() -> list[tuple[str, Level]]:
            return [(one.key, one.level) for one in doctor.check_platform(connection, now)]

        def sampled(ago_s: float, **figures: float | None) -> None:
            connection.execute("DELETE FROM health_sample")
            connection.execute(
                "INSERT INTO health_sample (at, figures, processes, counters) VALUES (%s, %s,"
                " '{}', '{}')",
                [now - timedelta(seconds=ago_s), Jsonb(figures)],
            )

        assert said() == [("watch-silent", Level.NOTE)]
        sampled(5, gateway_up=1, jobs_failed=0, lag_p99_s=None)
        assert said() == [("platform-ok", Level.OK)]
        sampled(5, gateway_up=0, jobs_failed=2)
        assert said() == [("platform", Level.MEND), ("platform", Level.NOTE)]
        grave = next(iter(doctor.check_platform(connection, now)))
        assert "网关没有应答" in grave.said("zh")
        assert "The gateway does not answer" in grave.said("en")
        sampled(900, gateway_up=0)
        assert said() == [("watch-silent", Level.NOTE)]


@pytest.mark.parametrize("line", ['{"event": 1', "[1]", "plain"])
def test_what_is_no_object_is_wrapped(line: str, tmp_path: Path) -> None:
    log = OneLog(tmp_path / "log", terminal=io.StringIO(), as_json=True)
    log.write("x", line)
    log.close()
    assert json.loads((tmp_path / "log").read_text())["event"] == line
