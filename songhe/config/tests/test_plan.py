"""What `songhe up` settles before it starts anything, and the command line around it."""

from __future__ import annotations

import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from songhe.config import cli
from songhe.config.env import Env
from songhe.config.postgres_settings import MIB, render, scaled, settings
from songhe.config.supervisor_tls import self_signed
from songhe.config.supervisor_up import House

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def test_the_plan_stands_on_the_embedded_database(tmp_path: Path) -> None:
    plan = House(Env(state=tmp_path, database_url="")).processes()
    assert [p.name for p in plan] == ["postgres", "migrate", "gateway", "web", "live", "jobs"]
    assert plan[1].after == ["postgres"]
    assert all(tuple(p.after) == ("migrate",) for p in plan[2:])


def test_a_database_of_ones_own_is_used_as_it_is(tmp_path: Path) -> None:
    house = House(Env(state=tmp_path, database_url="postgresql://a:b@db.example/songhe"))
    assert "postgres" not in [process.name for process in house.processes()]
    assert house.child_environment()["SONGHE_DATABASE_URL"] == "postgresql://a:b@db.example/songhe"
    assert "SONGHE_DATABASE_URL" not in house.addresses()
    assert "SONGHE_SECRET_KEY" not in house.addresses()


def test_one_number_moves_all_ports_and_one_can_stand_apart(tmp_path: Path) -> None:
    house = House(Env(state=tmp_path, port=9100, mqtt_port=1883))
    known = house.addresses()
    assert known["SONGHE_WEB_PORT"] == "9100"
    assert known["SONGHE_LIVE_PORT"] == "9101"
    assert known["SONGHE_GATEWAY_HTTP_PORT"] == "9102"
    assert known["SONGHE_MQTT_PORT"] == "1883"
    assert known["SONGHE_POSTGRES_PORT"] == "9104"


def test_an_address_of_the_network_is_allowed_as_host(tmp_path: Path) -> None:
    house = House(Env(state=tmp_path, host="192.168.7.5"))
    assert house.addresses()["SONGHE_ALLOWED_HOSTS"].split(",")[-1] == "192.168.7.5"


def test_the_self_signed_certificate_is_kept_and_renewed(tmp_path: Path) -> None:
    names = ["localhost", "127.0.0.1", "::1"]
    certificate, key = self_signed(tmp_path / "tls", names, now=NOW)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    found = x509.load_pem_x509_certificate(certificate.read_bytes())
    stood = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {str(name.value) for name in stood} == set(names)
    first = certificate.read_bytes()
    self_signed(tmp_path / "tls", names, now=NOW + timedelta(days=300))
    assert certificate.read_bytes() == first
    self_signed(tmp_path / "tls", names, now=NOW + timedelta(days=380))
    assert certificate.read_bytes() != first


def test_settings_follow_the_machine() -> None:
    measured = scaled(24 * 1024 * MIB)
    assert measured["shared_buffers"] == "4096MB"
    assert measured["effective_cache_size"] == "14254MB"
    assert measured["work_mem"] == "32MB"
    assert scaled(1024 * MIB)["shared_buffers"] == "170MB"
    assert scaled(256 * MIB)["shared_buffers"] == "128MB"


def test_only_tests_trade_durability() -> None:
    durable = settings(port=1, sockets=Path("/run"), durable=True, memory_bytes=MIB)
    assert durable["synchronous_commit"] == "on"
    assert not {"fsync", "full_page_writes"} & set(durable)
    quick = settings(port=1, sockets=Path("/run"), durable=False, memory_bytes=MIB)
    assert quick["fsync"] == "off"
    assert quick["synchronous_commit"] == "on"  # a killed server keeps what it has committed


def test_a_path_with_a_quote_is_written_safely() -> None:
    assert render({"unix_socket_directories": "/o'hara"}) == (
        "unix_socket_directories = '/o''hara'\n"
    )


def test_the_help_names_every_command_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    said = capsys.readouterr().out
    for command in cli.COMMANDS:
        assert command.summary in said
        assert command.example in said


def test_a_wrong_command_gets_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["dotcor"]) == 1
    assert "Did you mean doctor?" in capsys.readouterr().err


def test_a_setting_that_cannot_be_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SONGHE_PORT", "80")
    assert cli.main(["doctor"]) == 2
    assert "SONGHE_PORT cannot be '80'" in capsys.readouterr().err
