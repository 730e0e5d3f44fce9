"""Device interface 1: JSON of the six upward kinds (docs/interface/device-interface-1.md).

A payload is decoded on its own: joining the payloads of a batch into one array was measured and
is slower, and would let one device's broken text run into another's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec

from songhe.gateway.decoders import gcj02
from songhe.gateway.decoders.messages import (
    Acknowledgement,
    Decoded,
    Instant,
    Measurement,
    Refused,
    ShortText,
    Sightings,
    Status,
    Value,
    Waveform,
)

MESSAGES_MAX = 500
DETAIL_MAX = 300

_any_json = msgspec.json.Decoder().decode

EventName = Literal[
    "sos", "fall", "smoke", "gas", "water-leak", "door", "motion", "bed", "power", "item-use"
]
StateName = Literal[
    "on", "off", "open", "closed", "occupied", "empty", "detected", "clear", "pressed"
]
STATES: dict[str, float] = {
    "on": 1.0,
    "open": 1.0,
    "occupied": 1.0,
    "detected": 1.0,
    "pressed": 1.0,
    "off": 0.0,
    "closed": 0.0,
    "empty": 0.0,
    "clear": 0.0,
}


class Event(msgspec.Struct):
    """A change of state: `{"at": …, "event": "sos", "state": "pressed"}`."""

    at: Instant
    event: EventName
    state: StateName | bool | float
    sent_at: Instant | None = None
    id: ShortText | None = None

    def decoded(self) -> Measurement:
        state = self.state
        value = STATES[state] if isinstance(state, str) else float(state)
        reading = Value(f"songhe:{self.event}", value)
        return Measurement(self.at, [reading], self.sent_at, self.id)


class Position(msgspec.Struct):
    """Where a device is, on WGS 84 or on the Chinese GCJ-02."""

    at: Instant
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    lon: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    accuracy_m: Annotated[float, msgspec.Meta(ge=0)] | None = None
    speed_m_s: Annotated[float, msgspec.Meta(ge=0)] | None = None
    datum: Literal["wgs84", "gcj02"] = "wgs84"
    sent_at: Instant | None = None
    id: ShortText | None = None

    def decoded(self) -> Measurement:
        lat, lon = self.lat, self.lon
        if self.datum == "gcj02":
            lat, lon = gcj02.to_wgs84(lat, lon)
        values = [Value("songhe:lat", lat), Value("songhe:lon", lon)]
        if self.accuracy_m is not None:
            values.append(Value("songhe:accuracy", self.accuracy_m))
        if self.speed_m_s is not None:
            values.append(Value("songhe:speed", self.speed_m_s))
        return Measurement(self.at, values, self.sent_at, self.id)


def refusal(error: Exception, payload: bytes) -> Refused:
    """Return a decoding error in the words of the interface."""
    if isinstance(error, msgspec.ValidationError):
        # The first wrong type ends the decoding: whether the rest is JSON at all is still open.
        try:
            _any_json(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as worse:
            error = worse
    if isinstance(error, RecursionError):
        return Refused("not-json", "nested too deeply", payload)
    detail = str(error).replace("\0", "")[:DETAIL_MAX]
    if not isinstance(error, msgspec.ValidationError):
        return Refused("not-json", detail, payload)
    is_value = any(end in detail for end in (".value`", ".state`", ".samples[...]`"))
    return Refused("bad-value" if is_value else "bad-shape", detail, payload)


class OneOrMany:
    """The decoder of one message of a shape, or of a JSON array of up to 500 of them."""

    def __init__(self, shape: type[Any], finish: Callable[[Any], Decoded] | None = None) -> None:
        self._one = msgspec.json.Decoder(shape).decode
        self._raw = msgspec.json.Decoder(list[msgspec.Raw]).decode
        self._finish = finish

    def __call__(self, payload: bytes) -> list[Decoded]:
        """Return what a payload holds, refusals in their place; never raises."""
        if payload[:1] == b"{" or payload.lstrip()[:1] != b"[":
            return [self._single(payload)]
        try:
            parts = self._raw(payload)
        except (msgspec.DecodeError, RecursionError) as error:
            return [refusal(error, payload)]
        if not parts:
            return [Refused("bad-shape", "an array holds at least one message", payload)]
        if len(parts) > MESSAGES_MAX:
            detail = f"{len(parts)} messages, {MESSAGES_MAX} allowed"
            return [Refused("too-large", detail, payload)]
        return [self._single(bytes(part)) for part in parts]

    def _single(self, payload: bytes) -> Decoded:
        try:
            found: Decoded = self._one(payload)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            return refusal(error, payload)
        return found if self._finish is None else self._finish(found)


SHAPES: dict[str, type[Any]] = {
    "readings": Measurement,
    "events": Event,
    "positions": Position,
    "waveforms": Waveform,
    "sightings": Sightings,
    "status": Status,
    "acks": Acknowledgement,
}
_FINISH: dict[str, Callable[[Any], Decoded]] = {
    "events": Event.decoded,
    "positions": Position.decoded,
}
DECODERS: dict[str, Callable[[bytes], list[Decoded]]] = {
    kind: OneOrMany(shape, _FINISH.get(kind)) for kind, shape in SHAPES.items()
}
