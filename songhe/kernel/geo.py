"""Distances and areas on the ground, and the Chinese map datum turned back into WGS 84."""

from __future__ import annotations

import math
from collections.abc import Sequence

EARTH_M = 6_371_008.8
_GCJ_AXIS_M = 6_378_245.0
_GCJ_ECCENTRICITY2 = 0.006_693_421_622_965_943

Point = tuple[float, float]


def haversine_m(a: Point, b: Point) -> float:
    """Return the great-circle distance in metres of two (lat, lon) in degrees, mean Earth radius.

    Up to 0.5 % off the ellipsoid, far below a tracker's own error.
    """
    lat1, lat2 = math.radians(a[0]), math.radians(b[0])
    dlat, dlon = lat2 - lat1, math.radians(b[1] - a[1])
    h = math.sin(dlat / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(dlon / 2) ** 2
    return 2 * EARTH_M * math.asin(min(1.0, math.sqrt(h)))


def inside(point: Point, polygon: Sequence[Point]) -> bool:
    """Say whether a point lies in a polygon of (lat, lon) corners, by ray casting.

    Corners in either turning sense, the last not repeated; not for areas over the date line.
    """
    lat, lon = point
    found = False
    previous = polygon[-1]
    for corner in polygon:
        (lat1, lon1), (lat2, lon2) = previous, corner
        if (lat1 > lat) != (lat2 > lat) and lon < lon1 + (lat - lat1) / (lat2 - lat1) * (
            lon2 - lon1
        ):
            found = not found
        previous = corner
    return found


def beyond_circle_m(point: Point, centre: Point, radius_m: float) -> float:
    """Return metres outside a circle; negative inside."""
    return haversine_m(point, centre) - radius_m


def beyond_polygon_m(point: Point, polygon: Sequence[Point]) -> float:
    """Return metres from a polygon's edge; negative inside. Flat near the point: areas < 50 km."""
    scale_y = math.radians(EARTH_M)
    scale_x = scale_y * math.cos(math.radians(point[0]))
    corners = [((lon - point[1]) * scale_x, (lat - point[0]) * scale_y) for lat, lon in polygon]
    nearest = min(_segment_m(corners[index - 1], corners[index]) for index in range(len(corners)))
    return -nearest if inside(point, polygon) else nearest


def _segment_m(a: Point, b: Point) -> float:
    dx, dy = b[0] - a[0], b[1] - a[1]
    length2 = dx * dx + dy * dy
    share = 0.0 if length2 == 0 else max(0.0, min(1.0, -(a[0] * dx + a[1] * dy) / length2))
    return math.hypot(a[0] + share * dx, a[1] + share * dy)


def in_gcj_area(point: Point) -> bool:
    """Say whether the datum applies: the box 0.8293-55.8271 N, 72.004-137.8347 E [M]."""
    return 0.8293 <= point[0] <= 55.8271 and 72.004 <= point[1] <= 137.8347


def _shift(point: Point) -> Point:
    y, x = point[0] - 35.0, point[1] - 105.0
    pi = math.pi
    waves = (20.0 * math.sin(6 * x * pi) + 20.0 * math.sin(2 * x * pi)) * 2 / 3
    north = -100.0 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + waves
    north += (20.0 * math.sin(y * pi) + 40.0 * math.sin(y / 3 * pi)) * 2 / 3
    north += (160.0 * math.sin(y / 12 * pi) + 320.0 * math.sin(y * pi / 30)) * 2 / 3
    east = 300.0 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + waves
    east += (20.0 * math.sin(x * pi) + 40.0 * math.sin(x / 3 * pi)) * 2 / 3
    east += (150.0 * math.sin(x / 12 * pi) + 300.0 * math.sin(x / 30 * pi)) * 2 / 3
    lat = math.radians(point[0])
    root = 1 - _GCJ_ECCENTRICITY2 * math.sin(lat) ** 2
    meridian = _GCJ_AXIS_M * (1 - _GCJ_ECCENTRICITY2) / (root * math.sqrt(root))
    parallel = _GCJ_AXIS_M / math.sqrt(root) * math.cos(lat)
    return math.degrees(north / meridian), math.degrees(east / parallel)


def wgs84_to_gcj02(point: Point) -> Point:
    """Return the GCJ-02 position of a WGS 84 one, by the publicly known formula [M].

    Outside the datum's box the position is returned as it is.
    """
    if not in_gcj_area(point):
        return point
    north, east = _shift(point)
    return point[0] + north, point[1] + east


def gcj02_to_wgs84(point: Point) -> Point:
    """Return the WGS 84 position of a GCJ-02 one (lat, lon in degrees), by fixed-point iteration.

    Status M: the datum is not published; the formula is the publicly known one and agrees with map
    services to a few metres. This inversion adds less than 0.01 m of its own (tested over the box).
    """
    if not in_gcj_area(point):
        return point
    lat, lon = point
    for _ in range(8):
        north, east = _shift((lat, lon))
        lat, lon = point[0] - north, point[1] - east
    return lat, lon
