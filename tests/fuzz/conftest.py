"""A running gateway for the fuzz tests that go through real sockets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.database import copied
from tests.support.gateway import GatewayProcess


@pytest.fixture(scope="package")
def gateway(postgres_url: str) -> Iterator[GatewayProcess]:
    """Return a running gateway that lets one device do much."""
    with copied(postgres_url) as url:
        process = GatewayProcess(
            url,
            SONGHE_GATEWAY_RATE_PER_S="100000",
            SONGHE_GATEWAY_RATE_BURST="100000",
            SONGHE_GATEWAY_LETTERS_PER_MINUTE="1000000",
        )
        try:
            yield process.start()
        finally:
            process.close()
