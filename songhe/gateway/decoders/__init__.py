"""Bytes to decoded messages. Interface 1 is here; a vendor's decoder is one more entry."""

from __future__ import annotations

from collections.abc import Callable

from songhe.gateway.decoders import interface1
from songhe.gateway.decoders.messages import (
    Acknowledgement,
    Decoded,
    Measurement,
    Refused,
    Status,
    Value,
    Waveform,
)

Decoder = Callable[[bytes], list[Decoded]]
DECODERS: dict[str, Decoder] = interface1.DECODERS


def decode(kind: str, payload: bytes) -> list[Decoded]:
    """Return what a payload of a kind holds, refusals in their place; never raises."""
    return DECODERS[kind](payload)


__all__ = [
    "Acknowledgement",
    "Decoded",
    "Measurement",
    "Refused",
    "Status",
    "Value",
    "Waveform",
    "decode",
]
