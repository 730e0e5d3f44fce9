"""The Chinese GCJ-02 datum (国测局坐标): its shift against WGS 84, and back."""

from __future__ import annotations

from math import cos, pi, radians, sin, sqrt

# Krasovsky 1940, the ellipsoid that the shift is computed on.
_SEMI_MAJOR_M = 6_378_245.0
_ECCENTRICITY_SQUARED = 0.006_693_421_622_965_943


def in_china(lat: float, lon: float) -> bool:
    """Tell whether a position lies in the rectangle in which maps of China apply the shift."""
    return 0.8293 <= lat <= 55.8271 and 72.004 <= lon <= 137.8347


def _waves(value: float, *terms: tuple[float, float]) -> float:
    return sum(size * sin(value * pi * rate) for size, rate in terms) * 2 / 3


def shifted(lat: float, lon: float) -> tuple[float, float]:
    """Return the GCJ-02 degrees of a WGS 84 position; outside China the same."""
    if not in_china(lat, lon):
        return lat, lon
    x, y = lon - 105.0, lat - 35.0
    ripple = _waves(x, (20, 6), (20, 2))
    root = sqrt(abs(x))
    north_m = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + ripple
    north_m += _waves(y, (20, 1), (40, 1 / 3)) + _waves(y, (160, 1 / 12), (320, 1 / 30))
    east_m = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + ripple
    east_m += _waves(x, (20, 1), (40, 1 / 3)) + _waves(x, (150, 1 / 12), (300, 1 / 30))
    bend = 1 - _ECCENTRICITY_SQUARED * sin(radians(lat)) ** 2
    meridian_m = _SEMI_MAJOR_M * (1 - _ECCENTRICITY_SQUARED) / (bend * sqrt(bend))
    parallel_m = _SEMI_MAJOR_M / sqrt(bend) * cos(radians(lat))
    return lat + north_m * 180 / (meridian_m * pi), lon + east_m * 180 / (parallel_m * pi)


def to_wgs84(lat: float, lon: float) -> tuple[float, float]:
    """Return the WGS 84 degrees of a GCJ-02 position, to well under a metre, by iteration."""
    found_lat, found_lon = lat, lon
    for _ in range(5):
        there_lat, there_lon = shifted(found_lat, found_lon)
        found_lat += lat - there_lat
        found_lon += lon - there_lon
    return found_lat, found_lon
