"""The kit's tests see the kit alone: what higher rooms put into its slots has its own tests."""

from __future__ import annotations

import pytest

from songhe.kit import slots


@pytest.fixture(autouse=True)
def empty_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every panel out of every slot for the time of a test."""
    monkeypatch.setattr(slots, "_slots", {})
