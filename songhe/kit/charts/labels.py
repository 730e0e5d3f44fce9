"""Words beside marks: each where it lies on nothing else, as long as there is such a place."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.safestring import SafeString

from songhe.kit.charts.plans import fit, width_of
from songhe.kit.charts.svg import el, px

LETTER, HALF_MARK = 12.0, 12.0
# Where a text could stand: x, y of its baseline, and which end of it lies there.
Try = tuple[float, float, str]
Box = tuple[float, float, float, float]


class Room:
    """A drawing with what is taken of it: left, top, right, bottom of each thing."""

    def __init__(self, width: float, height: float, marks: Iterable[tuple[float, float]]) -> None:
        self.width, self.height = width, height
        half = HALF_MARK
        self.taken: list[Box] = [(x - half, y - half, x + half, y + half) for x, y in marks]

    def text(self, words: str, tried: list[Try]) -> SafeString:
        """Write words at the first place that is free, else where they hide least."""
        long = min(width_of(words, LETTER), self.width / 2)
        found = min(tried, key=lambda one: self._hidden(_box(one, long)))
        self.taken.append(_box(found, long))
        x, y, anchor = found
        return el("text", {"class": "strong", "x": px(x), "y": px(y), "text-anchor": anchor},
                  fit(words, long + 1, LETTER))  # fmt: skip

    def _hidden(self, box: Box) -> float:
        """Return how much of a box is taken already or outside, in square units."""
        left, top, right, bottom = box
        whole = (right - left) * (bottom - top)
        inside = _shared(box, (2, 2, self.width - 2, self.height - 2))
        return whole - inside + sum(_shared(box, one) for one in self.taken)


def _box(one: Try, long: float) -> Box:
    x, y, anchor = one
    left = x if anchor == "start" else x - long if anchor == "end" else x - long / 2
    return left, y - LETTER, left + long, y + 3


def _shared(a: Box, b: Box) -> float:
    wide = min(a[2], b[2]) - max(a[0], b[0])
    high = min(a[3], b[3]) - max(a[1], b[1])
    return wide * high if wide > 0 and high > 0 else 0.0
