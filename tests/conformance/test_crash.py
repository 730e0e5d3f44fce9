"""kill -9 under load: nothing acknowledged is missing, nothing is there twice, all is judged."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from songhe.config.postgres import Cluster
from tests.support.database import copy
from tests.support.gateway import GatewayProcess, Site, free_port, pressure, until
from tests.support.load import Load

pytestmark = pytest.mark.slow
DEVICES = 12
# Far apart, so that each is an episode of its own only if the rule says so: the findings are
# compared with those of the same messages in one quiet run.
CRITICAL_EVERY = 97


def is_critical(number: int) -> bool:
    return number % CRITICAL_EVERY == 0


def assert_stored_as_sent(site: Site, load: Load) -> None:
    """Compare what was sent with what is stored, message by message."""
    for loaded in load.devices:
        stored = [row["at"] for row in site.readings(loaded.device)]
        assert len(stored) == len(set(stored))
        assert loaded.acknowledged == loaded.sent
        assert set(stored) == loaded.sent


def assert_judged(site: Site, load: Load) -> None:
    """Every device with a critical value has a finding whose evidence is a stored reading."""
    for loaded in load.devices:
        found = site.rows(
            "SELECT f.id, count(e.key) AS claimed, count(r.subject) AS stored FROM finding f"
            " CROSS JOIN LATERAL jsonb_array_elements(f.evidence) AS e(key)"
            " LEFT JOIN reading_hot r ON r.subject = (e.key ->> 'subject')::uuid"
            " AND r.device = (e.key ->> 'device')::uuid"
            " AND r.fingerprint = (e.key ->> 'fingerprint')::bigint"
            " AND r.effective_at = timestamptz 'epoch'"
            "   + make_interval(secs => ((e.key ->> 'at_us')::bigint / 1e6))"
            " WHERE f.person = %s AND f.rule = 'bp-critical' AND f.phase = 'raised'"
            " GROUP BY f.id",
            loaded.device.person,
        )
        assert found, "a critical pressure was acknowledged and not judged"
        for _, claimed, stored in found:
            assert claimed == stored


def test_the_gateway_killed_under_load(gateway: GatewayProcess, site: Site) -> None:
    load = Load([gateway.device() for _ in range(DEVICES)], gateway.mqtt_port, is_critical)
    load.start()
    for _ in range(3):
        load.until_more(3000)
        gateway.kill()
        acknowledged = [(loaded, set(loaded.acknowledged)) for loaded in load.devices]
        for loaded, instants in acknowledged:
            assert instants <= {row["at"] for row in site.readings(loaded.device)}
        gateway.start()
    load.until_more(1000)
    load.finish()
    assert_stored_as_sent(site, load)
    assert_judged(site, load)


def test_the_newest_values_are_right_after_a_kill(gateway: GatewayProcess, site: Site) -> None:
    load = Load([gateway.device() for _ in range(DEVICES)], gateway.mqtt_port, is_critical)
    load.start()
    load.until_more(2000)
    gateway.kill()
    gateway.start()
    load.finish()
    for loaded in load.devices:
        newest = site.readings(loaded.device)[-1]
        until(
            lambda device=loaded.device, row=newest: site.rows(
                "SELECT 1 FROM latest WHERE subject = %s AND times = %s AND vals = %s",
                device.person,
                [row["at"]],
                row["values"],
            ),
            "the newest value",
        )


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Return a database server of this test's own, with real durability.

    Its folder is not one of pytest's, which every other session of pytest closes to the server's
    account.
    """
    home = Path(tempfile.mkdtemp(prefix="songhe-crash-"))
    home.chmod(0o711)
    server = Cluster(home, free_port())
    server.prepare()
    server.start()
    yield server
    server.stop()
    shutil.rmtree(home)


def kill_server(cluster: Cluster) -> None:
    """Kill the database server outright, with no chance to write anything more."""
    pid = int((cluster.data / "postmaster.pid").read_text().splitlines()[0])
    os.kill(pid, signal.SIGKILL)
    cluster.stop()
    cluster.prepare()


def test_the_database_killed_and_restarted_under_load(cluster: Cluster) -> None:
    with closing(GatewayProcess(copy(cluster.url()))) as process:
        gateway = process.start()
        devices = [gateway.device() for _ in range(DEVICES)]
        load = Load(devices, gateway.mqtt_port, is_critical)
        load.start()
        load.until_more(2000)
        kill_server(cluster)
        until(lambda: gateway.get("/healthz")[0] == 503, "the gateway to notice")
        assert gateway.post(devices[0], "readings", pressure())[0] == 503
        cluster.start()
        load.until_more(1000)
        cluster.stop()
        cluster.start()
        load.until_more(1000)
        load.finish()
        assert gateway.get("/healthz")[0] == 200
        assert_stored_as_sent(gateway.site, load)
        assert_judged(gateway.site, load)


def test_connections_close_when_the_database_stays_away(cluster: Cluster) -> None:
    with closing(GatewayProcess(copy(cluster.url()), SONGHE_GATEWAY_OUTAGE_S="2")) as process:
        gateway = process.start()
        load = Load([gateway.device()], gateway.mqtt_port)
        load.start()
        load.until_more(100)
        cluster.stop()
        until(lambda: "given up" in gateway.log(), "the gateway to give up")
        cluster.start()
        load.until_more(100)
        load.finish()
        assert_stored_as_sent(gateway.site, load)
