"""Who is where: homes, helpers and the ways between them, to scale, north is up.

A plan and no map: no streets, nothing borrowed. Communities stand as names where they lie.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot
from typing import Literal

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from songhe.kernel.geo import Point
from songhe.kit.charts.ground import around, ruler
from songhe.kit.charts.labels import Room, Try
from songhe.kit.charts.svg import el, group, px
from songhe.kit.charts.words import join

Kind = Literal["calls", "home", "helper"]
WIDTH, EDGE, LEAST_M = 400.0, 30.0, 600.0
PLACES_PX = 230.0
CLEAR_X, CLEAR_Y = 52.0, 20.0  # a name stands only where nothing else does
MARK, APART = 11.0, 20.0
LEAST_WAY = 48.0  # of a shorter one the names say enough


@dataclass(frozen=True, slots=True)
class Spot:
    """Somebody or a home. mark: one or two signs inside; words: beside it and for who hears it.

    kind: calls (nobody goes there yet), home (somebody goes), helper. is_faint: she could go.
    """

    key: str
    at: Point
    kind: Kind
    mark: str
    words: str
    label: str = ""
    href: str = ""
    is_faint: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """A way from a helper to a home, by their keys; words: how long it takes. is_sure: she goes."""

    start: str
    end: str
    words: str = ""
    is_sure: bool = True


@dataclass(frozen=True, slots=True)
class Places:
    """A piece of the county. areas: names of communities with where they lie.

    is_wide: the drawing holds all of them, not just the spots.
    """

    name: str
    spots: Sequence[Spot]
    ways: Sequence[Way] = ()
    areas: Sequence[tuple[str, Point]] = ()
    height: float = PLACES_PX
    is_wide: bool = False


def places(plan: Places) -> SafeString:
    """Draw it; empty where nothing has a place. Linked spots make it a group, else one image."""
    if not plan.spots:
        return SafeString("")
    points = [one.at for one in plan.spots]
    points += [point for _name, point in plan.areas] if plan.is_wide else []
    ground = around(points, width=WIDTH, height=plan.height, edge=EDGE, least_m=LEAST_M)
    where: dict[str, tuple[float, float]] = {}
    for one in plan.spots:
        where[one.key] = _free(ground.at(one.at), list(where.values()))
    pieces: list[SafeString] = []
    taken = list(where.values())
    for name, point in plan.areas:
        x, y = ground.at(point)
        is_inside = 0 < x < WIDTH and 12 < y < plan.height - 20
        if is_inside and not any(abs(x - a) < CLEAR_X and abs(y - b) < CLEAR_Y for a, b in taken):
            pieces.append(_area(name, x, y, plan.height))
            taken.append((x, y))
    pieces += [_way(way, where[way.start], where[way.end]) for way in plan.ways]
    room = Room(WIDTH, plan.height, where.values())
    pieces += [_spot(one, where[one.key], room) for one in plan.spots]
    # Last, where names have left room.
    pieces += [_how_long(way, where[way.start], where[way.end], room) for way in plan.ways]
    pieces += ruler(ground)
    linked = any(one.href for one in plan.spots)
    attributes = {"class": "plan places", "viewBox": f"0 0 {px(WIDTH)} {px(plan.height)}",
                  "role": "group" if linked else "img", "aria-label": _words(plan)}  # fmt: skip
    return el("svg", attributes, group(pieces))


def _free(at: tuple[float, float], taken: list[tuple[float, float]]) -> tuple[float, float]:
    """Return where a mark is drawn: beside those that lie at the same place."""
    x, y = at
    while any(abs(x - a) < APART and abs(y - b) < APART for a, b in taken):
        x += APART
        if x > WIDTH - MARK:
            x, y = at[0], y + APART
    return x, y


def _area(name: str, x: float, y: float, height: float) -> SafeString:
    anchor = "start" if x < WIDTH * 0.2 else "end" if x > WIDTH * 0.8 else "middle"
    return el("text", {"class": "area", "x": px(min(max(x, 6), WIDTH - 6)), "y": px(min(y, height)),
                       "text-anchor": anchor}, name)  # fmt: skip


def _way(way: Way, start: tuple[float, float], end: tuple[float, float]) -> SafeString:
    path = f"M{px(start[0])} {px(start[1])}L{px(end[0])} {px(end[1])}"
    return el("path", {"class": "way way-sure" if way.is_sure else "way", "d": path})


def _how_long(
    way: Way, start: tuple[float, float], end: tuple[float, float], room: Room
) -> SafeString:
    """Write how long a way takes beside its middle, or where there is room along it."""
    (x1, y1), (x2, y2) = start, end
    if not way.words or hypot(x2 - x1, y2 - y1) < LEAST_WAY:
        return SafeString("")
    beside = ((0, -8, "middle"), (8, 4, "start"), (-8, 4, "end"), (0, 18, "middle"))
    points = [(x1 + (x2 - x1) * part, y1 + (y2 - y1) * part) for part in (0.5, 0.35, 0.65)]
    tried: list[Try] = [
        (x + dx, y + dy, anchor)
        for x, y in points
        for dx, dy, anchor in beside
    ]
    return room.text(way.words, tried)


_CSS = {"calls": "spot", "home": "home", "helper": "helper"}
_TEXT_CSS = {"calls": "spot-text", "home": "home-text", "helper": "helper-text"}


def _spot(one: Spot, at: tuple[float, float], room: Room) -> SafeString:
    x, y = at
    css, text = _CSS[one.kind], _TEXT_CSS[one.kind]
    if one.is_faint:
        css, text = f"{css} faint", f"{text} faint"
    shape = el("circle", {"class": css, "cx": px(x), "cy": px(y), "r": px(MARK)})
    if one.kind == "home":
        side = MARK * 1.8
        shape = el("rect", {"class": css, "x": px(x - side / 2), "y": px(y - side / 2),
                            "width": px(side), "height": px(side), "rx": "3"})  # fmt: skip
    pieces = [shape, el("text", {"class": text, "x": px(x), "y": px(y + 4),
                                 "text-anchor": "middle"}, one.mark)]  # fmt: skip
    if one.label:
        beside = MARK + 5
        pieces.append(room.text(one.label, [
            (x + beside, y + 4, "start"), (x - beside, y + 4, "end"),
            (x, y - beside, "middle"), (x, y + beside + 9, "middle"),
        ]))  # fmt: skip
    if not one.href:
        return group(pieces)
    return el("a", {"href": one.href, "aria-label": one.words}, group(pieces))


def _words(plan: Places) -> str:
    by_key = {one.key: one for one in plan.spots}
    first = _("Where they are, %(name)s, to scale, north is up: %(spots)s.") % {
        "name": plan.name,
        "spots": _("; ").join(one.words for one in plan.spots),
    }
    ways = [
        _("%(who)s to %(where)s %(how)s") % {
            "who": by_key[way.start].words, "where": by_key[way.end].words, "how": way.words,
        }
        for way in plan.ways if way.is_sure
    ]  # fmt: skip
    return join(
        [first, _("On the way: %(ways)s.") % {"ways": _("; ").join(ways)}] if ways else [first]
    )
