"""One instance a state folder: the lock, the record that other commands read, what a kill left."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import shutil
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from songhe.config.postgres import cluster_home
from songhe.kernel.errors import Conflict, Unavailable

OWNER_FILE = "state-folder"
KEPT_WHEN_FRESH = frozenset({"lock", "home"})


class AlreadyRunning(Conflict):
    """Another supervisor holds this state folder."""

    code = "config.already_running"
    message = (
        "Songhe already runs on %(state)s (%(who)s). Stop it first, or give this one a folder "
        "and ports of its own: SONGHE_STATE=… and --port."
    )


class PortTaken(Conflict):
    """A port that we need is not free."""

    code = "config.port_taken"
    message = (
        "Port %(port)s (%(use)s) is already in use%(by)s. Stop that program, or choose other "
        "ports with --port N (five neighbouring ports are used: N to N+4)."
    )


class StateUnusable(Unavailable):
    """The state folder cannot be used by this account."""

    code = "config.state_unusable"
    message = (
        "The state folder %(state)s cannot be used: %(why)s. Choose another with SONGHE_STATE, or "
        "start as the account that owns it."
    )


class Instance:
    """The lock on a state folder and the record of what runs there."""

    def __init__(self, state: Path) -> None:
        self.state = state.resolve()
        self.record_file = self.state / "instance.json"
        self._record: dict[str, Any] = {}

    def make_state(self) -> None:
        """Make the state folder, closed to others: it holds keys."""
        try:
            self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.state.stat().st_uid == os.geteuid():
                self.state.chmod(0o700)
            (self.state / "run").mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StateUnusable(state=self.state, why=error.strerror or error) from None
        if not os.access(self.state, os.W_OK | os.X_OK):
            raise StateUnusable(state=self.state, why="it belongs to another account")

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold the lock for the time of the block; raise AlreadyRunning when somebody has it."""
        self.make_state()
        try:
            lock = (self.state / "lock").open("a+", encoding="utf-8")
        except OSError as error:
            raise StateUnusable(state=self.state, why=error.strerror or error) from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in {errno.EAGAIN, errno.EACCES}:
                    raise
                raise AlreadyRunning(state=self.state, who=self._who()) from None
            yield

    def _who(self) -> str:
        record = self.read()
        if not record:
            return "a command that is at work on it"
        return f"process {record['pid']}, port {record['environment']['SONGHE_PORT']}"

    def read(self) -> dict[str, Any]:
        """Return the record of what runs here, or of what was killed here; else nothing."""
        try:
            record: dict[str, Any] = json.loads(self.record_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return record

    def write(self, environment: Mapping[str, str]) -> None:
        """Record the running supervisor and the addresses it gave its children (no secrets)."""
        self._record = {
            "pid": os.getpid(),
            "started": psutil.Process().create_time(),
            "environment": dict(environment),
            "children": {},
        }
        self._save()

    def add_child(self, name: str, pid: int) -> None:
        """Record a child, so that the next start can wait for what a kill left behind."""
        with contextlib.suppress(psutil.Error):
            self._record["children"][name] = [pid, psutil.Process(pid).create_time()]
        with contextlib.suppress(OSError):  # on a full disk the record waits; the child does not
            self._save()

    def _save(self) -> None:
        fresh = self.record_file.with_suffix(".new")
        fresh.write_text(json.dumps(self._record, indent=1), encoding="utf-8")
        fresh.replace(self.record_file)

    def forget(self) -> None:
        """Remove the record after a clean stop."""
        self.record_file.unlink(missing_ok=True)

    def running(self) -> bool:
        """Tell whether the recorded supervisor lives."""
        record = self.read()
        return bool(record) and _same(record["pid"], record["started"]) is not None

    def clear_leftovers(self, *, patience_s: float = 10) -> list[str]:
        """End the children of a killed supervisor; return their names. Call with the lock held."""
        children = self.read().get("children", {})
        found = {
            name: process
            for name, (pid, started) in children.items()
            if name != "postgres" and (process := _same(pid, started)) is not None
        }
        for process in found.values():
            with contextlib.suppress(psutil.Error):
                process.terminate()
        _, alive = psutil.wait_procs(found.values(), timeout=patience_s)
        for process in alive:
            with contextlib.suppress(psutil.Error):
                process.kill()
        return sorted(found)

    def erase(self) -> None:
        """Remove everything this instance has stored. Call with the lock held."""
        shutil.rmtree(cluster_home(self.state), ignore_errors=True)
        for path in self.state.iterdir():
            if path.name in KEPT_WHEN_FRESH:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        self.make_state()

    def lost_its_mark(self, home: Path) -> bool:
        """Tell whether a cluster outside the state folder belongs to an earlier state folder."""
        return (
            home.exists()
            and not (self.state / "cluster").exists()
            and self.state not in home.resolve().parents
        )

    def set_aside_older(self) -> Path | None:
        """Move away a cluster whose state folder was removed: its keys are gone with it.

        As root the cluster stands outside the checkout and outlives it; a new checkout in the
        same place must not read old data with new keys. Returns where the old one is now.
        """
        home = cluster_home(self.state)
        aside: Path | None = None
        if self.lost_its_mark(home):
            stamp = datetime.fromtimestamp(time.time(), UTC).strftime("%Y%m%dT%H%M%S")
            aside = home.with_name(f"{home.name}.aside-{stamp}")
            home.rename(aside)
        home.mkdir(parents=True, exist_ok=True)
        (home / OWNER_FILE).write_text(f"{self.state}\n", encoding="utf-8")
        (self.state / "cluster").write_text(f"{home}\n", encoding="utf-8")
        return aside


def abandoned(system_state: Path) -> list[Path]:
    """Return the cluster folders whose state folder is gone: nobody will start them again."""
    found = []
    for mark in sorted(system_state.glob(f"*/{OWNER_FILE}")):
        state = Path(mark.read_text(encoding="utf-8").strip())
        if ".aside-" in mark.parent.name or not state.exists():
            found.append(mark.parent)
    return found


def _same(pid: int, started: float) -> psutil.Process | None:
    """Return the process with this number if it is the one that started then."""
    try:
        process = psutil.Process(pid)
        if abs(process.create_time() - started) < 1 and process.status() != "zombie":
            return process
    except psutil.Error:
        return None
    return None


def check_ports(host: str, ports: Mapping[str, int]) -> None:
    """Raise PortTaken for the first port that cannot be listened on."""
    for use, port in ports.items():
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            with socket.create_server((host, port), family=family):
                pass
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortTaken(port=port, use=use, by=_user_of(port)) from None
            raise StateUnusable(state=f"{host}:{port}", why=error.strerror or str(error)) from None


def _user_of(port: int) -> str:
    """Return " by NAME (process N)" where the system lets us see it."""
    try:
        for connection in psutil.net_connections("tcp"):
            if (
                connection.status == psutil.CONN_LISTEN
                and connection.laddr.port == port
                and connection.pid
            ):
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except (psutil.Error, AttributeError):
        return ""
    return ""
