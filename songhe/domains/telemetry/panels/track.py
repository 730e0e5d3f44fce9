"""Where a tracker was in the last 24 hours: a plan with a scale, north up, without any map."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from songhe.domains.people.selectors import PersonView
from songhe.domains.telemetry import selectors
from songhe.domains.telemetry.panels.reads import reads_of
from songhe.domains.telemetry.panels.vitals import when_words
from songhe.domains.telemetry.terms import Freshness
from songhe.kernel import geo
from songhe.kit import formats
from songhe.kit.charts.svg import el, group, px

LENGTH = timedelta(hours=24)
MOST_FIXES = 400
WIDTH, HEIGHT, EDGE = 340.0, 220.0, 24.0
SMALLEST_M = 150.0
_STEPS_M = (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 200_000)


@dataclass(frozen=True, slots=True)
class Fix:
    """One stored position, WGS 84 degrees."""

    at: datetime
    lat: float
    lon: float

    @property
    def point(self) -> geo.Point:
        return self.lat, self.lon


def track_panel(request: HttpRequest, person: PersonView) -> SafeString | None:
    """Draw a person's last positions; nothing where they are not open or there are none."""
    reads = reads_of(request, person)
    newest = reads.newest("lat")
    if "location" not in reads.classes or newest is None:
        return None
    found = selectors.series(
        reads.actor,
        person,
        ("lat", "lon"),
        reads.at - LENGTH,
        reads.at,
        max_points=MOST_FIXES,
    )
    fixes = [
        Fix(sample.at, lat, lon)
        for sample in found.samples
        for lat, lon in [sample.values]
        if lat is not None and lon is not None
    ]
    centre = reads.home_point
    context = {
        "drawing": draw(fixes, centre) if fixes else None,
        "when": when_words(newest.at, reads.at),
        "is_unknown": newest.freshness is Freshness.UNKNOWN,
        "facts": _facts(fixes, centre),
    }
    return render_to_string("telemetry/track.html", context, request=request)


def _facts(fixes: Sequence[Fix], home: geo.Point | None) -> list[str]:
    if not fixes:
        return []
    said = []
    if home is not None:
        said.append(
            _("%(far)s from home") % {"far": _length(geo.haversine_m(home, fixes[-1].point))}
        )
    way_m = sum(geo.haversine_m(a.point, b.point) for a, b in pairwise(fixes))
    said.append(_("about %(far)s on the way in 24 hours") % {"far": _length(way_m)})
    return said


def _length(metres: float) -> str:
    if metres < 1000:
        return _("%(n)s m") % {"n": formats.number(round(metres, -1))}
    return _("%(n)s km") % {"n": formats.number(metres / 1000, 1)}


def _metres(centre: geo.Point, point: geo.Point) -> tuple[float, float]:
    """Return metres east and north of a centre; flat, good for a county."""
    degree_m = math.radians(geo.EARTH_M)
    east = (point[1] - centre[1]) * degree_m * math.cos(math.radians(centre[0]))
    return east, (point[0] - centre[0]) * degree_m


def draw(fixes: Sequence[Fix], home: geo.Point | None) -> SafeString:
    """Return the plan of the fixes, oldest first, with the home where it is near enough."""
    points = [fix.point for fix in fixes]
    held = [*points, home] if home is not None else points
    lats, lons = [lat for lat, _lon in held], [lon for _lat, lon in held]
    centre = ((min(lats) + max(lats)) / 2, (min(lons) + max(lons)) / 2)
    spans = [_metres(centre, point) for point in held]
    wide = max(SMALLEST_M, *(abs(east) for east, _north in spans))
    high = max(SMALLEST_M, *(abs(north) for _east, north in spans))
    scale = min((WIDTH / 2 - EDGE) / wide, (HEIGHT / 2 - EDGE) / high)

    def place(point: geo.Point) -> tuple[float, float]:
        east, north = _metres(centre, point)
        return WIDTH / 2 + east * scale, HEIGHT / 2 - north * scale

    pieces: list[SafeString] = []
    if len(points) > 1:
        path = "M" + "L".join(f"{px(x)} {px(y)}" for x, y in map(place, points))
        pieces.append(el("path", {"class": "way", "d": path}))
    if home is not None:
        x, y = place(home)
        pieces.append(el("rect", {"class": "room", "x": px(x - 7), "y": px(y - 7),
                                  "width": "14", "height": "14"}))  # fmt: skip
        pieces.append(el("text", {"x": px(x + 11), "y": px(y + 4)}, _("home")))
    x, y = place(points[-1])
    anchor, beside = ("end", x - 10) if x > WIDTH * 0.6 else ("start", x + 10)
    pieces.append(el("circle", {"class": "sensor", "cx": px(x), "cy": px(y), "r": "7"}))
    last = formats.clock(fixes[-1].at)
    pieces.append(el("text", {"class": "strong", "x": px(beside), "y": px(y - 8),
                              "text-anchor": anchor}, last))  # fmt: skip
    pieces += _ruler(scale)
    label = _("Plan of positions, north is up, last at %(time)s.") % {"time": last}
    attributes = {"class": "plan", "viewBox": f"0 0 {px(WIDTH)} {px(HEIGHT)}", "role": "img",
                  "aria-label": label}  # fmt: skip
    return el("svg", attributes, group(pieces))


def _ruler(scale: float) -> list[SafeString]:
    length_m = max((m for m in _STEPS_M if m * scale <= 120), default=_STEPS_M[0])
    y = HEIGHT - 8
    path = f"M8 {px(y - 4)}V{px(y)}H{px(8 + length_m * scale)}V{px(y - 4)}"
    return [
        el("path", {"class": "ruler", "d": path}),
        el("text", {"x": px(14 + length_m * scale), "y": px(y)}, _length(length_m)),
    ]
