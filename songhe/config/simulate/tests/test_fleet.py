"""Simulated devices on a real gateway: stored, answered, and nothing lost over a restart."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import aiomqtt
import pytest

from songhe.config.demo.county import make_county
from songhe.config.demo.model import County
from songhe.config.simulate import said
from songhe.config.simulate.fleet import Fleet, allow_connections, answers_to
from songhe.config.simulate.link import Address
from songhe.config.simulate.player import Player
from songhe.config.simulate.said import stamp
from songhe.config.simulate.tests.world import ZONE, snapshots
from songhe.kernel.time import MINUTE_US, to_us
from tests.support.database import copied
from tests.support.gateway import GatewayProcess, digest, until

SECRET = "only-for-this-test"


def now_us() -> int:
    return to_us(datetime.now(UTC))


@pytest.fixture(scope="module")
def county() -> County:
    whole = make_county(date(2026, 11, 22))
    return replace(whole, households=whole.households[:6])


@pytest.fixture(scope="module")
def gateway(postgres_url: str, county: County) -> Iterator[GatewayProcess]:
    with copied(postgres_url) as url:
        process = GatewayProcess(url)
        for snapshot in snapshots(county).values():
            process.site.put(replace_secrets(snapshot))
        try:
            yield process.start()
        finally:
            process.close()


def replace_secrets(snapshot):
    import msgspec

    return msgspec.structs.replace(snapshot, secrets=[(digest(SECRET), None)])


def fleet_of(county: County, gateway: GatewayProcess) -> Fleet:
    address = Address("127.0.0.1", gateway.mqtt_port, refused_delay_s=0.2)
    return Fleet(county.gadgets, lambda key: SECRET, address, now_us)


async def wait_for(look, what: str, patience_s: float = 60.0) -> None:
    end = time.monotonic() + patience_s
    while not look():
        assert time.monotonic() < end, f"waited in vain for {what}"
        await asyncio.sleep(0.02)


async def test_everybody_connects_lives_and_is_stored(county, gateway):
    fleet = fleet_of(county, gateway)
    player = Player(county, fleet, ZONE, now_us)
    connecting = asyncio.create_task(fleet.run())
    playing = asyncio.create_task(player.run(now_us() - 30 * MINUTE_US))
    try:
        await wait_for(lambda: fleet.tally.connected == len(county.gadgets), "all connections")
        await wait_for(lambda: fleet.tally.sent > 20, "messages")
        await wait_for(lambda: fleet.tally.acknowledged == fleet.tally.sent, "acknowledgements")
        online = "SELECT count(*) FROM device_seen WHERE online"
        await asyncio.to_thread(
            until, lambda: gateway.site.rows(online)[0][0] == len(county.gadgets), "online devices"
        )
        (stored,) = gateway.site.rows("SELECT count(*) FROM reading_hot")[0]
        assert stored >= 20
        assert gateway.site.rows("SELECT reason, detail FROM dead_letter") == []
        assert "devices connected" in player.line()
    finally:
        for task in (connecting, playing):
            task.cancel()
        await fleet.close()


async def test_what_is_said_while_the_gateway_is_away_comes_later(county, gateway):
    fleet = fleet_of(county, gateway)
    connecting = asyncio.create_task(fleet.run())
    monitor = next(g for g in county.gadgets if g.type == "bp-monitor")
    try:
        await wait_for(lambda: fleet.links[monitor.index].is_connected, "a connection")
        await asyncio.to_thread(gateway.stop)
        await wait_for(lambda: not fleet.links[monitor.index].is_connected, "the loss")
        sent_us = now_us()
        message = said.readings(sent_us, monitor.index, ("8480-6", 131.0), ("8462-4", 77.0))
        fleet.publish(message.gadget, message.kind, message.payload())
        assert fleet.links[monitor.index].waiting == 1
        await asyncio.to_thread(gateway.start)
        await wait_for(lambda: fleet.links[monitor.index].waiting == 0, "the acknowledgement")
        rows = gateway.site.rows(
            "SELECT vals FROM reading_hot WHERE 131.0 = ANY(vals) AND 77.0 = ANY(vals)"
        )
        assert len(rows) == 1
    finally:
        connecting.cancel()
        await fleet.close()


async def test_a_device_that_is_off_has_no_connection_until_it_wakes(county, gateway):
    fleet = fleet_of(county, gateway)
    connecting = asyncio.create_task(fleet.run())
    link = fleet.links[0]
    try:
        await wait_for(lambda: link.is_connected, "a connection")
        fleet.sleep(0)
        await wait_for(lambda: not link.is_connected, "silence")
        fleet.wake(0)
        await wait_for(lambda: link.is_connected, "a new connection")
    finally:
        connecting.cancel()
        await fleet.close()


async def test_a_cancellation_that_the_client_forgets_is_said_again(county, gateway, monkeypatch):
    forgotten = []

    async def subscribe(client, *args, **kwargs):
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            forgotten.append(client)

    monkeypatch.setattr(aiomqtt.Client, "subscribe", subscribe)
    fleet = fleet_of(county, gateway)
    connecting = asyncio.create_task(fleet.run())
    link = fleet.links[0]
    try:
        await wait_for(lambda: link.is_connected, "a connection")
        fleet.sleep(0)
        await wait_for(lambda: not link.is_connected, "silence")
        assert forgotten
    finally:
        connecting.cancel()
        await fleet.close()


async def test_a_wrong_secret_is_counted_as_refused(county, gateway):
    address = Address("127.0.0.1", gateway.mqtt_port, refused_delay_s=0.2)
    fleet = Fleet(county.gadgets[:1], lambda key: "wrong", address, now_us)
    connecting = asyncio.create_task(fleet.run())
    try:
        await wait_for(lambda: fleet.tally.refused >= 2, "refusals")
        assert fleet.tally.connected == 0
    finally:
        connecting.cancel()
        await fleet.close()


async def test_a_command_is_done_and_said_to_be_done(county, gateway):
    fleet = fleet_of(county, gateway)
    connecting = asyncio.create_task(fleet.run())
    gadget = next(g for g in county.gadgets if g.type == "band")
    row = gateway.site.rows("SELECT device FROM gateway_device WHERE key = %s", gadget.key)
    try:
        await wait_for(lambda: fleet.links[gadget.index].is_connected, "a connection")

        class Login:
            id = row[0][0]

        command = gateway.site.command(Login, "locate")
        await asyncio.to_thread(
            until, lambda: gateway.site.command_state(command) == "done", "the command"
        )
        assert fleet.tally.commands >= 1
    finally:
        connecting.cancel()
        await fleet.close()


def test_answers_say_what_was_done_and_refuse_what_is_too_old():
    now = datetime.now(UTC)
    command = {"id": "c1", "name": "locate", "args": {}, "issued_at": now.isoformat()}
    good = {**command, "expires_at": (now + timedelta(minutes=5)).isoformat()}
    old = {**command, "expires_at": (now - timedelta(minutes=5)).isoformat()}
    at = stamp(to_us(now))
    kinds = [kind for kind, _ in answers_to(json.dumps(good).encode(), at)]
    assert kinds == ["acks", "status"]
    ((_, refusal),) = answers_to(json.dumps(old).encode(), at)
    assert refusal["result"] == "refused"
    assert answers_to(b"not json", at) == []


def test_enough_files_may_be_open_for_the_county():
    assert allow_connections(300) >= 300
