"""The desk is tested in monitoring's small county."""

from __future__ import annotations

import pytest

from songhe.domains.monitoring.tests.conftest import County, county
from songhe.domains.monitoring.tests.surfaces import settle

__all__ = ["county", "house"]


@pytest.fixture
def house(county: County) -> County:
    return settle(county)
