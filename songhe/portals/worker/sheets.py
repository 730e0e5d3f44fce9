"""What the worker's pages show: lines of the day, the steps of a visit, the way drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from math import cos, hypot, radians
from typing import Any

from django.utils.translation import get_language, gettext_lazy, pgettext
from django.utils.translation import gettext as _

from songhe.domains.catalog.terms import Limit
from songhe.domains.dispatch import terms
from songhe.domains.dispatch.panels import day_reads, measuring, own_calls, signing
from songhe.domains.telemetry.terms import code_name, unit_words
from songhe.kernel import codes
from songhe.kernel.geo import Point
from songhe.kernel.ids import uuid7

_TITLES = {
    "set_off": gettext_lazy("Set off"),
    "arrived": gettext_lazy("Arrive"),
    "began": gettext_lazy("Begin"),
    "done": gettext_lazy("Finish"),
}
_PRESS = {
    "set_off": (gettext_lazy("I set off"), "bike"),
    "arrived": (gettext_lazy("I am at the door"), "map-pin"),
    "began": (gettext_lazy("Begin"), "play"),
    "done": (gettext_lazy("All done"), "check-check"),
    "photo": (gettext_lazy("Keep the photograph"), "camera"),
    "signature": (gettext_lazy("Keep the signature"), "pen-line"),
    "measure": (gettext_lazy("Keep the value"), "gauge"),
}
# What a step to come will ask for, said beforehand.
_NEEDS = {
    "photo": ("camera", gettext_lazy("with a photograph")),
    "signature": ("pen-line", gettext_lazy("with a signature")),
    "measure": ("gauge", gettext_lazy("with a value")),
}
# Of a value beyond its limit, once it is kept.
_DID = {
    "went_on": gettext_lazy("Beyond the limit; you went on."),
    "stopped": gettext_lazy("Beyond the limit; you stopped."),
    "beyond": gettext_lazy("Beyond the limit."),
}
# The sign of what is told by one press.
_QUICK = {
    terms.Quick.SPIRITS: "smile",
    terms.Quick.LOW: "frown",
    terms.Quick.LITTLE: "utensils",
    terms.Quick.UNWELL: "thermometer",
    terms.Quick.SKIN: "droplet",
    terms.Quick.BROKEN: "wrench",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A visit as the day lists it."""

    line: day_reads.DayVisit
    title: str
    is_next: bool

    @property
    def who(self) -> str:
        return self.line.person.name if self.line.person is not None else ""


@dataclass(frozen=True, slots=True)
class Value:
    """A field for a measured value. low, high: what a body or a room can have at all.

    ge, le: where it says stop, upward and downward; limit: the same in words, "" without one.
    under: the code of the value that it must be below, "" without one; its name.
    """

    code: str
    name: str
    unit: str
    low: float | None
    high: float | None
    ge: float | None = None
    le: float | None = None
    limit: str = ""
    under: str = ""
    under_name: str = ""


@dataclass(frozen=True, slots=True)
class ShownStep:
    """A step as the page shows it: title, its words, the large button.

    needs: the sign and the words of what it asks for, None where a press is enough. did: that a
    value was beyond its limit and what she did then; did_words: the same for what this phone keeps.
    """

    step: day_reads.WorkStep
    title: str
    press: str
    icon: str
    stop: str
    values: tuple[Value, ...]
    is_current: bool
    needs: tuple[str, Any] | None
    did: str = ""
    did_words: Mapping[str, str] = field(default_factory=dict)


def _lines(day: day_reads.Day) -> list[Line]:
    open_ones = [one for one in day.visits if not one.is_over]
    going = next((one for one in open_ones if one.visit.state != terms.VisitState.TOLD), None)
    rescue = next((one for one in open_ones if one.is_rescue), None)
    upcoming = rescue or going or next(iter(open_ones), None)
    return [Line(one, day_reads.title_of(one), one is upcoming) for one in day.visits]


def today(day: day_reads.Day, asked: Sequence[own_calls.Asked], *, at: datetime) -> dict[str, Any]:
    """Return what the first page shows. asked: to whom she was asked to go."""
    lines = _lines(day)
    left = sum(1 for one in lines if not one.line.is_over)
    return {"lines": lines, "left": left, "offers": day.offers, "asked": asked, "now": at}


def visit(sheet: day_reads.Sheet, *, at: datetime) -> dict[str, Any]:
    """Return what the page of a visit shows."""
    line = sheet.line
    current = line.current
    return {
        "sheet": sheet,
        "line": line,
        "title": day_reads.title_of(line),
        "steps": [_shown(step, line, step is current) for step in line.steps],
        "signed": signing.words_of(line.order, line.visit),
        "quick": [(icon, one.value, one.label) for one, icon in _QUICK.items()],
        "reasons": terms.NotHerDoor.choices,
        "left_out": terms.LeftOut.choices,
        "why_not": terms.WhyNot.choices,
        "new_id": uuid7(),
        "now": at,
    }


def _shown(step: day_reads.WorkStep, line: day_reads.DayVisit, is_current: bool) -> ShownStep:
    english = (get_language() or "").startswith("en")
    title = str(_TITLES[step.kind]) if not step.code else step.en if english else step.zh
    stop = step.stop_en if english else step.stop_zh
    between = " " if english else ""
    said = {name: f"{words}{between}{stop}".strip() for name, words in _DID.items()}
    press, icon = _PRESS.get(step.kind, (gettext_lazy("Done"), "check"))
    return ShownStep(
        step=step,
        title=title,
        press=str(press),
        icon=icon,
        stop=stop,
        values=tuple(_value(code, step.limits) for code in step.codes),
        is_current=is_current,
        needs=_NEEDS.get(step.kind),
        did=said.get(step.did, said["beyond"]) if step.did is not None else "",
        did_words=said,
    )


def _value(code: str, limits: tuple[Limit, ...]) -> Value:
    known = codes.by_code(code)
    limit = next((one for one in limits if one.code == code), Limit(code))
    under = measuring.UNDER.get(code, "")
    bounds = []
    if limit.ge is not None:
        bounds.append(_("stop from %(value)s up") % {"value": known.text(limit.ge)})
    if limit.le is not None:
        bounds.append(_("stop from %(value)s down") % {"value": known.text(limit.le)})
    return Value(
        code=code,
        name=code_name(known),
        unit=unit_words(known),
        low=known.low,
        high=known.high,
        ge=limit.ge,
        le=limit.le,
        limit=pgettext("listed words", ", ").join(bounds),
        under=under,
        under_name=code_name(codes.by_code(under)) if under else "",
    )


@dataclass(frozen=True, slots=True)
class Dot:
    """One or several stops at one place of the drawing: percent of its width, pixels from its top.

    is_over: every one of them is done.
    """

    stops: tuple[int, ...]
    x: float
    y: float
    is_over: bool

    @property
    def numbers(self) -> str:
        """Return the stops in a few letters: 3, 3·4, 3–7."""
        first, last = self.stops[0], self.stops[-1]
        if len(self.stops) > 2 and last - first == len(self.stops) - 1:
            return f"{first}–{last}"
        return "·".join(str(one) for one in self.stops)

    @property
    def wide(self) -> int:
        """Return how wide the dot is, in pixels; a circle where it holds one letter."""
        return max(30, 16 + 12 * len(self.numbers))

    @property
    def half(self) -> int:
        return self.wide // 2


def route(day: day_reads.Day) -> dict[str, Any]:
    """Return the stops in order and where they lie to each other; nobody's map is asked."""
    lines = _lines(day)
    placed = [(one.line, place) for one in lines if (place := one.line.place) is not None]
    minutes = sum(one.line.minutes or 0 for one in lines)
    drawn = _drawn(placed)
    dots = _joined(drawn)
    on_way = [next(dot for dot in dots if one.stops[0] in dot.stops) for one in drawn]
    legs = [(a, b) for a, b in pairwise(on_way) if a is not b]
    return {"lines": lines, "dots": dots, "legs": legs, "minutes": minutes}


_HIGH, _MARGIN = 220.0, 24.0
_NEAR_PX, _PX_A_PERCENT = 26.0, 3.4  # nearer than that two stops hide each other on a phone


def _drawn(points: list[tuple[day_reads.DayVisit, Point]]) -> list[Dot]:
    """Return each stop where it lies, north up, as large as the drawing allows."""
    if not points:
        return []
    shrink = cos(radians(sum(place[0] for _line, place in points) / len(points)))
    north = [place[0] for _line, place in points]
    east = [place[1] * shrink for _line, place in points]
    size = max(max(north) - min(north), max(east) - min(east)) or 1.0

    def along(value: float, all_of: list[float]) -> float:
        return (value - (max(all_of) + min(all_of)) / 2) / size

    return [
        Dot(
            stops=(line.number,),
            x=round(50 + 84 * along(x, east), 1),
            y=round(_HIGH / 2 - (_HIGH - 2 * _MARGIN) * along(y, north), 1),
            is_over=line.is_over,
        )
        for (line, _place), x, y in zip(points, east, north, strict=True)
    ]


def _joined(drawn: list[Dot]) -> list[Dot]:
    """Return the dots with those as one that would hide each other, such as of one building."""
    dots: list[Dot] = []
    for one in drawn:
        for index, dot in enumerate(dots):
            if hypot((one.x - dot.x) * _PX_A_PERCENT, one.y - dot.y) < _NEAR_PX:
                dots[index] = Dot(
                    (*dot.stops, *one.stops), dot.x, dot.y, dot.is_over and one.is_over
                )
                break
        else:
            dots.append(one)
    return dots
