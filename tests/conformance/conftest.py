"""A gateway for each module of conformance tests, on a database of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.database import copied
from tests.support.gateway import GatewayProcess, Site


@pytest.fixture(scope="module")
def gateway_database_url(postgres_url: str) -> Iterator[str]:
    """Return the address of a fresh migrated database."""
    with copied(postgres_url) as url:
        yield url


@pytest.fixture(scope="module")
def gateway(gateway_database_url: str) -> Iterator[GatewayProcess]:
    """Return a running gateway."""
    process = GatewayProcess(gateway_database_url)
    try:
        yield process.start()
    finally:
        process.close()


@pytest.fixture
def site(gateway: GatewayProcess) -> Site:
    """Return the database behind the gateway."""
    return gateway.site
