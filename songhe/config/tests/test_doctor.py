"""What the doctor finds, and that he says it in both languages."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

import psycopg
import pytest

from songhe.config import doctor
from songhe.config.doctor import Level
from songhe.config.doctor_words import WORDS
from songhe.config.env import Env
from songhe.config.postgres import Cluster
from songhe.config.supervisor_instance import Instance


def keys(findings: list[doctor.Finding], level: Level) -> set[str]:
    return {finding.key for finding in findings if finding.level is level}


def wrong(findings: list[doctor.Finding]) -> set[str]:
    return keys(findings, Level.MEND)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    Instance(folder).make_state()
    return folder


def test_a_fresh_folder_is_well(state: Path) -> None:
    (state / "secret.key").touch(mode=0o600)
    (state / "secret.key").write_text("x" * 64)
    assert wrong([*doctor.check_state(state)]) == set()


def test_open_folders_and_keys_are_found(state: Path) -> None:
    (state / "secret.key").write_text("x" * 64)
    (state / "secret.key").chmod(0o644)
    (state / "vault.key").write_text("short")
    (state / "vault.key").chmod(0o600)
    state.chmod(0o755)
    assert wrong([*doctor.check_state(state)]) == {"state-mode", "key-mode", "key-short"}


def test_a_taken_port_is_found_with_its_use(state: Path, ports: int) -> None:
    env = Env(state=state, port=ports)
    assert wrong([*doctor.check_running(env, Instance(state))]) == set()
    with socket.create_server(("127.0.0.1", ports + 3)):
        findings = [*doctor.check_running(env, Instance(state))]
    assert wrong(findings) == {"port-taken"}
    assert f"Port {ports + 3} (MQTT)" in findings[0].said("en")
    assert f"端口 {ports + 3}" in findings[0].said("zh")


def test_a_killed_instance_is_noted(state: Path, ports: int) -> None:
    instance = Instance(state)
    instance.write({"SONGHE_PORT": str(ports)})
    env = Env(state=state, port=ports)
    assert {f.key for f in doctor.check_running(env, instance)} == {"running"}
    record = instance.record_file.read_text().replace('"started": ', '"started": 1')
    instance.record_file.write_text(record)
    assert "left-behind" in keys([*doctor.check_running(env, instance)], Level.NOTE)


def test_a_clock_before_this_version_is_wrong() -> None:
    assert wrong([*doctor.check_clock(datetime(2020, 1, 1, tzinfo=UTC))]) == {"clock-wrong"}
    assert wrong([*doctor.check_clock(datetime(2027, 1, 1, tzinfo=UTC))]) == set()


def test_data_of_another_version_or_account_is_found(tmp_path: Path, ports: int) -> None:
    cluster = Cluster(tmp_path / "home", ports, durable=False)
    tmp_path.chmod(0o755)
    instance = Instance(tmp_path / "state")
    instance.make_state()
    (instance.state / "cluster").write_text("known")
    assert "data-none" in keys([*doctor.check_cluster(cluster, instance)], Level.NOTE)
    cluster.data.mkdir(parents=True)
    (cluster.data / "PG_VERSION").write_text("13\n")
    found = wrong([*doctor.check_cluster(cluster, instance)])
    if cluster.account:  # we are root, the data would have to be the account's
        assert found == {"data-owner"}
        import os

        os.chown(cluster.data, cluster.account.uid, cluster.account.gid)
        found = wrong([*doctor.check_cluster(cluster, instance)])
    assert found == {"data-version"}
    (instance.state / "cluster").unlink()
    (cluster.data / "PG_VERSION").write_text("18\n")
    assert wrong([*doctor.check_cluster(cluster, instance)]) == {"data-keyless"}


def test_databases_of_installs_that_are_gone_are_noted(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    alive.mkdir()
    for name, state in (("a", alive), ("b", tmp_path / "gone"), ("a.aside-2026", alive)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "state-folder").write_text(f"{state}\n")
    findings = [*doctor.check_left_over(tmp_path)]
    assert [finding.values["folder"] for finding in findings] == [
        tmp_path / "a.aside-2026",
        tmp_path / "b",
    ]


def test_pending_tables_and_a_missing_extension_are_found(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS doctor_drill WITH (FORCE)")
        connection.execute("CREATE DATABASE doctor_drill TEMPLATE template0")
    try:
        url = postgres_url.rsplit("/", 1)[0] + "/doctor_drill"
        findings = [*doctor.check_database(url)]
    finally:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute("DROP DATABASE doctor_drill WITH (FORCE)")
    assert [f.values.get("name") for f in findings if f.key == "extension"] == [
        "btree_gist",
        "pg_trgm",
    ]
    assert "migrations" in wrong(findings)


def test_a_database_that_is_away_is_said(ports: int) -> None:
    findings = [*doctor.check_database(f"postgresql://songhe:x@127.0.0.1:{ports}/songhe")]
    assert wrong(findings) == {"database-away"}


def test_every_sentence_stands_in_both_languages_with_the_same_values() -> None:
    for key, (english, chinese) in WORDS.items():
        fields = [
            {name for _, name, _, _ in Formatter().parse(t) if name} for t in (english, chinese)
        ]
        assert fields[0] == fields[1], key
        assert any("\u4e00" <= character <= "\u9fff" for character in chinese) or key == "python-ok"


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "en"),
        ({}, "en"),
    ],
)
def test_the_language_follows_the_system(environment: dict[str, str], language: str) -> None:
    assert doctor.language_of(environment) == language
