"""What was last heard of every device, in memory; table `device_seen` follows it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec

from songhe.gateway.batch import Batch
from songhe.gateway.decoders import Status
from songhe.gateway.registry import Device
from songhe.gateway.writer import rows

COLUMNS = (
    "device, last_at, received_at, online, battery_pct, rssi_dbm, firmware, clock_offset_s,"
    " reported"
)
UPSERT = f"""
INSERT INTO device_seen ({COLUMNS}) SELECT {COLUMNS} FROM incoming_seen
ON CONFLICT (device) DO UPDATE SET
  last_at = EXCLUDED.last_at, received_at = EXCLUDED.received_at, online = EXCLUDED.online,
  battery_pct = EXCLUDED.battery_pct, rssi_dbm = EXCLUDED.rssi_dbm,
  firmware = EXCLUDED.firmware, clock_offset_s = EXCLUDED.clock_offset_s,
  reported = EXCLUDED.reported
"""  # noqa: S608 (constants only)


class Facts(msgspec.Struct):
    """A row of device_seen."""

    last_us: int | None = None
    received_us: int | None = None
    online: bool = False
    battery_pct: float | None = None
    rssi_dbm: float | None = None
    firmware: str | None = None
    offset_us: int = 0
    reported: dict[str, Any] | None = None

    def packed(self, device: UUID) -> bytes:
        """Return the row of COLUMNS for a binary COPY."""
        return rows.row(
            device.bytes,
            None if self.last_us is None else rows.instant(self.last_us),
            None if self.received_us is None else rows.instant(self.received_us),
            b"\x01" if self.online else b"\x00",
            None if self.battery_pct is None else rows.number(self.battery_pct),
            None if self.rssi_dbm is None else rows.number(self.rssi_dbm),
            None if self.firmware is None else self.firmware.encode(),
            rows.number(self.offset_us / 1_000_000) if self.offset_us else None,
            None if self.reported is None else rows.jsonb(self.reported),
        )


class Seen:
    """Facts by device; the ids in `dirty` differ from the table, those in `urgent` visibly so."""

    def __init__(self) -> None:
        self._facts: dict[UUID, Facts] = {}
        self.dirty: set[UUID] = set()
        self.urgent = False

    def put(self, device: UUID, facts: Facts) -> None:
        """Take over a stored row (at start)."""
        self._facts[device] = facts

    def facts(self, device: UUID) -> Facts:
        """Return what is known of a device, empty at first."""
        found = self._facts.get(device)
        if found is None:
            found = self._facts[device] = Facts()
        return found

    def online(self, device: UUID, online: bool, now_us: int) -> None:
        """Note that a device's connection was made or ended."""
        facts = self.facts(device)
        facts.online = online
        if online:
            facts.received_us = now_us
        self.dirty.add(device)
        self.urgent = True

    def packed(self, devices: Iterable[UUID]) -> bytes:
        """Return devices' rows as a COPY stream; of none, nothing."""
        out = [self.facts(device).packed(device) for device in devices]
        return rows.stream(out) if out else b""

    def absorb(self, batch: Batch) -> None:
        """Note what a batch tells: it was heard, whether or not the batch gets stored."""
        for device, heard in batch.heard.items():
            facts = self.facts(device.id)
            if facts.last_us is None or heard.effective_us > facts.last_us:
                facts.last_us = heard.effective_us
            facts.received_us = heard.received_us
            if facts.offset_us != device.offset_us:
                facts.offset_us = device.offset_us
                self.urgent = True
            self.dirty.add(device.id)
        for device, status in batch.statuses:
            self._status(device, status)

    def _status(self, device: Device, status: Status) -> None:
        facts = self.facts(device.id)
        if status.battery_pct is not None:
            facts.battery_pct = status.battery_pct
        if status.rssi_dbm is not None:
            facts.rssi_dbm = status.rssi_dbm
        if status.firmware is not None:
            facts.firmware = status.firmware
        if status.reported is not None:
            facts.reported = status.reported
        if device.connection is not None:
            # A will that an earlier connection left must not talk a live one away.
            facts.online = True
        elif status.online is not None:
            facts.online = status.online
        self.dirty.add(device.id)
        self.urgent = True
