"""Backup and restore on a real database: counts, keys, refusals that change nothing."""

from __future__ import annotations

import io
import json
import stat
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from songhe.config.backup import NotABackup, NotEmpty, backup, count_rows, restore

AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
TABLES = """
CREATE TABLE person (id serial PRIMARY KEY, name text NOT NULL);
CREATE INDEX person_name ON person USING gin (name gin_trgm_ops);
CREATE TABLE reading (person int REFERENCES person, at date) PARTITION BY RANGE (at);
CREATE TABLE reading_a PARTITION OF reading FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');
CREATE TABLE reading_b PARTITION OF reading FOR VALUES FROM ('2026-07-01') TO ('2027-01-01');
INSERT INTO person (name) SELECT '陈秀兰' || i FROM generate_series(1, 50) i;
INSERT INTO reading SELECT 1 + i % 50, date '2026-01-01' + i FROM generate_series(0, 364) i;
"""


@pytest.fixture
def databases(postgres_url: str) -> Iterator[tuple[str, str]]:
    """Return the addresses of a filled and an empty database."""
    names = ("drill_full", "drill_empty")
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        for name in names:
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            admin.execute(f"CREATE DATABASE {name}")
        full, empty = (make_conninfo(postgres_url, dbname=name) for name in names)
        with psycopg.connect(full) as connection:
            connection.execute(TABLES)
        yield full, empty
        for name in (*names, "drill_empty_restoring"):
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def state_at(folder: Path, secret: str) -> Path:
    folder.mkdir()
    (folder / "secret.key").write_text(secret)
    (folder / "vault.key").write_bytes(secret.encode() * 2)
    return folder


def rows(url: str) -> dict[str, int]:
    with psycopg.connect(url) as connection:
        return count_rows(connection)


def test_what_was_stored_comes_back_with_its_keys(
    databases: tuple[str, str], tmp_path: Path
) -> None:
    full, empty = databases
    old, new = state_at(tmp_path / "old", "first"), state_at(tmp_path / "new", "second")
    file = tmp_path / "monday.backup"
    manifest = backup(full, old, file, at=AT)
    assert manifest["rows"] == {
        "public.person": 50,
        "public.reading_a": 181,
        "public.reading_b": 184,
    }
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert restore(empty, new, file)["written_at"] == AT.isoformat()
    assert rows(empty) == rows(full) == manifest["rows"]
    with psycopg.connect(empty) as connection:
        connection.execute("INSERT INTO person (name) VALUES ('next')")  # the sequence came along
        found = connection.execute(
            "SELECT indexdef FROM pg_indexes WHERE indexname = 'person_name'"
        ).fetchone()
    assert found is not None
    assert "gin_trgm_ops" in found[0]
    assert (new / "secret.key").read_text() == "first"
    assert (new / "vault.key").read_text() == "firstfirst"
    assert (new / "secret.key.before-restore").read_text() == "second"


def test_a_database_that_holds_something_is_left_alone(
    databases: tuple[str, str], tmp_path: Path
) -> None:
    full, empty = databases
    old, new = state_at(tmp_path / "old", "first"), state_at(tmp_path / "new", "second")
    file = tmp_path / "monday.backup"
    backup(full, old, file, at=AT)
    with psycopg.connect(empty) as connection:
        connection.execute("CREATE TABLE diary AS SELECT 1 AS day")
    with pytest.raises(NotEmpty):
        restore(empty, new, file)
    assert rows(empty) == {"public.diary": 1}
    assert (new / "secret.key").read_text() == "second"
    restore(empty, new, file, replace=True)
    assert rows(empty) == rows(full)


def test_a_damaged_backup_changes_nothing(databases: tuple[str, str], tmp_path: Path) -> None:
    full, empty = databases
    state = state_at(tmp_path / "old", "first")
    names = ("whole", "torn", "cheated", "climbing")
    whole, torn, cheated, climbing = (tmp_path / name for name in names)
    backup(full, state, whole, at=AT)
    torn.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with tarfile.open(whole) as source, tarfile.open(cheated, "w") as target:
        for member in source.getmembers():
            data = source.extractfile(member)
            assert data is not None
            content = data.read()
            if member.name == "manifest.json":
                manifest = json.loads(content)
                manifest["rows"]["public.person"] = 51
                content = json.dumps(manifest).encode()
                member.size = len(content)
            target.addfile(member, io.BytesIO(content))
    with tarfile.open(climbing, "w") as target:
        target.addfile(tarfile.TarInfo("../climbed.key"), io.BytesIO())
    with psycopg.connect(empty) as connection:
        connection.execute("CREATE TABLE diary AS SELECT 1 AS day")
    for file in (torn, cheated, climbing, tmp_path / "missing"):
        with pytest.raises(NotABackup):
            restore(empty, state, file, replace=True)
        assert rows(empty) == {"public.diary": 1}
