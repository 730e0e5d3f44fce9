"""`songhe audit`: what it prints, and that an export is checked by the same command."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from songhe.base.access.actor import SYSTEM
from songhe.base.audit import services, signing
from songhe.config.cli import audit

pytestmark = pytest.mark.django_db


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(signing, "_state", lambda: tmp_path)
    return tmp_path


def test_an_export_is_checked_with_the_key_that_was_printed(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    services.record_change(actor=SYSTEM, action="a.b", ref="x/1", at=datetime.now(UTC))
    assert audit._status() == 0
    assert "1 records wait" in capsys.readouterr().out
    file = state / "audit.jsonl"
    assert audit._export(file, None, None) == 0
    assert "2 links and 0 checkpoints" in capsys.readouterr().out
    assert audit._status() == 0
    assert "sealed to position 2" in capsys.readouterr().out
    assert audit._key() == 0
    key = capsys.readouterr().out.strip()
    assert audit.main(["verify", str(file), "--key", key]) == 0
    text = file.read_text("utf-8").replace('"a.b"', '"a.c"')
    file.write_text(text, "utf-8")
    assert audit.main(["verify", str(file), "--key", key]) == 1
    assert "was altered" in capsys.readouterr().out


def test_a_key_that_is_none_is_refused(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        audit.main(["verify", str(state / "x"), "--key", "5f2c"])
    assert "64 hexadecimal digits" in capsys.readouterr().err
    assert audit.main(["verify", str(state / "x")]) == 2
