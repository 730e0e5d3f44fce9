"""Sealed fields open only in their own row and field."""

from __future__ import annotations

import os

import pytest
from django.conf import settings
from structlog.testing import capture_logs

from songhe.base import vault
from songhe.base.vault import keyring
from songhe.kernel.ids import uuid7

FIELD = "people.Person.id_number"


def test_a_sealed_value_opens_where_it_belongs_and_nowhere_else() -> None:
    pk, other = uuid7(), uuid7()
    sealed = vault.seal("99012119440305002X", field=FIELD, pk=pk)
    assert b"9901" not in sealed
    assert vault.unseal(sealed, field=FIELD, pk=pk) == "99012119440305002X"
    for field, row in ((FIELD, other), ("people.Person.phone", pk)):
        with pytest.raises(vault.VaultClosed):
            vault.unseal(sealed, field=field, pk=row)


def test_bytes_that_are_no_text_are_sealed_as_well() -> None:
    pk, plain = uuid7(), bytes(range(256)) * 40
    sealed = vault.seal_bytes(plain, field="consent.PaperPart.body", pk=pk)
    assert plain[:64] not in sealed
    assert vault.unseal_bytes(sealed, field="consent.PaperPart.body", pk=pk) == plain
    with pytest.raises(vault.VaultClosed):
        vault.unseal_bytes(sealed, field="consent.PaperPart.body", pk=uuid7())


@pytest.mark.parametrize("position", [0, 1, 5, 20, -1])
def test_an_altered_value_does_not_open(position: int) -> None:
    pk = uuid7()
    sealed = bytearray(vault.seal("19900000001", field=FIELD, pk=pk))
    sealed[position] ^= 1
    with pytest.raises(vault.VaultClosed):
        vault.unseal(bytes(sealed), field=FIELD, pk=pk)


def test_the_same_text_seals_differently_but_is_found_by_its_index() -> None:
    pk = uuid7()
    assert vault.seal("x", field=FIELD, pk=pk) != vault.seal("x", field=FIELD, pk=pk)
    assert vault.blind_index("x", field=FIELD) == vault.blind_index("x", field=FIELD)
    assert vault.blind_index("x", field=FIELD) != vault.blind_index(
        "x", field="people.Person.phone"
    )


def test_the_key_file_is_private() -> None:
    vault.blind_index("x", field=FIELD)
    path = keyring.path()
    assert path.parent == settings.ENV.state
    assert path.stat().st_mode & 0o077 == 0
    assert path.stat().st_uid == os.getuid()


def test_another_key_is_told_once_by_its_id_and_never_shown() -> None:
    pk = uuid7()
    path = keyring.path()
    sealed = vault.seal("19900000001", field=FIELD, pk=pk)
    first, mine = path.read_text(), vault.key_id()
    try:
        path.write_text(f"1 {os.urandom(32).hex()}\n")
        forget()
        with capture_logs() as told:
            for _ in range(3):
                with pytest.raises(vault.VaultClosed):
                    vault.unseal(sealed, field=FIELD, pk=pk)
        (line,) = told
        assert (line["event"], line["field"]) == ("vault_key_missing", FIELD)
        assert line["key_here"] == f"1: {vault.key_id()}" != f"1: {mine}"
        assert path.read_text().split()[1] not in str(line)
    finally:
        path.write_text(first)
        forget()
    assert vault.unseal(sealed, field=FIELD, pk=pk) == "19900000001"


def test_a_key_that_others_may_read_is_told() -> None:
    path = keyring.path()
    vault.key_id()
    try:
        path.chmod(0o644)
        with capture_logs() as told, pytest.raises(vault.VaultClosed):
            vault.key_id()
        assert [(line["event"], line["mode"]) for line in told] == [
            ("vault_key_not_private", "0o644")
        ]
    finally:
        path.chmod(0o600)


@pytest.mark.parametrize("text", ["", "1 abc", "1", "x " + "00" * 32, "1 " + "00" * 31, "é"])
def test_a_damaged_key_file_closes_the_vault(text: str) -> None:
    path = keyring.path()
    vault.key_id()
    first = path.read_text()
    try:
        path.write_text(text)
        forget()
        with capture_logs() as told, pytest.raises(vault.VaultClosed):
            vault.key_id()
        assert [line["event"] for line in told] == ["vault_key_damaged"]
        assert path.read_text() == text
    finally:
        path.write_text(first)
        forget()


def forget() -> None:
    """Read the key anew, as another process would."""
    keyring.forget()
    vault._tell_missing.cache_clear()
