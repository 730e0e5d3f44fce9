"""The platform is behind: each trouble is really caused, rings, and is put right again."""

from __future__ import annotations

import os
import time
from typing import Any
from uuid import UUID

import msgspec
import psutil
import psycopg

from songhe.kernel.processes import ProcessRecord, ProcessRecords, record_file
from songhe.kernel.wire import DeviceSnapshot
from tests.operations.conftest import Installed
from tests.operations.processes import Platform
from tests.support.gateway import DeviceLogin, pressure, until
from tests.support.mqtt_client import BareClient

SNAPSHOT = DeviceSnapshot(UUID(int=0), "", True, "bp-monitor", [])


def rings(platform: Platform, rule: str) -> dict[str, Any]:
    """Wait until the rule's alarm stands, and return it."""
    try:
        alarm: dict[str, Any] = until(lambda: platform.alarm(rule), f"an alarm of {rule}", 25)
    except AssertionError as error:
        raise AssertionError(f"{error}; the newest sample is {platform.figures()}") from None
    assert (alarm["region"], alarm["person"]) == ("", None)
    return alarm


def clears(platform: Platform, rule: str) -> None:
    """Wait until the trouble is over as the alarm tells it; a latched one waits for a person."""

    def over() -> bool:
        alarm = platform.alarm(rule)
        return alarm is not None and (alarm["cleared"] or alarm["state"] == "resolved")

    try:
        until(over, f"{rule} over", 25)
    except AssertionError as error:
        raise AssertionError(f"{error}; the newest sample is {platform.figures()}") from None


def test_a_gateway_that_is_gone_rings_and_returns(installed: Installed) -> None:
    platform = installed.platform
    assert platform.alarm("platform-gateway") is None
    platform.kill("gateway")
    alarm = rings(platform, "platform-gateway")
    assert (alarm["priority"], alarm["state"]) == ("high", "unacknowledged")
    platform.start("gateway")
    clears(platform, "platform-gateway")
    alarm = rings(platform, "platform-gateway")
    assert alarm["state"] == "returned"  # latched: a person confirms it


def test_a_database_that_lets_nobody_in_rings_when_it_is_back(installed: Installed) -> None:
    """The server stands still, as under a stopped machine; what was is told afterwards."""
    platform = installed.platform
    row = platform.connection.execute("SELECT pg_backend_pid()").fetchone()
    assert row is not None
    server = psutil.Process(row[0]).parent()
    assert server is not None
    assert "postgres" in server.name()
    server.suspend()
    try:
        until(lambda: away_samples(platform) is not None, "a sample without the database", 30)
        before = away_samples(platform)
        until(lambda: away_samples(platform) != before, "one more", 30)
    finally:
        server.resume()
    assert rings(platform, "platform-database")["priority"] == "high"
    clears(platform, "platform-database")


def away_samples(platform: Platform) -> float | None:
    """Return how many samples were taken, None while the newest heard of the database."""
    measures = platform.measures("jobs")
    if measures.total("songhe_postgres_connections") is not None:
        return None
    return measures.total("songhe_jobs_samples_total")


def test_a_full_queue_and_its_lag_ring(installed: Installed) -> None:
    """Somebody holds the table of readings; devices go on sending."""
    platform = installed.platform
    facts = installed.facts
    device = DeviceLogin(UUID(int=0), facts["key"], facts["secret"], None, SNAPSHOT)
    client = BareClient(platform.ports["mqtt"])
    assert client.connect(device).code == 0
    with psycopg.connect(platform.database_url) as holder:
        holder.execute("LOCK TABLE reading_hot IN ACCESS EXCLUSIVE MODE")
        for number in range(1, 100):
            body = pressure(120 + number % 9, seconds_ago=number)
            client.publish(f"songhe/1/{facts['key']}/readings", body, number)
        rings(platform, "platform-queue")
        rings(platform, "platform-lag")
        holder.rollback()
    clears(platform, "platform-queue")
    clears(platform, "platform-lag")
    client.close()


def test_background_work_that_waits_or_failed_rings(installed: Installed) -> None:
    """One job stands behind another of its lock for ten minutes; one failed for good."""
    platform = installed.platform
    platform.connection.execute(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, status, lock, scheduled_at, args)"
        " VALUES ('q', 'drill.held', 'doing', 'drill', NULL, '{}'),"
        " ('q', 'drill.waits', 'todo', 'drill', now() - interval '10 minutes', '{}'),"
        " ('q', 'drill.failed', 'failed', NULL, NULL, '{}')"
    )
    try:
        assert rings(platform, "platform-jobs")["priority"] == "low"
        assert rings(platform, "platform-jobs-failed")["priority"] == "low"
    finally:
        platform.connection.execute("DELETE FROM procrastinate_jobs WHERE status <> 'doing'")
        platform.connection.execute("DELETE FROM procrastinate_jobs WHERE lock = 'drill'")
    clears(platform, "platform-jobs")
    # Low and never taken: it closes by itself.
    clears(platform, "platform-jobs-failed")


def test_disk_backup_and_restarts_ring_by_the_installs_own_limits(installed: Installed) -> None:
    """The real disk is held against a limit that no disk meets; the record shows a loop."""
    platform = installed.platform
    assert rings(platform, "platform-disk")["priority"] == "high"
    assert rings(platform, "platform-backup")["priority"] == "low"
    version = platform.connection.execute(
        "SELECT rule_version FROM finding WHERE rule = 'platform-disk'"
    ).fetchone()
    assert version is not None
    assert version[0].endswith("+own")
    web = ProcessRecord(starts=[0.0, *([time.time()] * 3)], fault="boom")
    record = ProcessRecords(supervisor=os.getpid(), written_at=0.0, processes={"web": web})
    (platform.state / "run").mkdir(exist_ok=True)
    file = record_file(platform.state)
    file.write_bytes(msgspec.json.encode(record))
    try:
        assert rings(platform, "platform-restarts")["priority"] == "medium"
    finally:
        file.unlink()
