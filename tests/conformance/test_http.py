"""Device interface 1 over HTTP, with nothing but the standard library as the client."""

from __future__ import annotations

import json

from tests.support.gateway import GatewayProcess, Site, pressure, stamp


def test_a_message_is_answered_after_it_is_stored(gateway: GatewayProcess, site: Site) -> None:
    device = gateway.device()
    status, answer = gateway.post(device, "readings", pressure(131))
    assert (status, answer) == (200, {"accepted": 1, "rejected": []})
    (row,) = site.readings(device)
    assert row["values"] == [131.0, 80.0]
    assert row["subject"] == row["person"] == device.person
