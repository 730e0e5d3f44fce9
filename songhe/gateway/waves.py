"""Messages of signals: made into waves for the detectors, into rows for the table and back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from songhe.gateway.decoders import Waveform
from songhe.gateway.normalise import Unusable, effective_us, instant_us, subject_at, units
from songhe.gateway.registry import Device
from songhe.kernel import codes
from songhe.kernel.signals.stored import COLUMNS as COLUMNS
from songhe.kernel.signals.stored import Row, together
from songhe.kernel.time import from_us
from songhe.kernel.wire import Wave


class Recorded(msgspec.Struct, frozen=True):
    """A wave, and what is stored beside it: its number, what it belongs to, each lead's quality.

    frame: rows and columns of one instant, (1, 1) where there are none.
    """

    wave: Wave
    seq: int
    frame: tuple[int, int]
    recording: str
    qualities: tuple[float | None, ...]


def recorded(device: Device, message: Waveform, received_us: int, *, dup: bool = False) -> Recorded:
    """Return a message's wave in the canonical unit of its code; raises Unusable."""
    sent_us = None if message.sent_at is None else instant_us(message.sent_at)
    moment_us, flags = effective_us(device, instant_us(message.at), sent_us, received_us, dup)
    number, is_canonical, low, high = units.find(message.code, message.unit)
    if codes.by_number(number).kind != "waveform":
        raise Unusable("unknown-code", f"{message.code} is no waveform")
    bound = subject_at(device, moment_us)
    parts = message.parts()
    leads: list[NDArray[np.float32]] = []
    for part in parts:
        scale = message.scale if part.scale is None else part.scale
        samples: Any = np.array(part.samples, dtype=np.float64) * scale
        if not is_canonical:
            samples = codes.convert(number, samples, message.unit or "")
        missing = np.isnan(samples)
        if bool(np.all(missing)):
            raise Unusable("bad-value", "no sample has a value: a gap shows by time and seq")
        if not bool(np.all((samples >= low) & (samples <= high) | missing)):
            raise Unusable("implausible", f"a sample outside {low:g} to {high:g}")
        leads.append(samples.astype("<f4"))
    wave = Wave(
        subject_kind=bound.subject_kind,
        subject=bound.subject,
        device=device.id,
        code=number,
        started_us=moment_us,
        rate_hz=message.rate_hz,
        received_us=received_us,
        samples=together(leads, message.frame),
        leads=tuple(part.lead for part in parts),
        quality=message.quality,
        flags=flags,
        person=bound.person,
        place=bound.place,
    )
    given = (message.quality if part.quality is None else part.quality for part in parts)
    frame = message.frame or (1, 1)
    return Recorded(wave, message.seq, frame, message.recording, tuple(given))


def rows(item: Recorded) -> Iterator[Row]:
    """Yield the rows of `waveform` in the order of COLUMNS, one a lead."""
    wave, samples = item.wave, item.wave.samples
    started_at, received_at = from_us(wave.started_us), from_us(wave.received_us)
    for place, (lead, quality) in enumerate(zip(wave.leads, item.qualities, strict=True)):
        part = samples if samples.ndim == 3 else samples[:, place]
        yield (
            wave.subject,
            wave.subject_kind,
            wave.device,
            wave.code,
            started_at,
            item.seq,
            wave.rate_hz,
            np.ascontiguousarray(part, dtype="<f4").tobytes(),
            wave.person,
            received_at,
            lead,
            item.recording,
            quality,
            list(item.frame),
        )
