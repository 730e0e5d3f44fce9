"""Fixtures of the whole suite. The environment is set earlier, by tools/pytest_songhe.py."""

from __future__ import annotations

import pytest
from hypothesis import settings

# Machines are noisy: how long an example takes says nothing about whether it is right.
settings.register_profile("songhe", deadline=None)
settings.load_profile("songhe")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(postgres_url: str) -> None:
    """Start the embedded server before Django makes its test database."""
