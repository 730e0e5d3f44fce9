"""One MQTT connection against a small model: whatever is sent, in whatever order.

The model knows what a device may expect: nothing before CONNECT, an answer to each request in
order, every acknowledged message stored once, and the end of the connection after what is
forbidden.
"""

from __future__ import annotations

import json
from collections import deque
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from songhe.gateway import mqtt
from tests.support.gateway import DeviceLogin, GatewayProcess
from tests.support.mqtt_client import BareClient

ids = st.integers(1, 0xFFFF)
FORBIDDEN = (
    b"\x36\x07\x00\x03a/b\x00\x01",  # QoS 3
    b"\x32\x07\x00\x03a/b\x00\x00",  # packet id 0
    b"\x30\x05\x00\x03a/+x",  # a wildcard in a topic
    b"\x82\x02\x00\x01",  # SUBSCRIBE without a filter
    b"\xd0\x00",  # what only a server sends
    b"\xc0\xff\xff\xff\xff\x7f",  # five bytes of length
)


class Talk(RuleBasedStateMachine):
    """What one device does, and what must come back."""

    gateway: GatewayProcess
    device: DeviceLogin

    @initialize()
    def begin(self) -> None:
        self.expected: deque[mqtt.Packet] = deque()
        self.stored: set[datetime] = set()
        self.client: BareClient | None = None
        self.signed_in = False
        type(self).device = self.gateway.device()
        self.number = 0

    def teardown(self) -> None:
        if getattr(self, "client", None) is None:
            return
        assert self.client is not None
        if self.signed_in:
            self.hear_everything()
            rows = self.gateway.site.readings(self.device)
            assert {row["at"] for row in rows} == self.stored
            assert len(rows) == len(self.stored)
        self.client.close()

    def hear_everything(self) -> None:
        """Hear all that is expected, in its order; of PUBACKs and others each in their own."""
        assert self.client is not None
        waiting = list(self.expected)
        self.expected.clear()
        while waiting:
            packet = self.client.next()
            kind = [one for one in waiting if type(one) is type(packet)]
            assert kind, f"{packet} was not expected"
            assert packet == kind[0]
            waiting.remove(kind[0])

    def ends(self) -> None:
        """Expect the end of the connection, after what was still to be said."""
        assert self.client is not None
        while (packet := self.client.next()) is not None:
            assert packet in self.expected
            self.expected.remove(packet)
        self.client.close()
        self.client, self.signed_in = None, False
        self.expected.clear()

    @precondition(lambda self: self.client is None)
    @rule()
    def dial(self) -> None:
        self.client = BareClient(self.gateway.mqtt_port)

    @precondition(lambda self: self.client is not None and not self.signed_in)
    @rule(clean=st.booleans(), client_id=st.text("ab", max_size=3))
    def connect(self, clean: bool, client_id: str) -> None:
        assert self.client is not None
        answer = self.client.connect(self.device, clean=clean, client_id=client_id)
        if not clean and not client_id:
            assert answer.code == mqtt.Accepted.BAD_IDENTIFIER
            self.ends()
        else:
            assert answer.code == mqtt.Accepted.ACCEPTED
            self.signed_in = True

    @precondition(lambda self: self.client is not None and not self.signed_in)
    @rule(secret=st.binary(max_size=8))
    def connect_wrongly(self, secret: bytes) -> None:
        assert self.client is not None
        assert self.client.connect(self.device, password=secret).code == 5
        self.ends()

    @precondition(lambda self: self.client is not None and not self.signed_in)
    @rule(packet=st.sampled_from([mqtt.Pingreq(), mqtt.Puback(1), mqtt.Publish("a", b"")]))
    def speak_too_early(self, packet: mqtt.Packet) -> None:
        assert self.client is not None
        self.client.send(packet)
        self.ends()

    @precondition(lambda self: self.signed_in)
    @rule(packet_id=ids, dup=st.booleans(), critical=st.booleans())
    def publish(self, packet_id: int, dup: bool, critical: bool) -> None:
        assert self.client is not None
        self.number += 1
        at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2, seconds=-self.number)
        reading = {"code": "8480-6", "value": 215 if critical else 125, "unit": "mm[Hg]"}
        payload = json.dumps({"at": at.isoformat(), "readings": [reading]}).encode()
        self.client.publish(self.device.topic("readings"), payload, packet_id, dup=dup)
        self.expected.append(mqtt.Puback(packet_id))
        self.stored.add(at)

    @precondition(lambda self: self.signed_in)
    @rule(packet_id=ids, payload=st.binary(max_size=40))
    def publish_nonsense(self, packet_id: int, payload: bytes) -> None:
        assert self.client is not None
        self.client.publish(self.device.topic("events"), payload, packet_id)
        self.expected.append(mqtt.Puback(packet_id))

    @precondition(lambda self: self.signed_in)
    @rule()
    def ping(self) -> None:
        assert self.client is not None
        self.client.send(mqtt.Pingreq())
        self.expected.append(mqtt.Pingresp())

    @precondition(lambda self: self.signed_in)
    @rule(packet_id=ids, own=st.booleans(), qos=st.integers(0, 2))
    def subscribe(self, packet_id: int, own: bool, qos: int) -> None:
        assert self.client is not None
        text = self.device.topic("commands") if own else "songhe/1/another/commands"
        self.client.send(mqtt.Subscribe(packet_id, ((text, qos),)))
        self.expected.append(mqtt.Suback(packet_id, (min(qos, 1) if own else 0x80,)))

    @precondition(lambda self: self.signed_in)
    @rule(packet_id=ids)
    def unsubscribe(self, packet_id: int) -> None:
        assert self.client is not None
        self.client.send(mqtt.Unsubscribe(packet_id, (self.device.topic("commands"),)))
        self.expected.append(mqtt.Unsuback(packet_id))

    @precondition(lambda self: self.signed_in)
    @rule()
    def hear(self) -> None:
        self.hear_everything()

    @precondition(lambda self: self.signed_in)
    @rule(data=st.sampled_from(FORBIDDEN))
    def do_what_is_forbidden(self, data: bytes) -> None:
        assert self.client is not None
        self.hear_everything()
        self.client.send_bytes(data)
        self.ends()

    @precondition(lambda self: self.signed_in)
    @rule()
    def sign_in_twice(self) -> None:
        assert self.client is not None
        self.hear_everything()
        self.client.send(
            mqtt.Connect("x", username=self.device.key, password=self.device.secret.encode())
        )
        self.ends()

    @precondition(lambda self: self.signed_in)
    @rule()
    def be_taken_over(self) -> None:
        """Sign in on another connection: the first one ends [MQTT-3.1.4-2]."""
        self.hear_everything()
        old, self.client = self.client, BareClient(self.gateway.mqtt_port)
        assert self.client.connect(self.device).code == 0
        assert old is not None
        assert old.next() is None
        old.close()

    @precondition(lambda self: self.signed_in)
    @rule()
    def say_good_bye(self) -> None:
        assert self.client is not None
        self.hear_everything()
        self.client.send(mqtt.Disconnect())
        self.ends()


def test_a_connection_is_as_its_model_says(gateway: GatewayProcess) -> None:
    class Here(Talk):
        pass

    Here.gateway = gateway
    Here.TestCase.settings = settings(
        max_examples=25,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    Here.TestCase("runTest").runTest()


pytestmark = pytest.mark.slow
