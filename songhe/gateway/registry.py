"""Who the devices are: snapshots by key, sign-in, and which topic means what for whom."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import msgspec

from songhe.gateway import decoders
from songhe.gateway.decoders import Memory, Talk, formats
from songhe.gateway.limits import Bucket
from songhe.kernel.wire import Binding, DeviceSnapshot, Flag

KINDS = decoders.KINDS
TOPIC_ROOT = "songhe/1/"
_NOBODY = hashlib.sha256(b"").hexdigest()
_IDS_KEPT = 16


class Device:
    """A device as this process knows it: its snapshot and what was learnt of it while running.

    offset_us is how far its clock is ahead of ours, 0 while it may be trusted. message_ids holds
    the last ids it gave its messages with their times, to tell a re-stamped one. memory: what the
    messages that it sent in foreign formats left behind. present is the binding that has no end,
    flags what each of its readings carries.
    """

    __slots__ = (
        "bindings",
        "bucket",
        "connection",
        "flags",
        "id",
        "key",
        "letters",
        "memory",
        "message_ids",
        "offset_us",
        "present",
        "snapshot",
    )

    def __init__(self, snapshot: DeviceSnapshot) -> None:
        self.id = snapshot.id
        self.key = snapshot.key
        self.offset_us = 0
        self.message_ids: dict[str, int] = {}
        self.memory = Memory()
        self.bucket: Bucket | None = None
        self.letters: Bucket | None = None
        self.connection: Any = None
        self.replace(snapshot)

    def replace(self, snapshot: DeviceSnapshot) -> None:
        """Take over a newer snapshot."""
        self.snapshot = snapshot
        self.flags = int(Flag.WELLNESS) if snapshot.wellness else 0
        # Newest first: nearly every reading belongs to the present binding.
        self.bindings = sorted(snapshot.bindings, key=lambda b: b.since_us, reverse=True)
        newest = self.bindings[0] if self.bindings else None
        self.present = newest if newest is not None and newest.until_us is None else None

    def bound_at(self, moment_us: int) -> Binding | None:
        """Return the binding that held at an instant; None when the device was unbound."""
        for binding in self.bindings:
            if binding.since_us <= moment_us:
                until_us = binding.until_us
                return binding if until_us is None or moment_us < until_us else None
        return None

    def match(self, secret: bytes, now_us: int) -> str:
        """Return the digest of a secret that holds (two may, while rotating), else an empty text.

        Every digest is compared in constant time, the matching one not before the others.
        """
        given, found = hashlib.sha256(secret).hexdigest(), ""
        for digest, _ in self.snapshot.secrets:
            if hmac.compare_digest(digest, given):
                found = digest
        return found if self.honours(found, now_us) else ""

    def honours(self, digest: str, now_us: int) -> bool:
        """Tell whether a secret of this digest holds now, on an active device."""
        return self.snapshot.active and any(
            known == digest and (until_us is None or now_us < until_us)
            for known, until_us in self.snapshot.secrets
        )

    def until_us(self, digest: str) -> int | None:
        """Return until when a secret of this digest holds; None where that has no end."""
        ends = [until_us for known, until_us in self.snapshot.secrets if known == digest]
        given = [end_us for end_us in ends if end_us is not None]
        return max(given, default=0) if len(given) == len(ends) else None

    def restamped(self, message_id: str, at_us: int) -> bool:
        """Tell whether a message of this id came before with another time, and remember it."""
        known = self.message_ids.pop(message_id, at_us)
        self.message_ids[message_id] = known
        if len(self.message_ids) > _IDS_KEPT:
            del self.message_ids[next(iter(self.message_ids))]
        return known != at_us


class Route(msgspec.Struct, frozen=True):
    """What a topic means for the device that is signed in: whose message, of which kind.

    talk: what reads a message that is not of device interface 1's plain kinds. beacon: the beacon
    of a key, where a message names others.
    """

    device: Device
    sender: Device
    kind: str
    topic: str
    refusal: str = ""
    talk: Talk | None = None
    beacon: Callable[[str], Device | None] | None = None


class Registry:
    """All devices by key and by id, as the snapshots say."""

    def __init__(self) -> None:
        self.by_key: dict[str, Device] = {}
        self.by_id: dict[UUID, Device] = {}
        self._parents: dict[str, Device] = {}

    def load(self, snapshots: Iterable[DeviceSnapshot]) -> list[Device]:
        """Take over all snapshots; return known devices whose snapshot changed or went away."""
        changed, seen = [], set()
        for snapshot in snapshots:
            seen.add(snapshot.id)
            known = self.by_id.get(snapshot.id)
            if known is None or known.snapshot != snapshot:
                changed.append(self.apply(snapshot))
        changed += [self.forget(id_) for id_ in [i for i in self.by_id if i not in seen]]
        return changed

    def apply(self, snapshot: DeviceSnapshot) -> Device:
        """Take over one snapshot and return its device."""
        device = self.by_id.get(snapshot.id)
        if device is None:
            device = self.by_id[snapshot.id] = Device(snapshot)
        else:
            if self.by_key.get(device.key) is device:
                del self.by_key[device.key]
            for child in device.snapshot.children:
                self._parents.pop(child, None)
            device.key = snapshot.key
            device.replace(snapshot)
        self.by_key[snapshot.key] = device
        self._parents.update(dict.fromkeys(snapshot.children, device))
        return device

    def parent(self, device: Device) -> Device | None:
        """Return the gateway device that speaks for a device, if there is one."""
        return self._parents.get(device.key)

    def forget(self, device_id: UUID) -> Device:
        """Take a device out; what still holds it sees an inactive one."""
        device = self.by_id.pop(device_id)
        self.by_key.pop(device.key, None)
        device.replace(msgspec.structs.replace(device.snapshot, active=False, secrets=[]))
        return device

    def sign_in(
        self, key: str | None, secret: bytes | None, now_us: int
    ) -> tuple[Device, str] | None:
        """Return (the active device with this key and secret, the secret's digest), or None.

        An unknown key costs the same comparison as a known one.
        """
        device = self.by_key.get(key or "")
        if device is None:
            hmac.compare_digest(_NOBODY, hashlib.sha256(secret or b"").hexdigest())
            return None
        digest = device.match(secret or b"", now_us)
        return (device, digest) if digest else None

    def route(self, sender: Device, topic: str) -> Route:
        """Return what a topic means for its sender; a refusal is a dead letter's reason."""
        if sender.snapshot.format != formats.OWN and not topic.startswith("songhe/"):
            return self._foreign(sender, topic)
        parts = topic.split("/")
        # A Bluetooth gateway's bytes have their characteristic behind the kind.
        if len(parts) == 5 and parts[3] == "gatt":
            parts[3:] = ["gatt/" + parts[4]]
        if len(parts) != 4 or not topic.startswith(TOPIC_ROOT):
            refusal = "not-your-topic" if self._is_foreign(sender, parts) else "unknown-topic"
            return Route(sender, sender, "", topic, refusal)
        return self.route_to(sender, parts[2], parts[3], topic)

    def route_letter(self, device: Device, topic: str) -> Route:
        """Return the route of a dead letter: its topic was perhaps the hub's of its device."""
        if not topic.startswith("songhe/") and device.snapshot.format == formats.OWN:
            hub = self.parent(device)
            return self.route(hub if hub is not None else device, topic)
        return self.route(device, topic)

    def route_to(self, sender: Device, key: str, kind: str, topic: str) -> Route:
        """Return the route to a device's kind of message: the sender's own, or a child's.

        A hub may call a child by the name that it knows it by.
        """
        device, snapshot = sender, sender.snapshot
        if key != sender.key:
            known = snapshot.names.get(key, key)
            child = self.by_key.get(known)
            if child is None or known not in snapshot.children or not child.snapshot.active:
                if child is None and snapshot.names:
                    talk = Talk(formats.stranger, snapshot, sender.memory, name=key)
                    return Route(sender, sender, kind, topic, talk=talk)
                return Route(sender, sender, kind, topic, "not-your-topic")
            device = child
        if kind == "sightings":
            return Route(device, sender, kind, topic, beacon=self._beacon)
        if kind in decoders.DECODERS:
            return Route(device, sender, kind, topic)
        kind, _, part = kind.partition("/")
        if kind not in KINDS:
            return Route(device, sender, kind, topic, "unknown-topic")
        talk = decoders.own_talk(kind, device.snapshot, sender.memory, part=part or None)
        return Route(device, sender, kind, topic, talk=talk)

    def _foreign(self, sender: Device, topic: str) -> Route:
        """Return the route of a topic of the sender's own format."""
        try:
            table = formats.get(sender.snapshot.format)
        except KeyError:
            return Route(sender, sender, "", topic, "unknown-topic")
        found: list[Device] = [sender]

        def device_of(name: str) -> DeviceSnapshot:
            if name:
                key = sender.snapshot.names[name]
                child = self.by_key[key]
                if key not in sender.snapshot.children or not child.snapshot.active:
                    raise KeyError(name)
                found[0] = child
            return found[0].snapshot

        talk = decoders.foreign_talk(table, topic, device_of, sender.memory)
        if talk is None:
            return Route(sender, sender, "", topic, "unknown-topic")
        return Route(found[0], sender, talk.kind, topic, talk=talk)

    def _beacon(self, key: str) -> Device | None:
        """Return the beacon in use with this key, None for another device or none."""
        device = self.by_key.get(key)
        if device is None or device.snapshot.type != "beacon" or not device.snapshot.active:
            return None
        return device

    @staticmethod
    def _is_foreign(sender: Device, parts: list[str]) -> bool:
        return parts[:2] == ["songhe", "1"] and len(parts) > 2 and parts[2] != sender.key
