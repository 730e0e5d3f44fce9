"""The pytest plugin that gives every session its own embedded PostgreSQL on a free port.

It must be an early plugin (`-p`): pytest-django reads the settings before the root conftest.
The addresses are in the environment from the start; the server starts when a test needs it.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

pytest_plugins = ["tools.log_search"]
PREFIX = "songhe-test-"
PORTS = 5


def free_ports(count: int) -> int:
    """Return the first of `count` neighbouring free ports on the loopback."""
    while True:
        base = 20_000 + secrets.randbelow(12_000)
        try:
            for port in range(base, base + count):
                with socket.create_server(("127.0.0.1", port)):
                    pass
        except OSError:
            continue
        return base


def sweep() -> None:
    """Remove the folders of sessions that were killed before they could."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            with (folder / "lock").open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue


class Session:
    """What one pytest session owns: a folder, ports and, once asked for, a database server."""

    def __init__(self) -> None:
        sweep()
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        self.folder.chmod(0o711)
        self.lock = (self.folder / "lock").open("w")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        state = self.folder / "state"
        state.mkdir(mode=0o700)
        base = free_ports(PORTS)
        home = self.folder / "cluster"
        home.mkdir(mode=0o711)
        from songhe.config.postgres import Cluster

        self.cluster = Cluster(home, base + 4, durable=False)
        os.environ |= {
            "SONGHE_MODE": "test",
            "SONGHE_STATE": str(state),
            "SONGHE_PORT": str(base),
        }
        self.given = os.environ.get("SONGHE_TEST_DATABASE_URL", "")
        if self.given:
            os.environ["SONGHE_DATABASE_URL"] = self.given
        else:
            self.cluster.prepare()
            os.environ["SONGHE_DATABASE_URL"] = self.cluster.url()

    def url(self) -> str:
        """Return the address of the running server's database, starting it the first time."""
        if not self.given and self.cluster.running_port() is None:
            self.cluster.start()
        return os.environ["SONGHE_DATABASE_URL"]

    def close(self) -> None:
        """Stop the server and remove everything."""
        self.cluster.stop()
        self.lock.close()
        shutil.rmtree(self.folder, ignore_errors=True)


SESSION = pytest.StashKey[Session]()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """Set the environment before pytest-django reads the settings."""
    session = early_config.stash[SESSION] = Session()
    try:
        return (yield)
    except BaseException:
        session.close()
        raise


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind."""
    session = config.stash.get(SESSION, None)
    if session is not None:
        session.close()


@pytest.fixture(scope="session")
def postgres_url(pytestconfig: pytest.Config) -> str:
    """Return the address of a real PostgreSQL (role songhe, database songhe, empty)."""
    return pytestconfig.stash[SESSION].url()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(postgres_url: str) -> None:
    """Start the server before Django makes its test database."""


@pytest.fixture(scope="session")
def test_database_url(django_db_setup: None) -> str:
    """Return the address of the migrated test database, for processes that are not Django."""
    from django.db import connection
    from psycopg.conninfo import conninfo_to_dict

    given = conninfo_to_dict(os.environ["SONGHE_DATABASE_URL"])
    name = connection.settings_dict["NAME"]
    return (
        f"postgresql://{given['user']}:{given['password']}@{given['host']}:{given['port']}/{name}"
    )


@pytest.fixture
def ports() -> int:
    """Return the first of five neighbouring free ports."""
    return free_ports(PORTS)
