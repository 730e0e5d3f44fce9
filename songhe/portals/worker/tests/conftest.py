"""A worker with her visits."""

from __future__ import annotations

import pytest

from songhe.portals.worker.tests.phones import World


@pytest.fixture
def world(db: None) -> World:
    return World()
