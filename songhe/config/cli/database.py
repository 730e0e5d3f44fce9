"""The commands that work on the database, and how any command finds it."""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from songhe.config.env import Env
from songhe.config.postgres import Cluster, cluster_home
from songhe.config.postgres_binaries import DatabaseUnavailable
from songhe.config.supervisor_instance import Instance


@contextmanager
def reachable_database() -> Iterator[None]:
    """Let SONGHE_DATABASE_URL name a running database for the time of the block.

    An address in the environment is taken as it is. Otherwise the running instance of the state
    folder is joined (its ports come with it), and where none runs, the embedded database is
    started for this command alone.
    """
    if os.environ.get("SONGHE_DATABASE_URL"):
        yield
        return
    env = Env()
    instance = Instance(env.state)
    if instance.running():
        for name, value in instance.read()["environment"].items():
            os.environ.setdefault(name, value)
        env = Env()
    cluster = Cluster(cluster_home(env.state.resolve()), env.port_of("postgres"))
    running_port = cluster.running_port() if instance.running() else None
    if running_port is not None:
        cluster.port = running_port
        os.environ["SONGHE_DATABASE_URL"] = cluster.url()
        yield
        return
    with instance.hold():
        instance.set_aside_older()
        cluster.prepare()
        cluster.start()
        os.environ["SONGHE_DATABASE_URL"] = cluster.url()
        try:
            yield
        finally:
            cluster.stop()
            del os.environ["SONGHE_DATABASE_URL"]


def _django(*argv: str) -> int:
    from django.core.management import execute_from_command_line

    execute_from_command_line(["songhe manage", *argv])
    return 0


def migrate(argv: list[str]) -> int:
    """Run `songhe migrate`: bring tables and the pages' static files up to date."""
    parser = argparse.ArgumentParser(
        prog="songhe migrate",
        description="Bring the database's tables, and the files that pages load, up to this"
        " version. `songhe up` does it itself.",
        epilog="Example: songhe migrate",
    )
    parser.parse_args(argv)
    _wait_for_outside_database()
    _apply_pending()
    _make_keys()
    _gather_static()
    return 0


def _gather_static() -> None:
    """Gather the pages' static files, unless they are the ones that were gathered last."""
    from django.conf import settings
    from django.contrib.staticfiles import finders
    from django.core.management import call_command

    known = hashlib.blake2b(digest_size=16)
    for finder in finders.get_finders():
        for path, storage in finder.list([]):
            found = os.stat(storage.path(path))
            known.update(f"{path} {found.st_mtime_ns} {found.st_size}\n".encode())
    mark = settings.STATIC_ROOT / "gathered"
    if mark.exists() and mark.read_text(encoding="ascii") == known.hexdigest():
        return
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    mark.write_text(known.hexdigest(), encoding="ascii")


def _apply_pending() -> None:
    """Apply what is pending and say how much it was."""
    import django
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    django.setup()
    executor = MigrationExecutor(connection)
    pending = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    call_command("migrate", interactive=False, verbosity=0)
    said = f"{pending} changes of the tables applied" if pending else "the tables are up to date"
    sys.stdout.write(f"{said}\n")


def _make_keys() -> None:
    """Make the keys now, before several processes want them at the same moment."""
    from uuid import UUID

    from songhe.base import vault
    from songhe.base.audit import signing

    vault.seal("", field="config.first_start", pk=UUID(int=0))
    signing.make_key()


def _wait_for_outside_database() -> None:
    """Turn a database that cannot be reached into a sentence."""
    import psycopg

    try:
        psycopg.connect(os.environ["SONGHE_DATABASE_URL"], connect_timeout=10).close()
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(
            sentence=f"The database at SONGHE_DATABASE_URL does not answer: {error}"
        ) from None


def manage(argv: list[str]) -> int:
    """Run one of Django's own commands, for developers."""
    if not argv or argv[0] in {"-h", "--help"}:
        sys.stdout.write("Example: songhe manage makemigrations people\n\n")
        argv = ["help"]
    return _django(*argv)
