"""A database whose disk is full: nothing is acknowledged, and all goes on when there is room."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from songhe.config.postgres import Cluster
from tests.support.database import copy
from tests.support.drill.disk import SmallDisk
from tests.support.gateway import GatewayProcess, free_port, pressure, until
from tests.support.load import Load

pytestmark = pytest.mark.slow
DISK_MB = 420


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    """Return a small disk of this test's own."""
    place = Path(tempfile.mkdtemp(prefix="songhe-disk-"))
    small = SmallDisk(place, DISK_MB)
    if not small.mount():
        place.rmdir()
        pytest.skip(f"no disk can be made to be filled: {small.why}")
    try:
        yield small
    finally:
        small.unmount()
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def cluster(disk: SmallDisk) -> Iterator[Cluster]:
    """Return a database server on the small disk, started again when it falls."""
    server = Cluster(disk.place / "cluster", free_port(), durable=False)
    server.prepare()
    server.start()
    try:
        yield server
    finally:
        server.stop()


def test_a_full_disk_acknowledges_nothing_and_loses_nothing(
    disk: SmallDisk, cluster: Cluster
) -> None:
    with closing(GatewayProcess(copy(cluster.url()))) as process:
        gateway = process.start()
        devices = [gateway.device() for _ in range(4)]
        load = Load(devices, gateway.mqtt_port, lambda number: number == 900)
        load.start()
        load.until_more(1000)
        disk.fill()
        # The room inside the database's own files is used up first.
        until(lambda: disk.fill() >= 0 and gateway.get("/healthz")[0] == 503, "a full disk", 90)
        assert gateway.post(devices[0], "readings", pressure())[0] == 503
        disk.free()
        if cluster.running_port() is None:  # it could not write its log and fell: stand up again
            cluster.stop()
            cluster.prepare()
            cluster.start()
        load.until_more(1000)
        load.finish()
        for loaded in load.devices:
            stored = [row["at"] for row in gateway.site.readings(loaded.device)]
            assert len(stored) == len(set(stored))
            assert set(stored) == loaded.sent == loaded.acknowledged
            found = gateway.site.rows(
                "SELECT count(*) FROM finding WHERE person = %s AND phase = 'raised'"
                " AND rule = 'bp-critical'",
                loaded.device.person,
            )
            assert found == [(int(len(loaded.sent) >= 900),)]
