"""Fixtures of the whole suite. The environment is set earlier, by tools/pytest_songhe.py."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def django_db_modify_db_settings(postgres_url: str) -> None:
    """Start the embedded server before Django makes its test database."""
