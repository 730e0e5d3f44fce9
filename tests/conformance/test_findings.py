"""Acknowledged means judged: the finding is there when the device hears of its message."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from tests.support.gateway import DeviceLogin, GatewayProcess, Site, pressure, stamp, until


def findings(site: Site, device: DeviceLogin) -> list[tuple[Any, ...]]:
    """Return (rule, phase, level, evidence) of a device's findings."""
    return site.rows(
        "SELECT rule, phase, level, evidence FROM finding WHERE subject IN (%s, %s)"
        " ORDER BY decided_at",
        device.person,
        device.id,
    )


def test_a_critical_pressure_is_found_in_the_commit_of_its_reading(
    gateway: GatewayProcess, site: Site
) -> None:
    device = gateway.device()
    gateway.post(device, "readings", pressure(128, seconds_ago=60))
    assert findings(site, device) == []
    gateway.post(device, "readings", pressure(215))
    ((rule, phase, level, evidence),) = findings(site, device)
    assert (rule, phase, level) == ("bp-critical", "raised", "critical")
    (row,) = [row for row in site.readings(device) if row["values"][0] == 215.0]
    assert [key["at_us"] for key in evidence] == [round(row["at"].timestamp() * 1_000_000)]
    assert {key["subject"] for key in evidence} == {str(device.person)}


def test_a_call_for_help_is_found_once_also_when_sent_again(
    gateway: GatewayProcess, site: Site
) -> None:
    device = gateway.device()
    body = json.dumps({"at": stamp(), "event": "sos", "state": "pressed"}).encode()
    for _ in range(3):
        gateway.post(device, "events", body)
    assert [row[:2] for row in findings(site, device)] == [("sos", "raised")]


def test_a_restart_raises_nothing_again_and_forgets_nothing(
    gateway: GatewayProcess, site: Site
) -> None:
    device = gateway.device()
    gateway.post(device, "readings", pressure(210, seconds_ago=120))
    before = findings(site, device)
    assert len(before) == 1
    gateway.kill()
    gateway.start()
    gateway.post(device, "readings", pressure(211, seconds_ago=30))
    raised = [row for row in findings(site, device) if row[1] == "raised"]
    assert raised == before


def test_evidence_is_announced(gateway: GatewayProcess, site: Site) -> None:
    device = gateway.device()
    site.rows("LISTEN songhe_finding")
    gateway.post(device, "readings", pressure(230))
    assert site.announced("songhe_finding")


def test_a_rule_that_lasts_fires_when_the_gateway_was_killed_in_the_middle(
    gateway: GatewayProcess, site: Site
) -> None:
    """Ten unbroken minutes of 120 a minute: killed at nine, the tenth is not the first."""
    device = gateway.device()

    def pulse(minutes_ago: float) -> None:
        rows = [{"code": "8867-4", "value": 120, "unit": "/min"}]
        body = json.dumps({"at": stamp(minutes_ago * 60), "readings": rows}).encode()
        gateway.post(device, "readings", body)

    for minutes_ago in (11, 8.5, 6, 4, 2):
        pulse(minutes_ago)
    assert findings(site, device) == []
    gateway.kill()
    gateway.start()
    pulse(0)
    assert [row[:3] for row in findings(site, device)] == [
        ("heart-rate-urgent", "raised", "urgent")
    ]


def test_a_device_fitted_back_in_time_is_silent_from_when_it_is_known(
    gateway: GatewayProcess, site: Site
) -> None:
    known_from = datetime.now(UTC)
    device = gateway.device(silent_after_s=1)  # its binding began 300 days ago
    found = until(
        lambda: site.rows(
            "SELECT rule, onset_at FROM finding WHERE device = %s AND phase = 'raised'", device.id
        ),
        "the silence of a device that never spoke",
        90,
    )
    ((rule, onset_at),) = found
    assert rule == "device-silent"
    assert onset_at > known_from
