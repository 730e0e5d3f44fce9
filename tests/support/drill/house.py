"""The whole product under a drill: started, looked into, and hurt."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
import psycopg

from songhe.config.postgres import Cluster, cluster_home
from tests.support.drill.clock import Clock, NoCompiler
from tests.support.drill.disk import SmallDisk
from tests.support.gateway import until

ROOT = Path(__file__).resolve().parents[3]
START_PATIENCE_S = 180.0
SERVANTS = ("gateway", "web", "live", "jobs")
EVERYBODY = ("postgres", *SERVANTS)


def status_of(port: int, path: str, timeout_s: float = 5) -> int:
    """Return the status of a GET, 0 when nothing answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request("GET", path, headers={"Host": f"localhost:{port}"})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


class DrillHouse:
    """`songhe up` with the embedded database, on a folder and ports of its own."""

    def __init__(self, folder: Path, port: int, devices: int) -> None:
        self.folder, self.port, self.devices = folder, port, devices
        self.state = folder / "state"
        self.facts_file = folder / "facts.json"
        self.acknowledged_file = folder / "acknowledged"
        self.log_file = folder / "house.log"
        self.web_port, self.live_port = port, port + 1
        self.http_port, self.mqtt_port = port + 2, port + 3
        self.cluster = Cluster(cluster_home(self.state), port + 4)
        # While this file is there the database is not started again.
        self.hold_file = folder / "hold"
        self.disk: SmallDisk | None = None
        self.clock: Clock | None = None
        with contextlib.suppress(NoCompiler):
            self.clock = Clock(folder / "clock")
        self.facts: dict[str, Any] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._sender: subprocess.Popen[str] | None = None
        self._connection: psycopg.Connection[Any] | None = None

    # --- life ------------------------------------------------------------------------------

    def stand_on(self, disk: SmallDisk) -> None:
        """Let the database stand on a disk that is mounted where it is to be made."""
        self.disk = disk
        self.state.mkdir(mode=0o700)
        # Or the start would take the disk for what an earlier house left, and move it away.
        (self.state / "cluster").write_text(f"{self.cluster.home}\n", encoding="utf-8")

    def start(self) -> DrillHouse:
        """Start everything and wait until the supervisor says that it runs."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SONGHE_")}
        self.folder.chmod(0o755)  # the database's account reads the clock
        clock = json.dumps(self.clock.environment if self.clock else {})
        begun = self.log_file.stat().st_size if self.log_file.exists() else 0
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.drill.run_house", "--port", str(self.port),
                 "--state", str(self.state), "--facts", str(self.facts_file),
                 "--devices", str(self.devices), "--clock", clock, "--hold", str(self.hold_file)],
                cwd=ROOT,
                env=kept | {"PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )  # fmt: skip
        until(lambda: self._runs(begun), "a running house", START_PATIENCE_S)
        self.facts = json.loads(self.facts_file.read_text(encoding="utf-8"))
        return self

    def _runs(self, begun: int) -> bool:
        said = self.log()[begun:]
        if self._process is not None and self._process.poll() is not None:
            raise AssertionError(f"the house ended:\n{said[-4000:]}")
        return "everything runs" in said

    def log(self) -> str:
        """Return what all processes have written."""
        return self.log_file.read_bytes().decode("utf-8", "replace")

    def close(self) -> None:
        """Stop devices and house, and remove the cluster."""
        if self._sender is not None and self._sender.poll() is None:
            self._sender.kill()
            self._sender.wait()
        self.close_connection()
        if self._process is not None and self._process.poll() is None:
            family = psutil.Process(self._process.pid).children(recursive=True)
            self._process.terminate()
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            for process in psutil.wait_procs(family, timeout=10)[1]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        if self.clock is not None:
            self.clock.close()
        shutil.rmtree(self.cluster.home, ignore_errors=True)

    # --- devices ---------------------------------------------------------------------------

    def load(self, rate: float, critical_over_s: float) -> None:
        """Let the devices speak, `rate` messages a second together."""
        argv = [
            sys.executable, "-m", "tests.support.drill.sender", str(self.facts_file),
            str(self.mqtt_port), str(self.acknowledged_file), "--rate", str(rate),
            "--critical-over", str(critical_over_s),
        ]  # fmt: skip
        self._sender = subprocess.Popen(
            argv, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def finish_load(self, patience_s: float = 90) -> dict[str, Any]:
        """Stop new messages, wait until everything is acknowledged; return the devices' tally."""
        assert self._sender is not None
        self._sender.send_signal(signal.SIGTERM)
        said, _ = self._sender.communicate(timeout=patience_s)
        assert self._sender.returncode == 0, "the devices failed"
        tally: dict[str, Any] = json.loads(said)
        return tally

    def acknowledgements(self) -> int:
        """Return how many messages are acknowledged so far."""
        if not self.acknowledged_file.exists():
            return 0
        return self.acknowledged_file.read_bytes().count(b"\n")

    def until_more(self, count: int, patience_s: float = 90) -> None:
        """Wait until so many more messages are acknowledged."""
        goal = self.acknowledgements() + count
        until(lambda: self.acknowledgements() >= goal, f"{count} acknowledgements", patience_s)

    # --- processes -------------------------------------------------------------------------

    def pid(self, name: str) -> int:
        """Return the process number of a child of the supervisor."""
        record = json.loads((self.state / "instance.json").read_text(encoding="utf-8"))
        return int(record["children"][name][0])

    def signal(self, names: Sequence[str], number: signal.Signals) -> dict[str, int]:
        """Signal children at once; return their numbers."""
        found = {name: self.pid(name) for name in names}
        for pid in found.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        return found

    def family(self, name: str) -> list[psutil.Process]:
        """Return a child and all that it started."""
        leader = psutil.Process(self.pid(name))
        return [leader, *leader.children(recursive=True)]

    def freeze(self, name: str, frozen: bool) -> None:
        """Stop every process of a child where it stands, or let it go on."""
        for process in self.family(name):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend() if frozen else process.resume()

    def wait_back(self, before: dict[str, int], patience_s: float = 90) -> float:
        """Wait until killed children are there again and well; return how long it took (s)."""
        began = time.monotonic()
        for name, pid in before.items():
            until(lambda n=name, p=pid: self.pid(n) != p, f"{name} started again", patience_s)
        self.until_well(patience_s)
        return time.monotonic() - began

    def until_well(self, patience_s: float = 90) -> None:
        """Wait until every process answers."""
        until(lambda: not self.unwell(), f"a well house, not {self.unwell()}", patience_s)

    def unwell(self) -> list[str]:
        """Return what does not answer now."""
        bad = [name for name, port, path in (
            ("gateway", self.http_port, "/healthz"), ("live", self.live_port, "/healthz"),
            ("web", self.web_port, "/sign-in/"),
        ) if status_of(port, path) != 200]  # fmt: skip
        try:
            beat = time.time() - (self.state / "run" / "jobs.alive").stat().st_mtime
            bad += ["jobs"] if beat > 8 else []
            self.rows("SELECT 1")
        except (OSError, psycopg.Error) as error:
            bad.append(type(error).__name__)
        return bad

    def memory(self) -> dict[str, int]:
        """Return the unshared and shared memory of each process of ours, MB (proportional)."""
        found = {}
        for name in SERVANTS:
            total = 0
            with contextlib.suppress(psutil.Error, KeyError, OSError):
                for process in self.family(name):
                    total += process.memory_full_info().pss
            found[name] = total // (1024 * 1024)
        return found

    # --- what is stored --------------------------------------------------------------------

    def rows(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement on the house's database and return its rows."""
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                self.cluster.url(), autocommit=True, connect_timeout=5
            )
        try:
            cursor = self._connection.execute(text, values)
        except psycopg.OperationalError:
            self.close_connection()
            raise
        return cursor.fetchall() if cursor.description is not None else []

    def stored(self) -> list[tuple[str, int, int]]:
        """Return (device key, number of its message, how often it is stored), hot or sealed."""
        record = json.loads((self.state / "instance.json").read_text(encoding="utf-8"))
        done = subprocess.run(
            [sys.executable, "-m", "tests.support.drill.stored"],
            cwd=ROOT,
            env={
                **os.environ,
                **record["environment"],
                "SONGHE_DATABASE_URL": self.cluster.url(),
                "DJANGO_SETTINGS_MODULE": "songhe.config.settings",
                "PYTHONPATH": str(ROOT),
            },
            stdout=subprocess.PIPE,
            check=True,
        )
        return [(key, number, count) for key, number, count in json.loads(done.stdout)]

    def close_connection(self) -> None:
        """Drop our own connection, which a killed database has broken."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def secret(self) -> str:
        """Return what the house signs with."""
        return (self.state / "secret.key").read_text(encoding="ascii").strip()
