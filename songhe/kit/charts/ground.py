"""Places on the ground laid into a drawing: metres about a centre, north is up, and a ruler."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from songhe.kernel import geo
from songhe.kit.charts.svg import el, px

_STEPS_M = (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)
_RULER_PX = 120


@dataclass(frozen=True, slots=True)
class Ground:
    """A piece of ground in a drawing of width and height px. scale: px a metre."""

    centre: geo.Point
    scale: float
    width: float
    height: float

    def at(self, point: geo.Point) -> tuple[float, float]:
        """Return where a point lies in the drawing."""
        east, north = metres(self.centre, point)
        return self.width / 2 + east * self.scale, self.height / 2 - north * self.scale


def metres(centre: geo.Point, point: geo.Point) -> tuple[float, float]:
    """Return how far east and north of a centre a point lies, in metres."""
    a_degree_m = math.radians(geo.EARTH_M)
    east = (point[1] - centre[1]) * a_degree_m * math.cos(math.radians(centre[0]))
    return east, (point[0] - centre[0]) * a_degree_m


def around(
    points: Sequence[geo.Point], *, width: float, height: float, edge: float, least_m: float = 1.0
) -> Ground:
    """Return the ground that holds all points, `edge` px from the rim; at least so many metres."""
    lats, lons = [lat for lat, _lon in points], [lon for _lat, lon in points]
    centre = (min(lats) + max(lats)) / 2, (min(lons) + max(lons)) / 2
    spans = [metres(centre, point) for point in points]
    far_east = max(least_m / 2, *(abs(east) for east, _north in spans))
    far_north = max(least_m / 2, *(abs(north) for _east, north in spans))
    scale = min((width / 2 - edge) / far_east, (height / 2 - edge) / far_north)
    return Ground(centre, scale, width, height)


def ruler(ground: Ground) -> list[SafeString]:
    """Draw how long so many metres are, at the foot."""
    length_m = max((m for m in _STEPS_M if m * ground.scale <= _RULER_PX), default=_STEPS_M[0])
    y, length = ground.height - 8, length_m * ground.scale
    path = f"M8 {px(y - 4)}V{px(y)}H{px(8 + length)}V{px(y - 4)}"
    said = _("%(n)d m") % {"n": length_m}
    if length_m >= 1000:
        said = _("%(n)d km") % {"n": length_m // 1000}
    return [
        el("path", {"class": "ruler", "d": path}),
        el("text", {"x": px(14 + length), "y": px(y)}, said),
    ]
