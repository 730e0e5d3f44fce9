"""What the supervisor promises when it is stopped, killed, started twice or in the way."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg

from songhe.config.postgres import Cluster, cluster_home
from songhe.config.supervisor_child import in_child
from tests.faults.conftest import Run, gone
from tools.pytest_songhe import free_ports

Start = Callable[..., Run]


def test_a_stop_leaves_no_orphan_and_the_data(start: Start, state: Path, ports: int) -> None:
    first = start("house", "--port", str(ports), state=state)
    first.until("visits: 1")
    first.until("everything runs")
    family = first.family()
    assert len(family) > 6  # database, its workers, counter and its grandchild
    assert first.stop() == 0
    assert gone(family, timeout_s=0), first.text
    second = start("house", "--port", str(ports), state=state)
    second.until("visits: 2")
    assert second.stop() == 0


def test_ctrl_c_stops_in_order(start: Start, state: Path, ports: int) -> None:
    run = start("house", "--port", str(ports), state=state)
    run.until("everything runs")
    run.process.send_signal(signal.SIGINT)
    assert run.end() == 0
    assert "database system is shut down" in run.text
    assert not (state / "instance.json").exists()


def test_killing_the_supervisor_takes_its_children(start: Start, state: Path, ports: int) -> None:
    run = start("house", "--port", str(ports), state=state)
    run.until("everything runs")
    family = run.family()
    servants = psutil.Process(run.process.pid).children()
    run.process.kill()
    assert gone(servants)
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            if "count" in process.cmdline():  # the grandchild, which minds no signal but this
                process.kill()
    again = start("house", "--port", str(ports), state=state)
    again.until("visits: 2")
    assert again.stop() == 0


def test_killing_the_whole_tree_loses_nothing(start: Start, state: Path, ports: int) -> None:
    run = start("house", "--port", str(ports), state=state)
    run.until("everything runs")
    for process in [psutil.Process(run.process.pid), *run.family()]:
        with contextlib.suppress(psutil.NoSuchProcess):  # its parent's end was quicker
            process.kill()
    again = start("house", "--port", str(ports), state=state)  # at once, no time to settle
    again.until("visits: 2")
    assert again.stop() == 0


def test_a_killed_database_is_started_again(start: Start, state: Path, ports: int) -> None:
    run = start("house", "--port", str(ports), state=state)
    run.until("everything runs")
    cluster = Cluster(cluster_home(state), ports + 4)
    postmaster = int((cluster.data / "postmaster.pid").read_text().splitlines()[0])
    os.kill(postmaster, signal.SIGKILL)
    run.until("postgres ended")
    run.until("postgres is back")
    with psycopg.connect(cluster.url()) as connection:
        assert connection.execute("SELECT count(*) FROM visit").fetchone() == (1,)
    assert run.stop() == 0


def test_two_houses_stand_side_by_side(
    start: Start, state: Path, tmp_path: Path, ports: int
) -> None:
    other = tmp_path / "other"
    try:
        one = start("house", "--port", str(ports), state=state)
        one.until("visits: 1")
        two = start("house", "--port", str(free_ports(5)), state=other)
        two.until("visits: 1")
        assert one.stop() == 0
        assert two.stop() == 0
    finally:
        shutil.rmtree(cluster_home(other), ignore_errors=True)


def test_a_second_start_on_one_folder_is_refused(start: Start, state: Path, ports: int) -> None:
    run = start("house", "--port", str(ports), state=state)
    run.until("everything runs")
    twin = start("up", "--port", str(ports), state=state)
    assert twin.end() == 1
    assert f"already runs on {state}" in twin.text
    assert f"process {run.process.pid}, port {ports}" in twin.text
    assert run.process.poll() is None
    assert run.stop() == 0


def test_a_taken_port_is_named(start: Start, state: Path, ports: int) -> None:
    with socket.create_server(("127.0.0.1", ports + 3)):
        run = start("up", "--port", str(ports), state=state)
        assert run.end() == 1
    assert f"Port {ports + 3} (MQTT) is already in use" in run.text
    assert not (state / "instance.json").exists()


def test_a_lock_file_with_a_reused_number_does_not_stop_the_start(
    start: Start, state: Path, ports: int
) -> None:
    run = start("house", "--port", str(ports), state=state)
    run.until("everything runs")
    cluster = Cluster(cluster_home(state), ports + 4)
    lock = cluster.data / "postmaster.pid"
    text = lock.read_text()
    assert run.stop() == 0
    # PostgreSQL refuses when the number is alive under its own account.
    bystander = subprocess.Popen(
        ["/bin/sleep", "600"], preexec_fn=in_child(account=cluster.account), cwd="/"
    )
    try:
        lock.write_text("\n".join([str(bystander.pid), *text.splitlines()[1:]]) + "\n")
        again = start("house", "--port", str(ports), state=state)
        again.until("visits: 2")
        assert again.stop() == 0
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_data_of_another_version_is_refused_in_words(start: Start, state: Path, ports: int) -> None:
    run = start("house", "--port", str(ports), state=state)
    run.until("everything runs")
    assert run.stop() == 0
    version = Cluster(cluster_home(state), ports + 4).data / "PG_VERSION"
    version.write_text("13\n")
    again = start("up", "--port", str(ports), state=state)
    assert again.end() == 1
    assert "was made by PostgreSQL 13" in again.text


def test_fresh_starts_anew(start: Start, state: Path, ports: int) -> None:
    for options, visits in ((), 1), ((), 2), (("--fresh",), 1):
        run = start("house", "--port", str(ports), *options, state=state)
        run.until(f"visits: {visits}")
        assert run.stop() == 0


def test_a_new_state_folder_never_meets_old_data(start: Start, state: Path, ports: int) -> None:
    home = cluster_home(state)
    for _ in range(2):
        run = start("house", "--port", str(ports), state=state)
        run.until("visits: 1")
        assert run.stop() == 0
        shutil.rmtree(state)  # the keys are gone with it
    kept = list(home.parent.glob(f"{home.name}.aside-*"))
    if home.is_relative_to(state):  # not root: the cluster went with the folder
        assert not kept
        return
    assert len(kept) == 1
    assert f"is kept in {kept[0]}" in run.text
    shutil.rmtree(kept[0])
