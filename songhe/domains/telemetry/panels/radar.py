"""What a radar sees: a plan of its points from above, and its detector's words for the last minute.

The detector is the gateway's own (kernel.signals.radar), run again over what is stored.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy
from numpy.typing import NDArray

from songhe.domains.telemetry.selectors.waves import Chunk, WaveSource
from songhe.kernel.signals import radar as detector
from songhe.kernel.signals.radar_track import VELOCITY, X, Y, Z
from songhe.kernel.time import from_us, to_us
from songhe.kernel.wire import SubjectKind, Wave
from songhe.kit import formats
from songhe.kit.charts import data_table
from songhe.kit.charts.svg import el, group, px

WIDTH, HEIGHT, EDGE = 340.0, 240.0, 18.0
SHOWN = timedelta(seconds=1)
_NEAREST_M, _RINGS_M = 4.0, (1, 2, 3, 4, 6, 8, 10, 15)
# How high the top of a body reaches when it stands, and when it sits (ours, status E; unproven).
UPRIGHT_M, SITTING_M = 1.3, 0.8
ACTIVITIES: dict[str, str | Promise] = {
    "walk": pgettext_lazy("radar", "walks"),
    "squats": pgettext_lazy("radar", "bends the knees and rises"),
    "jump": pgettext_lazy("radar", "jumps"),
    "jack": pgettext_lazy("radar", "jumps with the arms"),
    "boxing": pgettext_lazy("radar", "moves the arms"),
}
Points = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Activity:
    """What somebody did from when on, and how sure (0 to 1)."""

    at: datetime
    name: str
    certainty: float


@dataclass(frozen=True, slots=True)
class Seen:
    """What the detector makes of a stretch that ends at `at`.

    since: somebody has moved from then on, None for nobody; from_start: already when the stretch
    began. height_m: of the body's top above the floor, None where nobody has written down how the
    radar hangs or no point tells it. activities: in their order.
    """

    at: datetime
    since: datetime | None
    from_start: bool
    height_m: float | None
    activities: tuple[Activity, ...]


def seen(source: WaveSource, chunks: Sequence[Chunk], mounting: Mapping[str, Any]) -> Seen | None:
    """Return what a radar saw in stored chunks of one run, in their order; None for none."""
    if not chunks:
        return None
    state, since, told = detector.RADAR.new(), None, []
    for chunk in chunks:
        wave = _wave(source, chunk)
        state, signs = detector.RADAR.step(state, (wave,), wave.end_us, mounting)
        for sign in signs:
            if sign.what == "presence":
                since = from_us(sign.at_us) if sign.phase == "begin" else None
            elif sign.what == "activity":
                name = str(sign.facts["activity"])
                told.append(Activity(from_us(sign.known_us), name, sign.certainty))
    height = detector.height_m(state.bins, {**detector.PARAMS, **mounting})
    is_told = since is not None and "height_m" in mounting and math.isfinite(height)
    return Seen(
        at=chunks[-1].ends_at,
        since=since,
        from_start=since is not None and since - chunks[0].at < timedelta(seconds=2),
        height_m=round(height, 1) if is_told else None,
        activities=tuple(told),
    )


def _wave(source: WaveSource, chunk: Chunk) -> Wave:
    started_us = to_us(chunk.at)
    return Wave(
        subject_kind=SubjectKind.PLACE,
        subject=source.subject,
        device=source.device,
        code=source.code.number,
        started_us=started_us,
        received_us=started_us,
        rate_hz=chunk.rate_hz,
        leads=("",),
        samples=chunk.values.reshape(-1, *chunk.frame),
    )


def sentences(found: Seen, mounting: Mapping[str, Any]) -> list[str]:
    """Return it in sentences, with what it cannot tell."""
    clock = formats.clock(found.at, seconds=True)
    if found.since is None:
        said = [_("At %(time)s nobody moves before the radar.") % {"time": clock}]
        return [*said, _not_judged()]
    if found.from_start:
        said = [_("At %(time)s somebody is there, for a minute or longer.") % {"time": clock}]
    else:
        since = formats.clock(found.since, seconds=True)
        said = [_("At %(time)s somebody is there, since %(since)s.")
                % {"time": clock, "since": since}]  # fmt: skip
    if found.activities:
        last = found.activities[-1]
        said.append(
            _("Probably %(what)s (%(percent)d %%).")
            % {"what": ACTIVITIES[last.name], "percent": min(99, round(100 * last.certainty))}
        )
    if found.height_m is not None:
        high = formats.number(found.height_m, 1)
        said.append(_("Its points reach about %(high)s m above the floor.") % {"high": high})
        if not found.activities:  # who moves so is not sitting, however few points tell the height
            said.append(_posture(found.height_m))
    elif "height_m" not in mounting:
        said.append(_("How high the body reaches is not known: nobody wrote down how it hangs."))
    return [*said, _not_judged()]


def _posture(height_m: float) -> str:
    if height_m >= UPRIGHT_M:
        return _("Probably upright.")
    return _("Perhaps sitting or bent.") if height_m >= SITTING_M else _("Low: perhaps lying.")


def _not_judged() -> str:
    return _(
        "No recording of a fall under a radar proves the rule for falls: it is off unless somebody "
        "has switched it on."
    )


def last_points(chunks: Sequence[Chunk], end: datetime) -> Points:
    """Return the points of the last second before an instant: (n, 5), without the missing ones."""
    found = []
    for chunk in chunks:
        frames = chunk.values.reshape(-1, *chunk.frame)
        first = (end - SHOWN - chunk.at).total_seconds() * chunk.rate_hz
        last = (end - chunk.at).total_seconds() * chunk.rate_hz
        held = frames[max(0, math.ceil(first - 1e-6)) : max(0, math.ceil(last - 1e-6))]
        found.append(held.reshape(-1, held.shape[-1]))
    if not found:
        return np.empty((0, 5), dtype=np.float32)
    points = np.concatenate(found)
    whole: Points = points[np.isfinite(points[:, [X, Y, Z, VELOCITY]]).all(axis=1)]
    return whole


def place_words(points: Points) -> str:
    """Return where the moving points are, in a sentence."""
    moving = points[points[:, VELOCITY] != 0]
    if not len(moving):
        return _("Seen from above: no point moves.")
    ahead, aside = float(np.median(moving[:, X])), float(np.median(moving[:, Y]))
    words = ngettext(
        "Seen from above: %(n)d point moves, %(far)s m before the radar, %(aside)s m %(side)s.",
        "Seen from above: %(n)d points move, %(far)s m before the radar, %(aside)s m %(side)s.",
        len(moving),
    )
    return words % {
        "n": len(moving),
        "far": formats.number(ahead, 1),
        "aside": formats.number(abs(aside), 1),
        "side": _("to its right") if aside >= 0 else _("to its left"),
    }


def draw(points: Points, height: float = HEIGHT) -> SafeString:
    """Return the plan: the radar at the foot, rings a metre count, what moves as full dots."""
    far_m = max(_NEAREST_M, float(np.max(np.hypot(points[:, X], points[:, Y]), initial=0.0)))
    scale = (height - 2 * EDGE) / min(far_m, float(_RINGS_M[-1]))
    middle, foot = WIDTH / 2, height - EDGE
    pieces = list(_rings(middle, foot, scale))
    pieces.append(el("rect", {"class": "dot-full", "x": px(middle - 9), "y": px(foot - 4),
                              "width": "18", "height": "8"}))  # fmt: skip
    for point in sorted(points.tolist(), key=lambda one: one[VELOCITY] != 0):
        x, y = middle + point[Y] * scale, foot - point[X] * scale
        if not (0 <= x <= WIDTH and 0 <= y <= height):
            continue
        css, radius = ("dot-full", "4") if point[VELOCITY] else ("dot", "2.5")
        pieces.append(el("circle", {"class": css, "cx": px(x), "cy": px(y), "r": radius}))
    attributes = {"class": "chart", "height": px(height), "role": "img",
                  "viewBox": f"0 0 {px(WIDTH)} {px(height)}",
                  "preserveAspectRatio": "xMidYMid meet",
                  "aria-label": place_words(points)}  # fmt: skip
    return el("svg", attributes, group(pieces))


def _rings(middle: float, foot: float, scale: float) -> Iterator[SafeString]:
    for metres in _RINGS_M:
        radius = metres * scale
        if radius > foot:
            return
        path = f"M{px(middle - radius)} {px(foot)}A{px(radius)} {px(radius)} 0 0 1 " \
               f"{px(middle + radius)} {px(foot)}"  # fmt: skip
        yield el("path", {"class": "gap", "d": path})
        yield el("text", {"x": px(middle + 4), "y": px(foot - radius - 3)},
                 _("%(n)s m") % {"n": metres})  # fmt: skip


def table(found: Seen) -> SafeString:
    """Return what was told, with its times, as rows."""
    rows = []
    if found.since is not None:
        rows.append([formats.clock(found.since, seconds=True), _("somebody is there"), ""])
    rows += [
        [formats.clock(one.at, seconds=True), str(ACTIVITIES[one.name]),
         f"{min(99, round(100 * one.certainty))} %"]
        for one in found.activities
    ]  # fmt: skip
    if found.height_m is not None:
        high = _("reaches %(high)s m") % {"high": formats.number(found.height_m, 1)}
        rows.append([formats.clock(found.at, seconds=True), high, ""])
    return data_table(_("What the radar told"), [_("Time"), _("What"), _("How sure")], rows)


def moving(chunks: Sequence[Chunk]) -> list[Chunk]:
    """Return how many points of each frame move, as a course."""
    found = []
    for chunk in chunks:
        speeds = chunk.values.reshape(-1, *chunk.frame)[:, :, VELOCITY]
        with np.errstate(invalid="ignore"):
            counts = (np.abs(speeds) > 0).sum(axis=1).astype(np.float32)
        found.append(
            Chunk(chunk.at, chunk.seq, chunk.rate_hz, counts[:, None], chunk.quality,
                  chunk.recording)
        )  # fmt: skip
    return found
