"""A state folder of their own for tests that seal: key and signed end belong to one chain."""

from __future__ import annotations

from pathlib import Path

import pytest

from songhe.base.audit import signing


@pytest.fixture
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(signing, "_state", lambda: tmp_path)
    return tmp_path
