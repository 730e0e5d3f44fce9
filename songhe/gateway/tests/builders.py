"""Devices and messages for the gateway's own tests."""

from __future__ import annotations

import json
from typing import Any

from songhe.gateway.batch import Batch, Inbound
from songhe.gateway.decoders import Refused
from songhe.gateway.intake import Intake
from songhe.gateway.registry import Device, Registry
from songhe.kernel.ids import uuid7
from songhe.kernel.time import parse_us
from songhe.kernel.wire import Binding, DeviceSnapshot, SubjectKind

NOW_US = parse_us("2026-11-21T02:31:00Z")


class Sender:
    """A source that remembers what it was told."""

    def __init__(self) -> None:
        self.count = 0
        self.refused: list[tuple[int, Refused]] = []
        self.overruns = 0
        self.settled = b""
        self.given_up = 0

    def begin(self, count: int) -> None:
        self.count = count

    def refuse(self, index: int, refused: Refused) -> bool:
        self.refused.append((index, refused))
        return True

    def overrun(self) -> None:
        self.overruns += 1

    def settle(self, tokens: bytes) -> None:
        self.settled += tokens

    def give_up(self) -> None:
        self.given_up += 1


def snapshot(key: str = "d1", **more: Any) -> DeviceSnapshot:
    """Return an active device's snapshot, bound to a person since long ago."""
    person = uuid7()
    fields: dict[str, Any] = {
        "id": uuid7(),
        "key": key,
        "active": True,
        "type": "blood-pressure-monitor",
        "secrets": [],
        "bindings": [Binding(0, None, SubjectKind.PERSON, person, person=person)],
        "wellness": False,
    }
    return DeviceSnapshot(**(fields | more))


def device(**more: Any) -> Device:
    """Return a device as the gateway knows it."""
    return Registry().apply(snapshot(**more))


def taken(
    source_device: Device,
    kind: str,
    payload: bytes | dict[str, Any] | list[Any],
    *,
    received_us: int = NOW_US,
    dup: bool = False,
    intake: Intake | None = None,
    others: tuple[Device, ...] = (),
    topic: str = "",
) -> tuple[Batch, Sender]:
    """Return the batch and the sender of one payload taken in.

    others: devices that the gateway knows beside the sender. topic: another than the kind's own.
    """
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    registry = Registry()
    registry.by_key = {one.key: one for one in (source_device, *others)}
    route = registry.route(source_device, topic or f"songhe/1/{source_device.key}/{kind}")
    batch, sender = Batch(), Sender()
    inbound = Inbound(sender, b"ack.", route, raw, received_us, dup)
    (intake or Intake(60)).take(batch, inbound)
    return batch, sender
