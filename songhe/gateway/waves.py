"""Messages of signals: made into waves for the detectors, into rows for the table and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from songhe.gateway.decoders import Waveform
from songhe.gateway.normalise import Unusable, effective_us, instant_us, subject_at, units
from songhe.gateway.registry import Device
from songhe.kernel import codes
from songhe.kernel.time import from_us, to_us
from songhe.kernel.wire import Wave

COLUMNS = """subject, subject_kind, device, code, started_at, seq, rate_hz, samples, person,
  received_at, lead, recording, quality, frame"""
Row = tuple[object, ...]


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
        samples=_together(leads, message.frame),
        leads=tuple(part.lead for part in parts),
        quality=message.quality,
        flags=flags,
        person=bound.person,
        place=bound.place,
    )
    given = (message.quality if part.quality is None else part.quality for part in parts)
    frame = message.frame or (1, 1)
    return Recorded(wave, message.seq, frame, message.recording, tuple(given))


def _together(
    leads: Sequence[NDArray[np.float32]], frame: Sequence[int] | None
) -> NDArray[np.float32]:
    """Return samples by instant: (n, leads), or (n, rows, columns) of one lead of frames."""
    if frame is not None and tuple(frame) != (1, 1) and len(leads) == 1:
        return leads[0].reshape(-1, *frame)
    return np.stack(leads, axis=1)


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


def stored(found: Iterable[Row]) -> Iterator[Wave]:
    """Yield the waves of rows of COLUMNS, which stand in the order of time, device and code."""
    for key, group in groupby(found, lambda row: (row[4], row[2], row[3], row[0])):
        leads: list[Any] = list(group)
        first: Any = leads[0]
        samples = [np.frombuffer(row[7], dtype="<f4") for row in leads]
        least = min(len(part) for part in samples)
        yield Wave(
            subject_kind=first[1],
            subject=first[0],
            device=first[2],
            code=first[3],
            started_us=to_us(key[0]),
            rate_hz=first[6],
            received_us=to_us(first[9]),
            samples=_together([part[:least] for part in samples], first[13]),
            leads=tuple(row[10] for row in leads),
            quality=first[12],
            person=first[8],
        )
