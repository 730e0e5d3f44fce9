"""A house for a benchmark: durable embedded PostgreSQL, a county of its own, our processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psutil
import psycopg

from songhe.config.postgres import Cluster, cluster_home
from tools.pytest_songhe import free_ports

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_S = 60.0


class Login(msgspec.Struct, frozen=True):
    """A device of the county: what it signs in with, and whom it serves."""

    id: str
    key: str
    secret: str
    person: str


class Bench:
    """The running database with what is started beside it."""

    secret = "a benchmark's own secret, of no use elsewhere"

    def __init__(self, cluster: Cluster, port: int, folder: Path) -> None:
        self.cluster = cluster
        self.port = port
        self.folder = folder
        self.url = cluster.url()
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("SONGHE_")}
        self.environment = {
            **inherited,
            "PYTHONPATH": str(ROOT),
            "DJANGO_SETTINGS_MODULE": "songhe.config.settings",
            "SONGHE_MODE": "test",
            "SONGHE_STATE": str(folder),
            "SONGHE_PORT": str(port),
            "SONGHE_DATABASE_URL": self.url,
            "SONGHE_SECRET_KEY": self.secret,
        }

    @property
    def mqtt_port(self) -> int:
        return self.port + 3

    def django(self, *arguments: str) -> str:
        """Run a module of ours to its end beside the database; return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
        return done.stdout

    def county(self, persons: int) -> list[Login]:
        """Migrate, and register persons with one vital signs monitor each."""
        self.django("django", "migrate", "--verbosity", "0")
        return msgspec.json.decode(self.django("bench.county", str(persons)), type=list[Login])

    def start(
        self, name: str, *, health: int | None = None, argv: Sequence[str] = (), **more: str
    ) -> int:
        """Start one of our processes; return its pid once its health address answers.

        argv: the module with its arguments, where it is no command of `songhe`.
        """
        log = (self.folder / f"{name}.log").open("wb")
        command = [sys.executable, "-m", *(argv or ("songhe.config.cli", name))]
        self._children[name] = child = subprocess.Popen(
            command, env={**self.environment, **more}, stdout=log, stderr=log
        )
        end_s = time.monotonic() + PATIENCE_S
        while health is not None and not _answers(health):
            if child.poll() is not None or time.monotonic() > end_s:
                raise SystemExit(f"{name} did not start:\n{self.log(name)}")
            time.sleep(0.05)
        return child.pid

    @property
    def database_pid(self) -> int:
        """Return the process id of the database server."""
        return int((self.cluster.data / "postmaster.pid").read_text("ascii").split()[0])

    def pid(self, name: str) -> int:
        """Return the process id of one of our processes."""
        return self._children[name].pid

    def copied(self, name: str) -> None:
        """Work on a copy of the database from now on, in the place of an earlier copy."""
        with psycopg.connect(self.cluster.url(dbname="postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name} TEMPLATE songhe STRATEGY file_copy")
        self.url = self.environment["SONGHE_DATABASE_URL"] = self.cluster.url(dbname=name)

    def settled(self, statement: str, expected: float, *, patience_s: float = 30.0) -> float:
        """Return a number once it is what is expected, or whatever it is after a while."""
        end_s = time.monotonic() + patience_s
        while (found := self.one(statement)) < expected and time.monotonic() < end_s:
            time.sleep(0.25)
        time.sleep(1.0)  # one too many would come now
        return max(found, self.one(statement))

    def metric(self, name: str) -> float:
        """Return a figure of the gateway's own metrics; 0 when it has none of that name."""
        address = f"http://127.0.0.1:{self.port + 2}/metrics"
        with urllib.request.urlopen(address, timeout=10) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(f"{name} "):
                    return float(line.rsplit(" ", 1)[1])
        return 0.0

    def profile(self, name: str, into: Path) -> None:
        """Have py-spy, where it is installed, write a profile of a process until it ends."""
        spy = shutil.which("py-spy")
        if spy is not None:
            command = [spy, "record", "-r", "200", "-f", "raw", "-o", str(into), "-p"]
            subprocess.Popen([*command, str(self.pid(name))], stderr=subprocess.DEVNULL)

    def gateway(self, **more: str) -> int:
        """Start the gateway; return its pid."""
        return self.start("gateway", health=self.port + 2, **more)

    def stop(self, name: str) -> None:
        """Stop one process and wait for it."""
        child = self._children.pop(name)
        child.terminate()
        child.wait(30)

    def kill(self, name: str) -> None:
        """Kill one process outright."""
        child = self._children.pop(name)
        child.kill()
        child.wait(30)

    def log(self, name: str) -> str:
        """Return the end of what a process said."""
        return (self.folder / f"{name}.log").read_text("utf-8", errors="replace")[-4000:]

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        """Return the rows of a statement."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(statement).fetchall()

    def one(self, statement: str, *values: object) -> float:
        """Return the one number that a statement gives."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            row = connection.execute(statement, values).fetchone()
        return float(row[0]) if row and row[0] is not None else 0.0

    def close(self) -> None:
        """Stop everything, the database last."""
        for name in list(self._children):
            self.stop(name)
        self.cluster.stop()


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@contextmanager
def house(keep: Path | None = None) -> Iterator[Bench]:
    """Give a database and a folder for this run; remove both afterwards.

    keep: a folder whose database stays for the next run.
    """
    port = free_ports(6)
    with tempfile.TemporaryDirectory(prefix="songhe-bench-", ignore_cleanup_errors=True) as made:
        base = Path(made)
        base.chmod(0o711)
        cluster = Cluster(cluster_home(keep) if keep else base / "pg", port + 4)
        bench: Bench | None = None
        try:
            cluster.prepare()
            cluster.start()
            # The key of sealed fields lies in the state folder, and belongs to the database.
            folder = (keep or base) / "state"
            folder.mkdir(mode=0o700, exist_ok=True)
            bench = Bench(cluster, port, folder)
            yield bench
        finally:
            if bench is not None:
                bench.close()
            else:
                cluster.stop()
            shutil.rmtree(base / "pg", ignore_errors=True)


def cpu_s(pid: int) -> float:
    """Return the processor seconds that a process and its children have used."""
    process = psutil.Process(pid)
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return float(sum(t.user + t.system for t in times))


@contextmanager
def in_process(folder: Path) -> Iterator[Cluster]:
    """Give the kept cluster of a folder, with Django set up on it in this process, migrated."""
    cluster = Cluster(cluster_home(folder), free_ports(1))
    cluster.prepare()
    cluster.start()
    try:
        os.environ |= {
            "SONGHE_MODE": "test",
            "SONGHE_STATE": str(folder),
            "SONGHE_DATABASE_URL": cluster.url(),
            "SONGHE_SECRET_KEY": Bench.secret,
            "DJANGO_SETTINGS_MODULE": "songhe.config.settings",
        }
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        yield cluster
    finally:
        cluster.stop()
