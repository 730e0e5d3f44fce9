"""The district as blocks: towns with their communities, and on them what is wrong, where.

It is a plan and no map: nothing is to scale, nothing is borrowed from a published map.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from songhe.kit.charts.plans import fit
from songhe.kit.charts.svg import el, group, px
from songhe.kit.charts.words import join

Priority = Literal["high", "medium", "low", "unknown"]
ORDER: tuple[Priority, ...] = ("high", "medium", "low", "unknown")
_WORDS = {
    "high": gettext_lazy("%(n)d high"),
    "medium": gettext_lazy("%(n)d medium"),
    "low": gettext_lazy("%(n)d low"),
    "unknown": gettext_lazy("%(n)d unknown"),
}
_SHAPES = {
    "high": '<circle class="sign-shape" cx="16" cy="16" r="13"/>',
    "medium": '<path class="sign-shape" d="M16 3 30 28H2Z"/>',
    "low": '<rect class="sign-shape" x="4" y="4" width="24" height="24" rx="3"/>',
    "unknown": '<path class="sign-shape" d="M16 2 30 16 16 30 2 16Z"/>',
}
_MARKS = {"high": ("21.3", "!!!"), "medium": ("25", "!!"), "low": ("21.3", "!"),
          "unknown": ("21.3", "?")}

BLOCK_W, BLOCK_H, ROAD, HEAD, EDGE = 104.0, 46.0, 12.0, 24.0, 8.0
SIGN, LETTER = 18.0, 13.0


@dataclass(frozen=True, slots=True)
class Spots:
    """How many alarms of a priority stand in a community, and whether one is unacknowledged."""

    priority: Priority
    count: int
    unacknowledged: bool = True


@dataclass(frozen=True, slots=True)
class Community:
    """One block. `href` makes it a link to what is there."""

    code: str
    label: str
    spots: Sequence[Spots] = ()
    href: str = ""
    here: bool = False


@dataclass(frozen=True, slots=True)
class Town:
    """A town and its communities."""

    code: str
    label: str
    communities: Sequence[Community]


@dataclass(frozen=True, slots=True)
class District:
    """Towns side by side. `columns`: how many communities stand in a row of a town."""

    name: str
    towns: Sequence[Town]
    columns: int = 3


def district(plan: District) -> SafeString:
    """Draw the district, one town below the other; links make it a group, else it is one image."""
    width = 2 * EDGE + plan.columns * BLOCK_W + (plan.columns - 1) * ROAD
    pieces: list[SafeString] = []
    y = EDGE
    for town in plan.towns:
        rows = max(1, math.ceil(len(town.communities) / plan.columns))
        pieces.append(el("text", {"class": "town-name", "x": px(EDGE), "y": px(y + 14)},
                         fit(town.label, width - 2 * EDGE, LETTER)))
        top = y + HEAD
        if town is not plan.towns[-1]:
            road_y = top + rows * (BLOCK_H + ROAD) + ROAD / 2 - 3
            path = f"M0 {px(road_y)}H{px(width)}"
            pieces.append(el("path", {"class": "road", "d": path}))
        for index, community in enumerate(town.communities):
            row, column = divmod(index, plan.columns)
            x = EDGE + column * (BLOCK_W + ROAD)
            pieces.append(_block(community, x, top + row * (BLOCK_H + ROAD)))
        y = top + rows * (BLOCK_H + ROAD) + ROAD
    height = max(y - 2 * ROAD + EDGE, 2 * EDGE + HEAD)
    if not plan.towns:
        pieces.append(el("text", {"x": px(EDGE), "y": px(EDGE + 14)}, _("No communities yet")))
    linked = any(c.href for town in plan.towns for c in town.communities)
    attributes = {"class": "plan district", "viewBox": f"0 0 {px(width)} {px(height)}",
                  "role": "group" if linked else "img", "aria-label": _words_of(plan)}
    return el("svg", attributes, group(pieces))


def _block(community: Community, x: float, y: float) -> SafeString:
    css = "room-here" if community.here else "block"
    rect = el("rect", {"class": css, "x": px(x), "y": px(y), "width": px(BLOCK_W),
                       "height": px(BLOCK_H)})
    name = el("text", {"x": px(x + 6), "y": px(y + 16)}, fit(community.label, BLOCK_W - 10, LETTER))
    drawn = group([rect, name, *_signs(community, x + 6, y + 23)])
    if not community.href:
        return drawn
    label = _community_words(community)
    return el("a", {"href": community.href, "aria-label": label}, drawn)


def _signs(community: Community, x: float, y: float) -> Iterator[SafeString]:
    shown = [s for p in ORDER for s in community.spots if s.priority == p and s.count > 0]
    step = min(40.0, (BLOCK_W - 12) / max(1, len(shown)))
    for index, spot in enumerate(shown):
        left = x + index * step
        state = "unacknowledged" if spot.unacknowledged else "acknowledged"
        mark_y, marks = _MARKS[spot.priority]
        inner = group([mark_safe(_SHAPES[spot.priority]),  # noqa: S308
                       el("text", {"class": "sign-text", "x": "16", "y": mark_y}, marks)])
        yield el("svg", {"class": "sign", "data-priority": spot.priority, "data-state": state,
                         "x": px(left), "y": px(y), "width": px(SIGN), "height": px(SIGN),
                         "viewBox": "0 0 32 32", "data-size": "plan"}, inner)
        if spot.count > 1:
            yield el("text", {"class": "sign-count", "x": px(left + SIGN + 1), "y": px(y + 13)},
                     str(spot.count))


def _community_words(community: Community) -> str:
    shown = [s for p in ORDER for s in community.spots if s.priority == p and s.count > 0]
    if not shown:
        return _("%(place)s: no alarms") % {"place": community.label}
    said = _(", ").join(str(_WORDS[s.priority]) % {"n": s.count} for s in shown)
    return _("%(place)s: %(alarms)s") % {"place": community.label, "alarms": said}


def _words_of(plan: District) -> str:
    places = [c for town in plan.towns for c in town.communities]
    busy = [c for c in places if any(s.count > 0 for s in c.spots)]
    first = _("Plan of %(name)s, not to scale: %(n)d communities.") % {
        "name": plan.name, "n": len(places)}
    if not busy:
        return join([first, _("No alarms anywhere.")])
    alarms = _("; ").join(_community_words(c) for c in busy)
    return join([first, _("Alarms: %(alarms)s.") % {"alarms": alarms}])
