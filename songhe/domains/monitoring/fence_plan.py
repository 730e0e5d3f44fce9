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
from songhe.kit.charts.svg import el, group, px

WIDTH, HEIGHT, EDGE = 340.0, 220.0, 16.0
_STEPS_M = (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)


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


@dataclass(frozen=True, slots=True)
class _Flat:
    """Metres east and north of a centre, laid into the drawing; north is up."""

    centre: geo.Point
    scale: float

    def at(self, point: geo.Point) -> tuple[float, float]:
        east, north = _metres(self.centre, point)
        return WIDTH / 2 + east * self.scale, HEIGHT / 2 - north * self.scale


def _metres(centre: geo.Point, point: geo.Point) -> tuple[float, float]:
    a_degree_m = math.radians(geo.EARTH_M)
    east = (point[1] - centre[1]) * a_degree_m * math.cos(math.radians(centre[0]))
    return east, (point[0] - centre[0]) * a_degree_m


def draw(fact: Any, fixes: Sequence[Fix]) -> SafeString:
    """Draw the safe areas of a person's fact and the fixes, oldest first. Raises NoFence."""
    fences: list[Mapping[str, Any]] = list(fact) if isinstance(fact, list) else [fact]
    if not fact or not fences:
        raise NoFence
    corners = [corner for fence in fences for corner in _extent(fence)]
    points = [*corners, *((fix.lat, fix.lon) for fix in fixes)]
    centre = _middle(points)
    spans = [_metres(centre, point) for point in points]
    far_east = max(abs(east) for east, _north in spans) or 1.0
    far_north = max(abs(north) for _east, north in spans) or 1.0
    scale = min((WIDTH / 2 - EDGE) / far_east, (HEIGHT / 2 - EDGE) / far_north)
    flat = _Flat(centre, scale)
    pieces = [_area(flat, fence) for fence in fences]
    pieces += _way(flat, fixes)
    pieces += _ruler(scale)
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


def _middle(points: Sequence[geo.Point]) -> geo.Point:
    lats, lons = [lat for lat, _lon in points], [lon for _lat, lon in points]
    return (min(lats) + max(lats)) / 2, (min(lons) + max(lons)) / 2


def _area(flat: _Flat, fence: Mapping[str, Any]) -> SafeString:
    if "polygon" in fence:
        corners = [flat.at((lat, lon)) for lat, lon in fence["polygon"]]
        said = " ".join(f"{px(x)},{px(y)}" for x, y in corners)
        return el("polygon", {"class": "room-here", "points": said})
    x, y = flat.at((fence["lat"], fence["lon"]))
    radius = px(fence["radius_m"] * flat.scale)
    circle = el("circle", {"class": "room-here", "cx": px(x), "cy": px(y), "r": radius})
    words = el(
        "text", {"class": "strong", "x": px(x), "y": px(y + 4), "text-anchor": "middle"},
        _("safe area"),
    )  # fmt: skip
    return group([circle, words])


def _way(flat: _Flat, fixes: Sequence[Fix]) -> list[SafeString]:
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
    for x, y in places[:-1]:
        pieces.append(el("circle", {"class": "sensor", "cx": px(x), "cy": px(y), "r": "5"}))
    x, y = places[-1]
    anchor = "end" if x > WIDTH * 0.6 else "start"
    beside = x - 12 if anchor == "end" else x + 12
    below = min(max(y + 4, 14), HEIGHT - 24)
    pieces.append(el("circle", {"class": "spot", "cx": px(x), "cy": px(y), "r": "8"}))
    pieces.append(el("text", {"class": "strong", "x": px(beside), "y": px(below),
                              "text-anchor": anchor}, fixes[-1].words))  # fmt: skip
    return pieces


def _ruler(scale: float) -> list[SafeString]:
    length_m = max((m for m in _STEPS_M if m * scale <= 120), default=_STEPS_M[0])
    y = HEIGHT - 8
    path = f"M8 {px(y - 4)}V{px(y)}H{px(8 + length_m * scale)}V{px(y - 4)}"
    said = _("%(n)d m") % {"n": length_m}
    return [
        el("path", {"class": "ruler", "d": path}),
        el("text", {"x": px(14 + length_m * scale), "y": px(y)}, said),
    ]
