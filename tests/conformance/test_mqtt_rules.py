"""What the standard and device interface 1 ask of an MQTT connection, packet by packet."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from songhe.gateway import mqtt
from songhe.kernel.time import from_us, to_us
from songhe.kernel.wire import Flag
from tests.support.gateway import GatewayProcess, Site, digest, pressure, stamp, until
from tests.support.mqtt_client import BareClient

Dial = Callable[[], BareClient]


@pytest.fixture
def dial(gateway: GatewayProcess) -> Iterator[Dial]:
    """Return a way to open connections; all are closed in the end."""
    opened: list[BareClient] = []

    def open_one() -> BareClient:
        client = BareClient(gateway.mqtt_port)
        opened.append(client)
        return client

    yield open_one
    for client in opened:
        client.close()


def test_acknowledged_means_stored(gateway: GatewayProcess, site: Site, dial: Dial) -> None:
    device, client = gateway.device(), dial()
    assert client.connect(device) == mqtt.Connack(0, False)
    client.publish(device.topic("readings"), pressure(141), 7)
    assert client.next() == mqtt.Puback(7)
    (row,) = site.readings(device)
    assert (row["values"], row["subject"], row["flags"]) == ([141.0, 80.0], device.person, 0)
    latest = site.rows("SELECT codes, vals FROM latest WHERE subject = %s", device.person)
    assert latest == [([1, 2], [141.0, 80.0])]


def test_a_repeated_message_is_acknowledged_and_stored_once(
    gateway: GatewayProcess, site: Site, dial: Dial
) -> None:
    device, client = gateway.device(), dial()
    client.connect(device)
    payload = pressure()
    client.publish(device.topic("readings"), payload, 1)
    client.publish(device.topic("readings"), payload, 1, dup=True)
    assert [client.next(), client.next()] == [mqtt.Puback(1), mqtt.Puback(1)]
    client.publish(device.topic("readings"), payload, 2, dup=True)
    assert client.next() == mqtt.Puback(2)
    assert len(site.readings(device)) == 1


def test_acknowledgements_come_in_the_order_of_the_messages(
    gateway: GatewayProcess, site: Site, dial: Dial
) -> None:
    device, client = gateway.device(), dial()
    client.connect(device)
    topic = device.topic("readings")
    sent = [mqtt.Publish(topic, pressure(seconds_ago=n), 1, n) for n in range(1, 301)]
    client.send(*sent)
    assert [client.next() for _ in sent] == [mqtt.Puback(n) for n in range(1, 301)]
    assert len(site.readings(device)) == 300


@pytest.mark.parametrize("secret", ["wrong", ""])
def test_a_wrong_secret_is_not_authorised(gateway: GatewayProcess, dial: Dial, secret: str) -> None:
    device, client = gateway.device(), dial()
    assert client.connect(device, password=secret.encode()) == mqtt.Connack(5)
    assert client.next() is None


def test_an_unknown_key_is_answered_like_a_wrong_secret(
    gateway: GatewayProcess, dial: Dial
) -> None:
    device, client = gateway.device(), dial()
    assert client.connect(device, username="nobody") == mqtt.Connack(5)
    assert client.next() is None


def test_a_connection_without_credentials_is_not_authorised(
    gateway: GatewayProcess, dial: Dial
) -> None:
    client = dial()
    client.send(mqtt.Connect(client_id="x"))
    assert client.next() == mqtt.Connack(5)


def test_version_5_is_told_that_it_is_not_spoken(gateway: GatewayProcess, dial: Dial) -> None:
    client = dial()
    client.send_bytes(bytes.fromhex("10 10 0004 4d515454 05 02 003c 00 0003 616263"))
    assert client.next() == mqtt.Connack(1)
    assert client.next() is None


def test_an_empty_client_id_needs_a_clean_session(gateway: GatewayProcess, dial: Dial) -> None:
    device = gateway.device()
    assert dial().connect(device, client_id="", clean=False) == mqtt.Connack(2)
    assert dial().connect(device, client_id="", clean=True) == mqtt.Connack(0)


@pytest.mark.parametrize(
    "first", [mqtt.Publish("songhe/1/x/readings", b"{}"), mqtt.Pingreq(), mqtt.Disconnect()]
)
def test_the_first_packet_must_be_connect(
    gateway: GatewayProcess, dial: Dial, first: mqtt.Packet
) -> None:
    client = dial()
    client.send(first)
    assert client.next() is None


def test_a_second_connect_closes(gateway: GatewayProcess, dial: Dial) -> None:
    device, client = gateway.device(), dial()
    client.connect(device)
    client.send(mqtt.Connect(username=device.key, password=device.secret.encode()))
    assert client.next() is None


def test_garbage_closes_after_what_came_before_it(
    gateway: GatewayProcess, site: Site, dial: Dial
) -> None:
    device, client = gateway.device(), dial()
    client.connect(device)
    message = mqtt.encode(mqtt.Publish(device.topic("readings"), pressure(), 1, 9))
    client.send_bytes(message + b"\xf0\x00")
    while client.next() is not None:
        pass
    until(lambda: len(site.readings(device)) == 1, "the message before the garbage")


def test_qos_2_is_refused_by_closing(gateway: GatewayProcess, site: Site, dial: Dial) -> None:
    device, client = gateway.device(), dial()
    client.connect(device)
    client.send_bytes(mqtt.encode(mqtt.Publish(device.topic("readings"), pressure(), 2, 3)))
    assert client.next() is None
    assert site.readings(device) == []


def test_ping_is_answered(gateway: GatewayProcess, dial: Dial) -> None:
    client = dial()
    client.connect(gateway.device())
    client.send(mqtt.Pingreq())
    assert client.next() == mqtt.Pingresp()


def test_another_devices_topic_is_a_dead_letter_and_closes(
    gateway: GatewayProcess, site: Site, dial: Dial
) -> None:
    device, other, client = gateway.device(), gateway.device(), dial()
    client.connect(device)
    client.publish(other.topic("readings"), pressure(), 4)
    client.publish(device.topic("readings"), pressure(), 5)
    assert client.next() == mqtt.Puback(4)
    assert client.next() is None
    (letter,) = site.letters(device)
    assert (letter["reason"], letter["topic"]) == ("not-your-topic", other.topic("readings"))
    assert site.readings(other) == site.readings(device) == []


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"\x00\xff", "not-json"),
        (b'{"at": "yesterday", "readings": []}', "bad-shape"),
        (
            b'{"at": "2026-11-20T10:00:00", "readings": [{"code": "8480-6", "value": 1}]}',
            "bad-shape",
        ),
        (pressure().replace(b"8480-6", b"1234-5").replace(b"8462-4", b"1234-6"), "unknown-code"),
        (pressure().replace(b"mm[Hg]", b"mile"), "bad-unit"),
        (pressure().replace(b": 128,", b': "128",'), "bad-value"),
        (pressure().replace(b": 128,", b": 1280,").replace(b": 80,", b": 8000,"), "implausible"),
        (pressure(seconds_ago=100 * 86400), "too-old"),
        (pressure(seconds_ago=-3600, sent_at=stamp()), "future"),
        (b"[" + b",".join([b"{}"] * 501) + b"]", "too-large"),
        (b" " * 65_600, "too-large"),
    ],
)
def test_a_bad_payload_is_a_dead_letter_acknowledged(
    gateway: GatewayProcess, site: Site, dial: Dial, payload: bytes, reason: str
) -> None:
    device, client = gateway.device(), dial()
    client.connect(device)
    client.publish(device.topic("readings"), payload, 1)
    client.publish(device.topic("readings"), pressure(), 2)
    assert [client.next(), client.next()] == [mqtt.Puback(1), mqtt.Puback(2)]
    (letter,) = site.letters(device)
    assert letter["reason"] == reason
    assert bytes(letter["payload"]) == payload
    assert len(site.readings(device)) == 1


def test_an_unknown_kind_is_a_dead_letter(gateway: GatewayProcess, site: Site, dial: Dial) -> None:
    device, client = gateway.device(), dial()
    client.connect(device)
    client.publish(device.topic("gossip"), b"{}", 1)
    assert client.next() == mqtt.Puback(1)
    assert [letter["reason"] for letter in site.letters(device)] == ["unknown-topic"]


def test_one_bad_value_does_not_take_the_others_with_it(
    gateway: GatewayProcess, site: Site, dial: Dial
) -> None:
    device, client = gateway.device(), dial()
    client.connect(device)
    client.publish(device.topic("readings"), pressure(186).replace(b"80,", b"8000,"), 1)
    assert client.next() == mqtt.Puback(1)
    (row,) = site.readings(device)
    assert (row["codes"], row["values"]) == ([1], [186.0])
    (letter,) = site.letters(device)
    assert letter["reason"] == "implausible"
    assert [r["code"] for r in json.loads(bytes(letter["payload"]))["readings"]] == ["8462-4"]


def test_a_packet_above_the_limit_closes(gateway: GatewayProcess, site: Site, dial: Dial) -> None:
    device, client = gateway.device(), dial()
    client.connect(device)
    client.send_bytes(b"\x32" + bytes.fromhex("f0a204"))
    assert client.next() is None
    assert site.readings(device) == []


def test_a_retained_message_is_a_message_and_is_not_kept(
    gateway: GatewayProcess, site: Site, dial: Dial
) -> None:
    device, client = gateway.device(), dial()
    client.connect(device)
    client.publish(device.topic("readings"), pressure(), 1, retain=True)
    assert client.next() == mqtt.Puback(1)
    client.send(mqtt.Subscribe(2, ((device.topic("commands"), 1),)), mqtt.Pingreq())
    assert {type(client.next()), type(client.next())} == {mqtt.Suback, mqtt.Pingresp}
    assert len(site.readings(device)) == 1


def test_subscriptions_are_the_devices_own_and_at_most_qos_1(
    gateway: GatewayProcess, dial: Dial
) -> None:
    device, other, client = gateway.device(), gateway.device(), dial()
    client.connect(device)
    filters = (
        (device.topic("commands"), 2),
        (device.topic("commands"), 0),
        (device.topic("+"), 1),
        (other.topic("commands"), 1),
        ("#", 1),
        ("songhe/1/+/commands", 1),
        ("$SYS/#", 0),
    )
    client.send(mqtt.Subscribe(11, filters))
    assert client.next() == mqtt.Suback(11, (1, 0, 1, 128, 128, 128, 128))
    client.send(mqtt.Unsubscribe(12, ("never/seen",)))
    assert client.next() == mqtt.Unsuback(12)


def test_take_over_ends_only_the_devices_own_old_connection(
    gateway: GatewayProcess, site: Site, dial: Dial
) -> None:
    device, other = gateway.device(), gateway.device()
    old, neighbour, new = dial(), dial(), dial()
    old.connect(device, client_id="same")
    neighbour.connect(other, client_id="same")
    assert new.connect(device, client_id="different") == mqtt.Connack(0)
    assert old.next() is None
    neighbour.send(mqtt.Pingreq())
    assert neighbour.next() == mqtt.Pingresp()
    until(lambda: site.seen(device).get("online") is True, "online after the take-over")


def test_the_will_is_a_message_of_the_device(
    gateway: GatewayProcess, site: Site, dial: Dial
) -> None:
    device, client = gateway.device(), dial()
    will = mqtt.Will(device.topic("status"), b'{"online": false, "firmware": "gone"}')
    client.connect(device, will=will)
    client.close()
    until(lambda: site.seen(device).get("firmware") == "gone", "the will")
    assert site.seen(device)["online"] is False


def test_a_good_bye_leaves_no_will(gateway: GatewayProcess, site: Site, dial: Dial) -> None:
    device, client = gateway.device(), dial()
    client.connect(device, will=mqtt.Will(device.topic("status"), b'{"firmware": "gone"}'))
    client.send(mqtt.Disconnect())
    assert client.next() is None
    until(lambda: site.seen(device).get("online") is False, "offline")
    assert site.seen(device)["firmware"] is None


def test_silence_beyond_the_keep_alive_ends_the_connection_with_its_will(
    gateway: GatewayProcess, site: Site, dial: Dial
) -> None:
    device, client = gateway.device(), dial()
    will = mqtt.Will(device.topic("status"), b'{"firmware": "silent"}')
    client.connect(device, keep_alive_s=1, will=will)
    assert client.next() is None
    until(lambda: site.seen(device).get("firmware") == "silent", "the will")


def test_a_new_secret_works_beside_the_old_one_and_a_revoked_one_ends_at_once(
    gateway: GatewayProcess, site: Site, dial: Dial
) -> None:
    device, client, second = gateway.device(), dial(), dial()
    client.connect(device)
    site.change(device, secrets=[(digest(device.secret), None), (digest("new one"), None)])
    until(lambda: gateway.knows(device, "new one"), "the new secret")
    client.send(mqtt.Pingreq())
    assert client.next() == mqtt.Pingresp()
    site.change(device, secrets=[(digest("new one"), None)])
    assert client.next() is None
    assert dial().connect(device) == mqtt.Connack(5)
    assert second.connect(device, password=b"new one") == mqtt.Connack(0)
    site.change(device, active=False)
    assert second.next() is None
    assert dial().connect(device, password=b"new one") == mqtt.Connack(5)


def test_a_secret_that_runs_out_ends_the_connection_that_it_opened(
    gateway: GatewayProcess, site: Site, dial: Dial
) -> None:
    device, client, second = gateway.device(), dial(), dial()
    client.connect(device)
    soon_us = to_us(datetime.now(UTC) + timedelta(seconds=1))
    site.change(device, secrets=[(digest(device.secret), soon_us), (digest("new one"), None)])
    assert client.next() is None
    assert datetime.now(UTC) >= from_us(soon_us)
    assert second.connect(device, password=b"new one") == mqtt.Connack(0)


def test_a_gateway_device_speaks_for_its_children_only(
    gateway: GatewayProcess, site: Site, dial: Dial
) -> None:
    child = gateway.device()
    hub, client = gateway.device(children=[child.key]), dial()
    client.connect(hub)
    client.publish(child.topic("readings"), pressure(150), 1)
    assert client.next() == mqtt.Puback(1)
    (row,) = site.readings(child)
    assert row["subject"] == child.person
    until(lambda: site.seen(hub).get("last_at"), "the hub was heard")
    back = dial()
    back.connect(child)
    back.publish(hub.topic("readings"), pressure(), 2)
    assert back.next() == mqtt.Puback(2)
    assert back.next() is None
    assert site.readings(hub) == []


def test_a_clock_that_runs_ahead_is_taken_back_and_marked(
    gateway: GatewayProcess, site: Site, dial: Dial
) -> None:
    device, client = gateway.device(), dial()
    client.connect(device)
    client.publish(device.topic("readings"), pressure(131, seconds_ago=-7200), 1)
    assert client.next() == mqtt.Puback(1)
    (row,) = site.readings(device)
    assert row["flags"] == Flag.ADJUSTED
    assert abs((row["at"] - row["received_at"]).total_seconds()) < 1
    offset_s = until(lambda: site.seen(device).get("clock_offset_s"), "the offset")
    assert offset_s == pytest.approx(7200, abs=5)


def test_late_data_is_marked_and_does_not_become_the_latest(
    gateway: GatewayProcess, site: Site, dial: Dial
) -> None:
    device, client = gateway.device(), dial()
    client.connect(device)
    client.publish(device.topic("readings"), pressure(121), 1)
    client.publish(device.topic("readings"), pressure(199, seconds_ago=2 * 86400), 2)
    assert [client.next(), client.next()] == [mqtt.Puback(1), mqtt.Puback(2)]
    late, fresh = site.readings(device)
    assert (late["flags"], fresh["flags"]) == (Flag.LATE, 0)
    latest = site.rows("SELECT vals FROM latest WHERE subject = %s", device.person)
    assert latest == [([121.0, 80.0],)]
