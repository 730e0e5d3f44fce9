"""`songhe backup` and `songhe restore`: one file with the database and the keys that open it.

The file is a tar: `manifest.json` (version, time, rows of every table), `keys/…` from the state
folder, and `database.dump` in pg_dump's custom format, all of one moment.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from songhe.base.health.machine import note_backup
from songhe.config.env import Env
from songhe.config.postgres import EXTENSIONS
from songhe.config.postgres_binaries import wheel_binaries
from songhe.config.supervisor_instance import Instance
from songhe.kernel.errors import Conflict, Invalid, Unavailable

FORMAT = 1
KEY_PATTERNS = ("*.key", "tls/*.pem")
NOT_OURS = (" EXTENSION ", " COMMENT - EXTENSION ")
MIB = 1024 * 1024


class NotABackup(Invalid):
    """The file is not one that `songhe backup` wrote."""

    code = "config.not_a_backup"
    message = "%(file)s is not a backup of Songhe, or it is damaged: %(why)s"


class NotEmpty(Conflict):
    """The database that a backup should go into holds something."""

    code = "config.database_not_empty"
    message = (
        "The database holds %(tables)s tables already. Nothing was changed. To throw its content "
        "away for that of the backup: songhe restore FILE --replace"
    )


class StillRunning(Conflict):
    """A restore under a running instance would pull the floor from under it."""

    code = "config.still_running"
    message = "Songhe runs on this database (process %(pid)s). Stop it first, then restore."


class Failed(Unavailable):
    """A PostgreSQL program did not do its work."""

    code = "config.backup_failed"
    message = "%(program)s failed: %(why)s"


def tables(connection: psycopg.Connection[Any]) -> list[tuple[str, str]]:
    """Return (schema, name) of every table that holds rows, partitions one by one."""
    return connection.execute(
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.relkind = 'r' AND c.relpersistence <> 't' "  # a gateway's temporary tables
        "AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2"
    ).fetchall()


def count_rows(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """Return the exact number of rows of every table."""
    counts = {}
    for schema, name in tables(connection):
        query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, name))
        row = connection.execute(query).fetchone()
        counts[f"{schema}.{name}"] = int(row[0]) if row else 0
    return counts


def backup(url: str, state: Path, file: Path, *, at: datetime) -> dict[str, Any]:
    """Write a backup to `file` (closed to others); return its manifest."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix=".songhe-backup-", dir=file.parent) as folder,
        psycopg.connect(url) as connection,
    ):
        dump, fresh = Path(folder) / "database.dump", Path(folder) / "fresh"
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        row = connection.execute("SELECT pg_export_snapshot()").fetchone()
        manifest = {
            "format": FORMAT,
            "written_at": at.isoformat(),
            "postgres": connection.info.server_version // 10_000,
            "rows": count_rows(connection),
        }
        _run(
            "pg_dump",
            url,
            [
                "--format=custom",
                "--no-owner",
                "--no-privileges",
                f"--snapshot={row[0] if row else ''}",
                f"--file={dump}",
            ],
        )
        fresh.touch(mode=0o600)
        with tarfile.open(fresh, "w") as archive:
            text = json.dumps(manifest, indent=1).encode()
            info = tarfile.TarInfo("manifest.json")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text))
            for key in (one for pattern in KEY_PATTERNS for one in sorted(state.glob(pattern))):
                archive.add(key, f"keys/{key.relative_to(state)}")
            archive.add(dump, "database.dump")
        fresh.replace(file)
    return manifest


def restore(url: str, state: Path, file: Path, *, replace: bool = False) -> dict[str, Any]:
    """Put a backup in the place of the database's content; return its manifest.

    It is read into a database beside the old one, its rows are counted, and only then the two
    change places: a backup that is damaged leaves everything as it was.
    Raises NotABackup, NotEmpty.
    """
    with tempfile.TemporaryDirectory(prefix="songhe-restore-") as folder:
        manifest = _unpack(file, Path(folder))
        with psycopg.connect(url) as connection:
            present = len(tables(connection))
        if present and not replace:
            raise NotEmpty(tables=present)
        name = str(conninfo_to_dict(url)["dbname"])
        beside = f"{name}_restoring"
        with psycopg.connect(_at(url, "postgres"), autocommit=True) as admin:
            _drop(admin, beside)
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(beside)))
            try:
                _fill(_at(url, beside), Path(folder) / "database.dump", manifest["rows"], file)
            except BaseException:
                _drop(admin, beside)
                raise
            _drop(admin, name)
            admin.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                    sql.Identifier(beside), sql.Identifier(name)
                )
            )
        _restore_keys(Path(folder) / "keys", state)
    return manifest


def _unpack(file: Path, folder: Path) -> dict[str, Any]:
    try:
        with tarfile.open(file, "r:") as archive:
            _extract(archive, folder)
        manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text("utf-8"))
        found = manifest["format"]
        if not (folder / "database.dump").is_file():
            raise NotABackup(file=file, why="it has no database")
    except (OSError, tarfile.TarError, ValueError, KeyError) as error:
        raise NotABackup(file=file, why=error) from None
    if found != FORMAT:
        raise NotABackup(file=file, why=f"its format is {found}, this version reads {FORMAT}")
    return manifest


def _extract(archive: tarfile.TarFile, folder: Path) -> None:
    """Write out plain files below `folder` (early Python 3.11 has no extraction filter)."""
    for member in archive:
        target = (folder / member.name).resolve()
        source = archive.extractfile(member) if member.isfile() else None
        if source is None or not target.is_relative_to(folder.resolve()):
            raise tarfile.TarError(f"{member.name} does not belong into a backup")
        target.parent.mkdir(parents=True, exist_ok=True)
        with source, target.open("wb") as out:
            shutil.copyfileobj(source, out)


def _fill(url: str, dump: Path, rows: dict[str, int], file: Path) -> None:
    """Read the dump into an empty database and compare every table with the manifest."""
    listed = _run("pg_restore", None, ["--list", str(dump)])
    wanted = [line for line in listed.splitlines() if not any(x in line for x in NOT_OURS)]
    toc = dump.with_suffix(".list")
    toc.write_text("\n".join(wanted) + "\n", encoding="utf-8")
    with psycopg.connect(url, autocommit=True) as connection:
        for name in EXTENSIONS:
            connection.execute(
                sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(name))
            )
    _run(
        "pg_restore",
        url,
        ["--no-owner", "--no-privileges", "--exit-on-error", f"--use-list={toc}", str(dump)],
    )
    with psycopg.connect(url) as connection:
        found = count_rows(connection)
    if found != rows:
        different = sorted({*found.items()} ^ {*rows.items()})
        raise NotABackup(file=file, why=f"rows differ after reading: {different[:4]}")


def _restore_keys(keys: Path, state: Path) -> None:
    """Put the backup's keys in place; keys that were there before are kept beside them."""
    for source in sorted(path for path in keys.rglob("*") if path.is_file()):
        target = state / source.relative_to(keys)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if target.exists() and target.read_bytes() != source.read_bytes():
            target.rename(target.with_name(f"{target.name}.before-restore"))
        shutil.copyfile(source, target)
        target.chmod(0o600)


def _at(url: str, dbname: str) -> str:
    return make_conninfo(url, dbname=dbname)


def _drop(admin: psycopg.Connection[Any], name: str) -> None:
    admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _program(name: str, server_major: int) -> str:
    """Return the program: the system's where it is new enough (it can speak TLS), else ours."""
    system = shutil.which(name)
    if system:
        done = subprocess.run([system, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
        words = done.stdout.split()
        major = next((word.split(".")[0] for word in words if word[:1].isdigit()), "0")
        if major.isdigit() and int(major) >= server_major:
            return system
    return str(wheel_binaries() / name)


def _run(name: str, url: str | None, arguments: Sequence[str]) -> str:
    """Run pg_dump or pg_restore; the password travels in the environment, not on the line."""
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"}
    major, target = 18, []
    if url is not None:
        parts = conninfo_to_dict(url)
        environment["PGPASSWORD"] = str(parts.pop("password", ""))
        target = [f"--dbname={make_conninfo(**{k: str(v) for k, v in parts.items()})}"]
        with psycopg.connect(url) as connection:
            major = connection.info.server_version // 10_000
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own programs
        [_program(name, major), *target, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Failed(program=name, why=done.stderr.strip()[-800:])
    return done.stdout


def backup_main(argv: list[str]) -> int:
    """Run `songhe backup`."""
    parser = argparse.ArgumentParser(
        prog="songhe backup",
        description="Write the database and the keys into one file, while everything runs. Keep "
        "the file closed: with it anybody can read everything.",
        epilog="Example: songhe backup /backups/songhe-monday.backup",
    )
    parser.add_argument("file", type=Path, help="file to write; it is replaced when it exists")
    file = parser.parse_args(argv).file.absolute()
    state = Env().state.resolve()
    url = os.environ["SONGHE_DATABASE_URL"]
    try:
        at = datetime.now(UTC)
        manifest = backup(url, state, file, at=at)
        note_backup(state, file=file, size_bytes=file.stat().st_size, at=at)
    except OSError as error:
        raise Failed(program="backup", why=error) from None
    _tell(f"written to {file}, {max(1, file.stat().st_size // MIB)} MB", manifest)
    return 0


def restore_main(argv: list[str]) -> int:
    """Run `songhe restore`."""
    parser = argparse.ArgumentParser(
        prog="songhe restore",
        description="Read a backup into this install. Stop Songhe first. A backup that is "
        "damaged changes nothing.",
        epilog="Example: songhe restore /backups/songhe-monday.backup",
    )
    parser.add_argument("file", type=Path, help="file that songhe backup wrote")
    parser.add_argument(
        "--replace", action="store_true", help="throw away what the database holds now"
    )
    arguments = parser.parse_args(argv)
    instance = Instance(Env().state)
    if instance.running():
        raise StillRunning(pid=instance.read()["pid"])
    url = os.environ["SONGHE_DATABASE_URL"]
    manifest = restore(url, instance.state, arguments.file, replace=arguments.replace)
    _tell(f"of {manifest['written_at']} restored", manifest)
    return 0


def _tell(what: str, manifest: dict[str, Any]) -> None:
    rows = manifest["rows"]
    sys.stdout.write(f"Backup {what}: {len(rows)} tables, {sum(rows.values())} rows.\n")
