"""The embedded PostgreSQL: its binaries, its cluster, its start and its stop under our own care."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil
import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from songhe.config.postgres_binaries import (
    SYSTEM_STATE,
    DatabaseUnavailable,
    reachable_binaries,
    utf8_locale,
    wheel_binaries,
    wheel_major,
)
from songhe.config.postgres_settings import machine_memory_bytes, render, settings
from songhe.config.supervisor_child import Account, in_child, unprivileged_account

READY_LINE = "database system is ready to accept connections"
EXTENSIONS = ("btree_gist", "pg_trgm")
# What the server says while the remains of a killed one are still ending: trying again helps.
NOT_YET = ("pre-existing shared memory block", "already exists", "Address already in use")
SOCKET_PATH_LIMIT = 85
Line = Callable[[str], None]


def state_key(state: Path) -> str:
    """Return a short name for a state folder, the same each time for the same place."""
    return hashlib.blake2b(str(state.resolve()).encode(), digest_size=6).hexdigest()


def cluster_home(state: Path) -> Path:
    """Return where the cluster of a state folder lives.

    As root it must be a place that the server's account can reach, which a checkout inside a
    0700 folder is not: one folder a checkout below /var/lib/songhe.
    """
    if os.geteuid() == 0:
        return SYSTEM_STATE / state_key(state)
    return state.resolve() / "postgres"


class Cluster:
    """One embedded cluster: a home folder, a port, and the account that may run it."""

    def __init__(self, home: Path, port: int, *, durable: bool = True) -> None:
        self.home = home.absolute()
        self.port = port
        self.durable = durable
        self.account: Account | None = unprivileged_account()
        self.data = self.home / "data"
        self.config = self.home / "postgresql.conf"
        self.sockets = self._socket_folder()
        self.binaries = wheel_binaries()
        self._process: subprocess.Popen[str] | None = None

    def _socket_folder(self) -> Path:
        """Return a folder for the socket whose path is short enough for the system's limit."""
        near = self.home / "run"
        if len(os.fsencode(near)) <= SOCKET_PATH_LIMIT:
            return near
        return Path(tempfile.gettempdir()) / f"songhe-{state_key(self.home)}"

    # --- what others need to connect -------------------------------------------------------

    def password(self) -> str:
        """Return the password of the cluster's roles, made at its creation."""
        return (self.home / "password").read_text(encoding="ascii").strip()

    def url(self, *, user: str = "songhe", dbname: str = "songhe") -> str:
        """Return the address for SONGHE_DATABASE_URL."""
        return f"postgresql://{user}:{self.password()}@127.0.0.1:{self.port}/{dbname}"

    def exists(self) -> bool:
        """Tell whether a cluster has been made here."""
        return (self.data / "PG_VERSION").exists()

    def running_port(self) -> int | None:
        """Return the port of the server that runs on this data folder now, or None."""
        if self._postmaster() is None:
            return None
        lines = (self.data / "postmaster.pid").read_text(encoding="ascii").splitlines()
        return int(lines[3]) if len(lines) > 3 and lines[3].isdigit() else None

    # --- making it -------------------------------------------------------------------------

    def prepare(self) -> None:
        """Make the cluster ready to start: unpack, initialise once, write settings, clear a lock.

        Raises DatabaseUnavailable when the folder belongs to another version or account.
        """
        self.binaries = reachable_binaries()
        self._make_folder(self.home, own=False)
        self._check_home()
        if not self.exists():
            self._initialise()
        self._check_data()
        self._make_folder(self.sockets, own=True)
        values = settings(
            port=self.port,
            sockets=self.sockets,
            durable=self.durable,
            memory_bytes=machine_memory_bytes(),
        )
        self.config.write_text(render(values), encoding="utf-8")
        self.config.chmod(0o644)
        self._clear_stale_lock()

    def _make_folder(self, folder: Path, *, own: bool) -> None:
        """Make a folder: the account's alone (0700), or ours and only passed through (0711)."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.account is None:
            if folder.stat().st_uid != os.geteuid():
                raise DatabaseUnavailable(sentence=f"{folder} belongs to another account.")
            folder.chmod(0o700)
        elif own:
            os.chown(folder, self.account.uid, self.account.gid)
            folder.chmod(0o700)
        else:
            folder.chmod(0o711)

    def _check_home(self) -> None:
        """Refuse a home that the account cannot reach, in words instead of a failed exec."""
        done = self._run([str(self.binaries / "postgres"), "--version"])
        if done.returncode != 0:
            raise DatabaseUnavailable(
                sentence=f"The database programs in {self.binaries} do not run: {done.stdout}"
            )

    def _check_data(self) -> None:
        found = (self.data / "PG_VERSION").read_text(encoding="ascii").strip()
        if found != str(wheel_major()):
            raise DatabaseUnavailable(
                sentence=f"The data in {self.data} was made by PostgreSQL {found}, this install "
                f"has {wheel_major()}. Make a backup with the old install (songhe backup FILE), "
                "move the folder away, and restore the backup here."
            )
        owner = self.data.stat().st_uid
        wanted = self.account.uid if self.account else os.geteuid()
        if owner != wanted:
            raise DatabaseUnavailable(
                sentence=f"The data in {self.data} belongs to account number {owner}, but the "
                f"database would run as number {wanted}. Start as the account that made it, or "
                f"change the owner: chown -R {wanted} {self.data}"
            )

    def _initialise(self) -> None:
        """Create the cluster beside its place, so that a killed attempt leaves no half of one."""
        fresh = self.home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        self._make_folder(fresh, own=True)
        password_file = self.home / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(secrets.token_urlsafe(24), encoding="ascii")
        handed_over = fresh.with_suffix(".password")
        handed_over.touch(mode=0o600)
        handed_over.write_text(self.password(), encoding="ascii")
        if self.account:
            os.chown(handed_over, self.account.uid, self.account.gid)
        try:
            done = self._run(
                [
                    str(self.binaries / "initdb"),
                    f"--pgdata={fresh}",
                    "--username=postgres",
                    f"--pwfile={handed_over}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    f"--locale={utf8_locale()}",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    *([] if self.durable else ["--no-sync"]),
                ]
            )
        finally:
            handed_over.unlink()
        if done.returncode != 0:
            raise DatabaseUnavailable(sentence=f"The database could not be made: {done.stdout}")
        fresh.rename(self.data)

    def _run(self, argv: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own programs, no shell
            argv,
            env=self.environment(),
            cwd="/",
            preexec_fn=in_child(account=self.account),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    # --- running it ------------------------------------------------------------------------

    def environment(self) -> Mapping[str, str]:
        """Return the whole environment of the server: nothing of ours, and no HOME needed."""
        return {"PATH": "/usr/bin:/bin", "LC_ALL": utf8_locale(), "TZ": "UTC", "HOME": "/"}

    def command(self) -> list[str]:
        """Return the command that runs the server in the foreground."""
        return [
            str(self.binaries / "postgres"),
            "-D",
            str(self.data),
            "-c",
            f"config_file={self.config}",
            "-c",
            f"hba_file={self.data / 'pg_hba.conf'}",
            "-c",
            f"ident_file={self.data / 'pg_ident.conf'}",
        ]

    def start(self, *, on_line: Line = lambda _line: None, patience_s: float = 60) -> None:
        """Start the server as our child and return when it answers and its database stands.

        There is no limit on how long recovery may take; `patience_s` bounds only how long the
        remains of a killed server are waited for.
        """
        give_up = time.monotonic() + patience_s
        while True:
            tail, ready = self._launch(on_line)
            if ready:
                break
            said = "\n".join(tail)
            if not any(words in said for words in NOT_YET) or time.monotonic() > give_up:
                raise DatabaseUnavailable(sentence=f"The database did not start: {said}")
            time.sleep(0.3)
            self._clear_stale_lock()
        self.ensure_database()

    def _launch(self, on_line: Line) -> tuple[deque[str], bool]:
        """Start once; return the last lines, and whether the server said that it is ready."""
        process = subprocess.Popen(  # noqa: S603 - our own program, no shell
            self.command(),
            env=self.environment(),
            cwd="/",
            preexec_fn=in_child(account=self.account, parent_death=signal.SIGINT),
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._process = process
        decided = threading.Event()
        tail: deque[str] = deque(maxlen=8)
        ready = False

        def pump() -> None:
            nonlocal ready
            assert process.stdout is not None  # noqa: S101 - a pipe was asked for
            for line in process.stdout:
                tail.append(line.rstrip())
                on_line(line.rstrip())
                if READY_LINE in line:
                    ready = True
                    decided.set()
            decided.set()

        threading.Thread(target=pump, name="postgres-log", daemon=True).start()
        decided.wait()
        if not ready:
            process.wait()
            self._process = None
        return tail, ready

    def stop(self, *, patience_s: float = 60) -> None:
        """Stop the server we started: fast (sessions are ended, work is flushed), then hard."""
        process, self._process = self._process, None
        if process is None:
            return
        steps = ((signal.SIGINT, patience_s), (signal.SIGQUIT, 10), (signal.SIGKILL, 10))
        for sig, wait_s in steps:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(sig)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(wait_s)
                return

    def ensure_database(self) -> None:
        """Make role, extensions and database where they are missing, and prove the ctype."""
        with self._connect("template1") as connection:
            for name in EXTENSIONS:
                connection.execute(
                    sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(name))
                )
            row = connection.execute(
                "SELECT datctype, array_length(show_trgm('陈秀兰'), 1) FROM pg_database "
                "WHERE datname = current_database()"
            ).fetchone()
            if row is None or not row[1]:
                raise DatabaseUnavailable(
                    sentence=f"The database's ctype {row and row[0]} cannot search Chinese. "
                    "Make a backup, remove the data folder and restore."
                )
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'songhe'").fetchone():
                connection.execute(
                    sql.SQL("CREATE ROLE songhe LOGIN CREATEDB PASSWORD {}").format(
                        sql.Literal(self.password())
                    )
                )
            if not connection.execute(
                "SELECT 1 FROM pg_roles WHERE rolname = 'songhe_app'"
            ).fetchone():  # as whom the pages read: it owns nothing
                connection.execute("CREATE ROLE songhe_app NOLOGIN")
                connection.execute("GRANT songhe_app TO songhe")
            found = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = 'songhe'"
            ).fetchone()
        if not found:
            with self._connect("postgres") as connection:
                connection.execute("CREATE DATABASE songhe OWNER songhe")

    def _connect(self, dbname: str) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            make_conninfo(self.url(user="postgres", dbname=dbname)), autocommit=True
        )

    # --- what a crash left -----------------------------------------------------------------

    def _postmaster(self) -> psutil.Process | None:
        """Return the live server on this data folder, or None; a reused process number is none."""
        try:
            text = (self.data / "postmaster.pid").read_text(encoding="ascii")
            process = psutil.Process(abs(int(text.splitlines()[0])))
            same = Path(process.cwd()).resolve() == self.data.resolve()
        except (OSError, ValueError, IndexError, psutil.Error):
            return None
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None

    def _clear_stale_lock(self, *, patience_s: float = 60) -> None:
        """Remove a lock file whose server is gone; end a server that outlived its supervisor.

        PostgreSQL itself refuses to start while any process of the same account has the number
        in the file, and in a container the numbers repeat.
        """
        self.stop_orphan(patience_s=patience_s)
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def stop_orphan(self, *, patience_s: float = 60) -> None:
        """Stop a server that a killed supervisor left on our data (call with the lock held)."""
        orphan = self._postmaster()
        if orphan is not None:
            with contextlib.suppress(psutil.Error):
                orphan.send_signal(signal.SIGINT)
            try:
                orphan.wait(patience_s)
            except psutil.TimeoutExpired:
                raise DatabaseUnavailable(
                    sentence=f"Another database server (process {orphan.pid}) works on "
                    f"{self.data} and does not stop."
                ) from None
