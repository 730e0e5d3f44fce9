"""The newest waveforms of a person (ECG, movement, infrared), and one stretch of one in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

import numpy as np
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from songhe.domains.devices import selectors as devices
from songhe.domains.people.selectors import PersonView
from songhe.domains.telemetry.panels import radar, strip, thermal
from songhe.domains.telemetry.panels.reads import reads_of
from songhe.domains.telemetry.panels.vitals import when_words
from songhe.domains.telemetry.selectors.waves import (
    Chunk,
    WaveSource,
    wave_chunks,
    wave_sources,
)
from songhe.domains.telemetry.terms import code_name, unit_words

MOST_SHOWN = 3
SHOWN_FOR = timedelta(days=7)
STRIP_S = 10.0
COURSE_S = 60.0  # of the warmest point, beside a frame
# Engineering (status E): a device's own quality from 0 to 1 in words.
_GOOD, _FAIR = 0.8, 0.5
Leads = dict[str, list[Chunk]]


@dataclass(frozen=True, slots=True)
class ShownWave:
    """One waveform as the templates put it on a page."""

    key: str
    title: str
    unit: str
    device: str
    when: str
    quality: str
    drawing: SafeString
    table: SafeString
    href: str
    said: tuple[str, ...] = ()


def is_radar(source: WaveSource) -> bool:
    """Tell whether an instant is a cloud of points, and no picture."""
    return source.code.key == "radar-points"


def wave_url(person: UUID, source: WaveSource, at: datetime | None = None, **more: object) -> str:
    """Return the page that looks along a waveform, at a moment or at its newest."""
    url = reverse("telemetry:wave", args=[person, source.device, source.code.key])
    asked = ({"at": at.isoformat()} if at is not None else {}) | more
    return f"{url}?{urlencode(asked)}" if asked else url


def quality_words(leads: Leads) -> str:
    """Return what the device itself says of the signal, the worst of what it said."""
    stated = [c.quality for chunks in leads.values() for c in chunks if c.quality is not None]
    if not stated:
        return _("the device says nothing of the signal's quality")
    worst = min(stated)
    words = (pgettext("signal", "good"), pgettext("signal", "fair"), pgettext("signal", "poor"))
    word = words[0] if worst >= _GOOD else words[1] if worst >= _FAIR else words[2]
    return _("signal quality, by the device: %(word)s (%(percent)d %%)") % {
        "word": word,
        "percent": round(100 * worst),
    }


def length_of(source: WaveSource) -> float:
    """Return how many seconds are shown where nobody asked for another length."""
    return COURSE_S if source.is_array else STRIP_S


def newest_window(source: WaveSource) -> tuple[datetime, datetime]:
    """Return the last seconds of a waveform."""
    return source.ends_at - timedelta(seconds=length_of(source)), source.ends_at


def strip_of(source: WaveSource, leads: Leads, start: datetime, length_s: float) -> strip.Strip:
    """Return a waveform's stretch as lanes; of an array the warmest point of each frame.

    Of a radar the count of points that move.
    """
    if is_radar(source):
        lanes = [strip.lane_of("", radar.moving(held), start, length_s) for held in leads.values()]
        return strip.Strip(_("Moving points"), "", 0, start, length_s, lanes)
    lanes = [
        strip.lane_of(lead, _highest(chunks) if source.is_array else chunks, start, length_s)
        for lead, chunks in leads.items()
    ]
    name = measured(source).highest if source.is_array else code_name(source.code)
    return strip.Strip(name, unit_words(source.code), source.code.decimals, start, length_s, lanes)


def measured(source: WaveSource) -> thermal.Measured:
    """Return what an array measures, for the words of its pictures."""
    if source.code.key == "thermal-array":
        return thermal.HEAT
    return thermal.Measured(unit_words(source.code), source.code.decimals, is_heat=False)


def _highest(chunks: Sequence[Chunk]) -> list[Chunk]:
    return [
        Chunk(
            c.at,
            c.seq,
            c.rate_hz,
            np.fmax.reduce(c.values, axis=1, keepdims=True),
            c.quality,
            c.recording,
        )
        for c in chunks
    ]


@dataclass(frozen=True, slots=True)
class ShownFrame:
    """One frame of an array and when it was."""

    at: datetime
    frame: thermal.Frame
    low: float
    high: float
    step: timedelta


def frame_at(leads: Leads, at: datetime) -> ShownFrame | None:
    """Return the last frame with a value that began before `at`; the scale is the stretch's."""
    found: tuple[datetime, thermal.Frame, float] | None = None
    low, high = math.inf, -math.inf
    for chunk in (c for chunks in leads.values() for c in chunks):
        if not np.isfinite(chunk.values).any():
            continue
        low = min(low, float(np.nanmin(chunk.values)))
        high = max(high, float(np.nanmax(chunk.values)))
        for n, values in enumerate(chunk.values):
            began = chunk.at + timedelta(microseconds=round(n * 1e6 / chunk.rate_hz))
            is_newer = began < at and (found is None or began > found[0])
            if is_newer and np.isfinite(values).any():
                found = began, values.reshape(chunk.frame), chunk.rate_hz
    if found is None:
        return None
    began, frame, rate_hz = found
    ends = thermal.span_of(low, high)
    step = timedelta(microseconds=round(1e6 / rate_hz))
    return ShownFrame(began, frame, *ends, step)


def device_names(sources: Sequence[WaveSource]) -> dict[UUID, str]:
    """Return the devices in words; 1 query."""
    known = devices.by_ids({source.device for source in sources})
    return {pk: f"{devices.type_of(row.type).name} {row.key}" for pk, row in known.items()}


def waves_panel(request: HttpRequest, person: PersonView) -> SafeString | None:
    """Draw the newest of a person's waveforms; nothing where none is open or there are none.

    3 queries at most, 1 where there is none.
    """
    reads = reads_of(request, person)
    sources = wave_sources(reads.actor, person, reads.home_id, at=reads.at, rooms=reads.rooms)
    if not sources:
        return None
    recent = [s for s in sources if reads.at - s.ends_at < SHOWN_FOR and not _is_beside(s, sources)]
    picked = recent[:MOST_SHOWN]
    names = device_names(sources)
    found = wave_chunks([(source, *newest_window(source)) for source in picked])
    shown = [
        _shown(person, source, leads, names, reads.at)
        for source, leads in zip(picked, found, strict=True)
    ]
    others = [
        (f"{code_name(source.code)} · {names.get(source.device, '')}",
         when_words(source.ends_at, reads.at), wave_url(person.id, source))
        for source in sources
        if source not in picked
    ]  # fmt: skip
    context = {"waves": shown, "others": others}
    return render_to_string("telemetry/waves.html", context, request=request)


def _is_beside(source: WaveSource, sources: Sequence[WaveSource]) -> bool:
    """Tell whether the same device shows its acceleration already."""
    return source.code.key == "angular-velocity" and any(
        other.device == source.device and other.code.key == "acceleration" for other in sources
    )


def _shown(
    person: PersonView, source: WaveSource, leads: Leads, names: dict[UUID, str], at: datetime
) -> ShownWave:
    start, end = newest_window(source)
    if is_radar(source):
        return _shown_radar(person, source, leads, names, at)
    frame = frame_at(leads, end) if source.is_array else None
    if frame is not None:
        drawing = thermal.draw(frame.frame, frame.low, frame.high, measured(source), height=300)
        table = thermal.table(frame.frame, measured(source))
    else:
        drawn = strip_of(source, leads, start, length_of(source))
        drawing, table = strip.draw(drawn), strip.table(drawn)
    return ShownWave(
        key=f"{source.code.key}-{source.device.hex[-8:]}",
        title=code_name(source.code),
        unit=unit_words(source.code),
        device=names.get(source.device, ""),
        when=when_words(source.ends_at, at),
        quality=quality_words(leads),
        drawing=drawing,
        table=table,
        href=wave_url(person.id, source),
    )


def _shown_radar(
    person: PersonView, source: WaveSource, leads: Leads, names: dict[UUID, str], at: datetime
) -> ShownWave:
    picture = radar_picture(source, leads, source.ends_at)
    return ShownWave(
        key=f"{source.code.key}-{source.device.hex[-8:]}",
        title=code_name(source.code),
        unit="",
        device=names.get(source.device, ""),
        when=when_words(source.ends_at, at),
        quality=quality_words(leads),
        drawing=picture.drawing,
        table=picture.table,
        href=wave_url(person.id, source),
        said=picture.said,
    )


@dataclass(frozen=True, slots=True)
class RadarPicture:
    """A radar's last second from above, and what its detector makes of the minute before."""

    drawing: SafeString
    table: SafeString
    said: tuple[str, ...]


def radar_picture(source: WaveSource, leads: Leads, end: datetime) -> RadarPicture:
    """Return what a radar saw until an instant; 1 query, for how it hangs."""
    chunks = [chunk for held in leads.values() for chunk in held if chunk.at < end]
    device = devices.by_ids([source.device]).get(source.device)
    mounting = {} if device is None else device.mounting
    points = radar.last_points(chunks, end)
    found = radar.seen(source, chunks, mounting)
    said = () if found is None else tuple(radar.sentences(found, mounting))
    drawn = radar.draw(points)
    return RadarPicture(drawn, SafeString("") if found is None else radar.table(found), said)
