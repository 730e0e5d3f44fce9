"""Draws the waves on which an alarm rests: a strip with its marks, or frames before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from songhe.domains.telemetry.panels import radar, strip, thermal
from songhe.domains.telemetry.panels.waves import frame_at
from songhe.domains.telemetry.selectors.shown_waves import ShownWaves
from songhe.domains.telemetry.selectors.waves import Chunk
from songhe.domains.telemetry.terms import code_name, unit_words
from songhe.kit import formats

STANDARD_GRAVITY = 9.80665  # m/s2, by definition
LONGEST = timedelta(seconds=30)
# Frames are shown so long before and after what happened.
_BEFORE, _AFTER = timedelta(seconds=3), timedelta(seconds=4)
_FRAME_PX = 220


@dataclass(frozen=True, slots=True)
class WaveMark:
    """What happened at an instant, in a word or a letter; is_line: it is drawn through."""

    at: datetime
    word: str
    is_line: bool = False


def draw_waves(
    shown: ShownWaves, marks: Sequence[WaveMark], about: datetime
) -> tuple[SafeString, SafeString]:
    """Return the picture of waves and its table; at most half a minute around `about`.

    Acceleration is drawn by its magnitude in g: where the sensor sits decides what its axes mean.
    """
    if any(chunk.frame != (1, 1) for held in shown.leads.values() for chunk in held):
        return _frames(shown, about), SafeString("")
    start, end = shown.span
    if end - start > LONGEST:
        start = min(max(start, about - LONGEST / 2), end - LONGEST)
        end = start + LONGEST
    length_s = (end - start).total_seconds()
    leads, unit, decimals = _leads(shown)
    drawn = strip.Strip(
        name=code_name(shown.code),
        unit=unit,
        decimals=decimals,
        start=start,
        length_s=length_s,
        lanes=[strip.lane_of(name, chunks, start, length_s) for name, chunks in leads.items()],
        marks=[
            strip.StripMark((mark.at - start).total_seconds(), mark.word, mark.is_line)
            for mark in marks
        ],
    )
    return strip.draw(drawn), strip.table(drawn)


def _leads(shown: ShownWaves) -> tuple[dict[str, list[Chunk]], str, int]:
    """Return what is drawn, its unit and decimals."""
    if shown.code.key != "acceleration":
        return shown.leads, unit_words(shown.code), shown.code.decimals
    positions: dict[str, list[list[Chunk]]] = {}
    for name, chunks in shown.leads.items():
        position = name.rpartition(" ")[0] if len(name.split()) > 1 else ""
        positions.setdefault(position, []).append(chunks)
    return {name: _magnitude(held) for name, held in positions.items()}, "g", 2


def _magnitude(axes: Sequence[Sequence[Chunk]]) -> list[Chunk]:
    """Return the length of the vector of axes, in g; chunks that one of them lacks are left out."""
    found = []
    by_start = [{chunk.at: chunk for chunk in chunks} for chunks in axes]
    for at, first in sorted(by_start[0].items()):
        others = [held.get(at) for held in by_start[1:]]
        if any(other is None or len(other.values) != len(first.values) for other in others):
            continue
        squares = [first.values**2, *(other.values**2 for other in others if other is not None)]
        length = np.sqrt(np.sum(squares, axis=0)) / STANDARD_GRAVITY
        found.append(replace(first, values=length.astype(np.float32)))
    return found


def _frames(shown: ShownWaves, about: datetime) -> SafeString:
    """Return frames before, at and after an instant, side by side, each with its time."""
    drawn = []
    for moment in (about - _BEFORE, about, about + _AFTER):
        if shown.code.key == "radar-points":
            chunks = [chunk for held in shown.leads.values() for chunk in held]
            points = radar.last_points(chunks, moment + radar.SHOWN / 2)
            if len(points):
                words = formats.clock(moment, seconds=True)
                drawn.append((radar.draw(points, _FRAME_PX), words))
            continue
        frame = frame_at(shown.leads, moment + timedelta(milliseconds=1))
        if frame is not None:
            picture = thermal.draw(frame.frame, frame.low, frame.high, height=_FRAME_PX)
            words = formats.clock(frame.at, seconds=True)
            drawn.append((picture, words))
    if not drawn:
        return SafeString("")
    figures = format_html_join("", "<figure>{}<figcaption>{}</figcaption></figure>", drawn)
    said = _("What the array saw before, then and after")
    return format_html('<div class="frames" role="group" aria-label="{}">{}</div>', said, figures)
