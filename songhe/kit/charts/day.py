"""The day picture: one lane a room over 24 hours; and the night in one line for a ward tile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, tzinfo
from datetime import time as clock_time
from typing import Literal

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from songhe.kit import formats
from songhe.kit.charts.parts import Event
from songhe.kit.charts.scale import TimeScale
from songhe.kit.charts.svg import el, group, pct
from songhe.kit.charts.words import data_table, join

Kind = Literal["soft", "in", "out", "unknown"]
KIND_WORDS: Mapping[str, str | Promise] = {
    "soft": gettext_lazy("in bed"),
    "in": gettext_lazy("active in the room"),
    "out": gettext_lazy("out of the home"),
    "unknown": gettext_lazy("not known"),
}
_CSS = {"soft": "soft", "in": "in", "out": "out", "unknown": "gap"}
NIGHT_ENDS_H, NIGHT_STARTS_H = 6, 21
MOST_SAID = 8


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the day: pale in bed, full active, hollow out, dashed unknown."""

    start: datetime
    end: datetime
    kind: Kind


@dataclass(frozen=True, slots=True)
class Lane:
    """One room, or "out"."""

    label: str
    spans: Sequence[Span] = ()


@dataclass(frozen=True)
class DayPicture:
    """A local day of a home. `now` leaves the rest of today blank; `words` say what kinds are.

    start: where it is not a local day, but the 24 hours from there (a whole hour).
    """

    day: date
    zone: tzinfo
    lanes: Sequence[Lane]
    events: Sequence[Event] = ()
    now: datetime | None = None
    start: datetime | None = None
    words: Mapping[str, str | Promise] = field(default_factory=lambda: KIND_WORDS)

    @property
    def scale(self) -> TimeScale:
        """Return the day's 24 hours (23 or 25 when clocks change) over the whole width."""
        if self.start is not None:
            return TimeScale(self.start, self.start + timedelta(days=1), self.zone, 0.0, 100.0)
        start = datetime.combine(self.day, clock_time(), self.zone)
        end = datetime.combine(self.day + timedelta(days=1), clock_time(), self.zone)
        return TimeScale(start, end, self.zone, 0.0, 100.0)


def day(picture: DayPicture) -> SafeString:
    """Draw the day: a name and a lane a room, events below, hours at the foot."""
    scale = picture.scale
    rows: list[SafeString] = []
    for lane in picture.lanes:
        rows += _row(lane.label, _lane(picture, scale, lane))
    if picture.events:
        rows += _row(_("Events"), _events(picture, scale))
    rows += _row("", _hours(picture, scale))
    return format_html('<div class="day">{}</div>', group(rows))


def _row(label: str, drawing: SafeString) -> list[SafeString]:
    return [format_html("<span>{}</span>", label), drawing]


def _clip(spans: Sequence[Span], start: datetime, end: datetime) -> Iterator[Span]:
    for span in sorted(spans, key=lambda one: one.start):
        a, b = max(span.start, start), min(span.end, end)
        if a < b:
            yield replace(span, start=a, end=b)


def _night(scale: TimeScale, until: float = 100.0) -> Iterator[SafeString]:
    first = scale.start.astimezone(scale.zone).date() - timedelta(days=1)
    for evening in (first, first + timedelta(days=1), first + timedelta(days=2)):
        nine = datetime.combine(evening, clock_time(NIGHT_STARTS_H), scale.zone)
        six = datetime.combine(evening + timedelta(days=1), clock_time(NIGHT_ENDS_H), scale.zone)
        a, end = scale.x(nine), min(scale.x(six), until)
        if a < end:
            yield el(
                "rect", {"class": "night", "x": pct(a), "width": pct(end - a), "height": "100%"}
            )


def _later(picture: DayPicture, scale: TimeScale) -> Iterator[SafeString]:
    if picture.now is not None and picture.now < scale.end:
        x = scale.x(picture.now)
        yield el("rect", {"class": "later", "x": pct(x), "width": pct(100 - x), "height": "100%"})


def _lane(picture: DayPicture, scale: TimeScale, lane: Lane) -> SafeString:
    until = min(scale.end, picture.now) if picture.now is not None else scale.end
    shown = list(_clip(lane.spans, scale.start, max(until, scale.start)))
    pieces = [*_night(scale, scale.x(until))]
    for span in shown:
        x = scale.x(span.start)
        width = max(0.25, scale.x(span.end) - x)
        attributes = {
            "class": _CSS[span.kind],
            "x": pct(min(x, 99.75)),
            "width": pct(width),
            "y": "3",
            "height": "16",
        }
        pieces.append(el("rect", attributes))
    pieces += _later(picture, scale)
    label = _lane_words(picture, lane.label, shown)
    return el("svg", {"class": "lane", "role": "img", "aria-label": label}, group(pieces))


def _lane_words(picture: DayPicture, name: str, shown: Sequence[Span]) -> str:
    if not shown:
        return _("%(room)s: nothing seen.") % {"room": name}
    said = [
        _("%(kind)s %(start)s to %(end)s")
        % {
            "kind": picture.words[s.kind],
            "start": formats.clock(s.start, picture.zone),
            "end": formats.clock(s.end, picture.zone),
        }
        for s in shown[:MOST_SAID]
    ]
    more = len(shown) - MOST_SAID
    if more > 0:
        said.append(_("and %(n)d more") % {"n": more})
    return _("%(room)s: %(stretches)s.") % {"room": name, "stretches": _("; ").join(said)}


def _events(picture: DayPicture, scale: TimeScale) -> SafeString:
    until = scale.x(picture.now) if picture.now is not None else 100.0
    pieces = [*_night(scale, until), *_later(picture, scale)]
    inside = sorted((e for e in picture.events if scale.holds(e.at)), key=lambda e: e.at)
    free_from = 0.0
    for event in inside:
        x = scale.x(event.at)
        pieces.append(
            el(
                "rect",
                {"class": "tick", "x": pct(min(x, 99.6)), "width": "3", "y": "1", "height": "20"},
            )
        )
        needs = 1.6 + 1.6 * len(event.words)
        if x >= free_from and x + needs <= 100:
            pieces.append(el("text", {"x": pct(x + 0.7), "y": "16"}, event.words))
            free_from = x + needs
    said = join(
        _("%(time)s %(what)s.") % {"time": formats.clock(e.at, picture.zone), "what": e.words}
        for e in inside
    )
    label = said or _("No events.")
    return el("svg", {"class": "lane", "role": "img", "aria-label": label}, group(pieces))


def _hours(picture: DayPicture, scale: TimeScale) -> SafeString:
    now_x = scale.x(picture.now) if picture.now is not None and scale.holds(picture.now) else None
    pieces = []
    for number in range(25):
        at = scale.start + (scale.end - scale.start) * (number / 24)
        hour = number if picture.start is None else at.astimezone(scale.zone).hour
        x = scale.x(at)
        major = hour % 6 == 0
        if hour % 3:
            continue
        if now_x is None or abs(x - now_x) > (8 if major else 5):
            attributes = (
                {"x": pct(x), "y": "14"} if major else {"class": "minor", "x": pct(x), "y": "14"}
            )
            pieces.append(el("text", attributes, str(hour)))
    if now_x is not None:
        pieces.append(el("text", {"class": "now", "x": pct(now_x), "y": "14"}, _("now")))
    return el("svg", {"class": "hours", "aria-hidden": "true"}, group(pieces))


def day_table(picture: DayPicture) -> SafeString:
    """Return the day as a table: room, what, from, to."""
    scale = picture.scale
    rows = [
        [
            lane.label,
            str(picture.words[s.kind]),
            formats.clock(s.start, picture.zone),
            formats.clock(s.end, picture.zone),
        ]
        for lane in picture.lanes
        for s in _clip(lane.spans, scale.start, scale.end)
    ]
    rows += [
        [_("Events"), e.words, formats.clock(e.at, picture.zone), ""]
        for e in picture.events
        if scale.holds(e.at)
    ]
    return data_table(_("The day at home"), [_("Room"), _("What"), _("From"), _("To")], rows)


def _left(times: int, since: str) -> str:
    said = ngettext(
        "Out of bed %(n)d time since %(time)s.", "Out of bed %(n)d times since %(time)s.", times
    )
    return said % {"n": times, "time": since}


def night(spans: Sequence[Span], start: datetime, end: datetime, zone: tzinfo) -> SafeString:
    """Draw a night in one line: in bed, out of bed, unknown; blank where the night is to come."""
    scale = TimeScale(start, end, zone, 0.0, 100.0)
    css = {"soft": "in", "in": "out", "out": "out", "unknown": "gap"}
    shown = list(_clip(spans, start, end))
    pieces = []
    for span in shown:
        x = scale.x(span.start)
        attributes = {
            "class": css[span.kind],
            "x": pct(x),
            "width": pct(max(0.6, scale.x(span.end) - x)),
            "height": "100%",
        }
        pieces.append(el("rect", attributes))
    left = sum(1 for s in shown if s.kind == "in")
    unknown = any(s.kind == "unknown" for s in shown)
    label = join(
        [
            _left(left, formats.clock(start, zone)) if shown else _("No data."),
            _("Part of the night is not known.") if unknown else "",
        ]
    )
    return el("svg", {"class": "bed-night", "role": "img", "aria-label": label}, group(pieces))
