"""A small plan of positions: the safe area, the fixes on which an alarm rests, the scale."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from songhe.kernel import geo
from songhe.kernel.errors import SongheError
from songhe.kit.charts.ground import Ground, around, ruler
from songhe.kit.charts.svg import el, group, px

WIDTH, HEIGHT, EDGE = 340.0, 220.0, 16.0
_LABEL_PX = 20.0  # below the upper edge of an area, so that who is in its middle is seen


class NoFence(SongheError):
    code = "monitoring.no_fence"
    message = "No safe area is set for this person any more."


@dataclass(frozen=True, slots=True)
class Fix:
    """One stored position. accuracy_m is 0 where the device does not say."""

    lat: float
    lon: float
    accuracy_m: float
    words: str


def draw(fact: Any, fixes: Sequence[Fix], *, rings: bool = True) -> SafeString:
    """Draw the safe areas of a person's fact and the fixes, oldest first. Raises NoFence.

    rings: the last fix is one on which an alarm of high priority rests.
    """
    fences: list[Mapping[str, Any]] = list(fact) if isinstance(fact, list) else [fact]
    if not fact or not fences:
        raise NoFence
    corners = [corner for fence in fences for corner in _extent(fence)]
    points = [*corners, *((fix.lat, fix.lon) for fix in fixes)]
    flat = around(points, width=WIDTH, height=HEIGHT, edge=EDGE)
    pieces = [_area(flat, fence) for fence in fences]
    pieces += _way(flat, fixes, rings=rings)
    pieces += ruler(flat)
    label = _("Plan of positions, north is up: %(fixes)s") % {
        "fixes": _("; ").join(fix.words for fix in fixes)
    }
    attributes = {"class": "plan", "viewBox": f"0 0 {px(WIDTH)} {px(HEIGHT)}", "role": "img",
                  "aria-label": label}  # fmt: skip
    return el("svg", attributes, group(pieces))


def _extent(fence: Mapping[str, Any]) -> list[geo.Point]:
    if "polygon" in fence:
        return [(lat, lon) for lat, lon in fence["polygon"]]
    high = fence["radius_m"] / math.radians(geo.EARTH_M)
    wide = high / math.cos(math.radians(fence["lat"]))
    lat, lon = fence["lat"], fence["lon"]
    return [(lat - high, lon - wide), (lat + high, lon + wide)]


def _area(flat: Ground, fence: Mapping[str, Any]) -> SafeString:
    if "polygon" in fence:
        corners = [flat.at((lat, lon)) for lat, lon in fence["polygon"]]
        said = " ".join(f"{px(x)},{px(y)}" for x, y in corners)
        return el("polygon", {"class": "room-here", "points": said})
    x, y = flat.at((fence["lat"], fence["lon"]))
    radius = px(fence["radius_m"] * flat.scale)
    circle = el("circle", {"class": "room-here", "cx": px(x), "cy": px(y), "r": radius})
    words = el(
        "text", {"class": "strong", "x": px(x), "text-anchor": "middle",
                 "y": px(y - fence["radius_m"] * flat.scale + _LABEL_PX)},
        _("safe area"),
    )  # fmt: skip
    return group([circle, words])


def _way(flat: Ground, fixes: Sequence[Fix], *, rings: bool) -> list[SafeString]:
    if not fixes:
        return []
    places = [flat.at((fix.lat, fix.lon)) for fix in fixes]
    pieces = []
    if len(places) > 1:
        path = "M" + "L".join(f"{px(x)} {px(y)}" for x, y in places)
        pieces.append(el("path", {"class": "way", "d": path}))
    for fix, (x, y) in zip(fixes, places, strict=True):
        wide = fix.accuracy_m * flat.scale
        if wide > 8:
            pieces.append(el("circle", {"class": "sensor-lost", "cx": px(x), "cy": px(y),
                                        "r": px(wide)}))  # fmt: skip
    for x, y in places[:-1] if rings else ():
        pieces.append(el("circle", {"class": "sensor", "cx": px(x), "cy": px(y), "r": "5"}))
    x, y = places[-1]
    anchor = "end" if x > WIDTH * 0.6 else "start"
    beside = x - 12 if anchor == "end" else x + 12
    below = min(max(y + 4, 14), HEIGHT - 24)
    pieces.append(
        el("circle", {"class": "spot" if rings else "helper", "cx": px(x), "cy": px(y), "r": "8"})
    )
    pieces.append(el("text", {"class": "strong", "x": px(beside), "y": px(below),
                              "text-anchor": anchor}, fixes[-1].words))  # fmt: skip
    return pieces
