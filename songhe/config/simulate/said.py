"""What a simulated device says: one message, as JSON of device interface 1 or as stored values."""

from __future__ import annotations

from typing import Any

import msgspec

from songhe.kernel.time import from_us

# The words of the two states of an event, by its name: (0, 1).
STATE_WORDS: dict[str, tuple[str, str]] = {
    "door": ("closed", "open"),
    "bed": ("empty", "occupied"),
    "motion": ("clear", "detected"),
    "smoke": ("clear", "detected"),
    "gas": ("clear", "detected"),
    "water-leak": ("clear", "detected"),
    "item-use": ("clear", "detected"),
    "sos": ("off", "pressed"),
    "fall": ("clear", "detected"),
}
_STATUS_FIELDS = {"songhe:battery": "battery_pct", "songhe:rssi": "rssi_dbm"}
_POSITION_FIELDS = {
    "songhe:lat": "lat",
    "songhe:lon": "lon",
    "songhe:accuracy": "accuracy_m",
    "songhe:speed": "speed_m_s",
}
Values = tuple[tuple[str, float], ...]


class Said(msgspec.Struct, frozen=True, gc=False):
    """One message of one device. gadget is its index in the county; values are canonical."""

    at_us: int
    gadget: int
    kind: str
    values: Values

    def payload(self) -> bytes:
        """Return the message as the interface wants it."""
        message: dict[str, Any] = {"at": stamp(self.at_us)}
        if self.kind == "readings":
            message["readings"] = [{"code": code, "value": value} for code, value in self.values]
        elif self.kind == "events":
            ((code, value),) = self.values
            event = code.removeprefix("songhe:")
            words = STATE_WORDS.get(event)
            message |= {"event": event, "state": words[int(value)] if words else value}
        elif self.kind == "positions":
            message |= {_POSITION_FIELDS[code]: value for code, value in self.values}
        else:
            message |= {_STATUS_FIELDS[code]: value for code, value in self.values}
        return msgspec.json.encode(message)


def stamp(moment_us: int) -> str:
    """Return an instant as RFC 3339 in UTC, with milliseconds."""
    return from_us(moment_us).isoformat(timespec="milliseconds")


def event(at_us: int, gadget: int, name: str, value: int) -> Said:
    """Return a change of state."""
    return Said(at_us, gadget, "events", ((f"songhe:{name}", float(value)),))


def readings(at_us: int, gadget: int, *values: tuple[str, float]) -> Said:
    """Return measured values in canonical units."""
    return Said(at_us, gadget, "readings", values)


def position(at_us: int, gadget: int, lat: float, lon: float, accuracy_m: float) -> Said:
    """Return where a device is, WGS 84."""
    values = (
        ("songhe:lat", round(lat, 6)),
        ("songhe:lon", round(lon, 6)),
        ("songhe:accuracy", round(accuracy_m)),
    )
    return Said(at_us, gadget, "positions", values)


def status(at_us: int, gadget: int, battery_pct: float | None, rssi_dbm: float) -> Said:
    """Return how a device is; mains-powered ones have no battery."""
    values: Values = (("songhe:rssi", rssi_dbm),)
    if battery_pct is not None:
        values = (("songhe:battery", battery_pct), *values)
    return Said(at_us, gadget, "status", values)
