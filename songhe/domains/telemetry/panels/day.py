"""The home's day (家中一天) with its sentence, the floor plan with its sensors."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from songhe.domains.people.selectors import PersonView
from songhe.domains.telemetry import selectors
from songhe.domains.telemetry.panels.reads import Reads, reads_of
from songhe.domains.telemetry.selectors import HomeDay
from songhe.kit import charts, formats

OLDEST = timedelta(days=365)
PLAN_PX = 320.0
EDGE_PX = 8.0


def day_of(request: HttpRequest, today: date) -> date:
    """Return the asked day, today for anything that is none or lies ahead."""
    try:
        asked = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return today
    return min(max(asked, today - OLDEST), today)


def day_panel(request: HttpRequest, person: PersonView) -> SafeString | None:
    """Draw one day at home; nothing where the home is not open."""
    reads = reads_of(request, person)
    if reads.home_id is None:
        return None
    today = timezone.localdate(reads.at)
    day = day_of(request, today)
    found = selectors.day_picture(
        reads.actor,
        person,
        reads.home_id,
        day,
        at=reads.at,
        rooms=reads.rooms,
        served_by=reads.served_by,
    )
    if found is None:
        return None
    context = {
        "day": day,
        "before": (day - timedelta(days=1)).isoformat() if day > today - OLDEST else None,
        "after": (day + timedelta(days=1)).isoformat() if day < today else None,
        "sentence": day_words(found),
        "unknown": unknown_words(found),
        "has_sensors": bool(found.rooms),
        "drawing": charts.day(drawn_day(found)),
        "table": charts.day_table(drawn_day(found)),
        "legend": [
            ("own", pgettext("home", "in bed")),
            ("in", pgettext("home", "active")),
            ("out", pgettext("home", "out")),
            ("gap", _("not known, which does not mean that all is well")),
        ],
    }
    return render_to_string("telemetry/day.html", context, request=request)


def drawn_day(found: HomeDay) -> charts.DayPicture:
    """Return the day as the kit draws it."""
    lanes = [
        charts.Lane(room.name, [charts.Span(s.start, s.end, s.kind) for s in room.stretches])
        for room in found.rooms
    ]
    out = [charts.Span(s.start, s.end, s.kind) for s in found.out]
    zone = timezone.get_default_timezone()
    is_over = found.known_until >= found.end
    return charts.DayPicture(
        day=found.day,
        zone=zone,
        lanes=[*lanes, charts.Lane(pgettext("home", "Out"), out)],
        now=None if is_over else found.known_until,
    )


def day_words(found: HomeDay) -> list[str]:
    """Return the day in sentences: in bed, up at night, got up, out."""
    said = []
    if found.in_bed:
        said.append(_("In bed for %(span)s.") % {"span": formats.span(found.in_bed)})
    nights = found.left_bed_at_night
    if nights:
        said.append(ngettext("Up %(n)d time at night.", "Up %(n)d times at night.", nights)
                    % {"n": nights})  # fmt: skip
    if found.got_up_at is not None:
        said.append(_("Got up at %(time)s.") % {"time": formats.clock(found.got_up_at)})
    out = [s for s in found.out if s.kind == "out"]
    if out:
        length = sum((s.end - s.start for s in out), timedelta())
        said.append(
            ngettext("Out %(n)d time, %(span)s.", "Out %(n)d times, %(span)s.", len(out))
            % {"n": len(out), "span": formats.span(length)}
        )
    return said


def unknown_words(found: HomeDay) -> list[str]:
    """Return what is not known, room by room, at most three lines."""
    said = []
    for room in found.rooms:
        spans = [s for s in room.stretches if s.kind == "unknown"]
        if spans:
            times = _(", ").join(
                f"{formats.clock(s.start)}–{_end(s.end, found.end)}" for s in spans[:3]
            )
            said.append(
                _("%(room)s: all sensors silent %(times)s") % {"room": room.name, "times": times}
            )
    for span in found.out:
        if span.kind == "unknown":
            times = f"{formats.clock(span.start)}–{_end(span.end, found.end)}"
            said.append(_("%(times)s: not known whether at home or out") % {"times": times})
    return said[:4]


def _end(at: datetime, day_end: datetime) -> str:
    return "24:00" if at == day_end else formats.clock(at)


def plan_panel(request: HttpRequest, person: PersonView) -> SafeString | None:
    """Draw the home's floor plan with its sensors and the lost ones."""
    reads = reads_of(request, person)
    if reads.home_id is None or not reads.plan.get("rooms"):
        return None
    context = {"drawing": floor_plan(reads)}
    return render_to_string("telemetry/plan.html", context, request=request)


def floor_plan(reads: Reads) -> SafeString:
    """Return the plan of the home where a person lives now, drawn to a width of 320 px."""
    labels = {str(room.pk): room.name for room in reads.rooms}
    scale = PLAN_PX / max(float(reads.plan["width"]), 1.0)
    rooms = [
        charts.Room(
            key=str(row["room"]),
            label=labels.get(str(row["room"]), ""),
            x=EDGE_PX + float(row["x"]) * scale,
            y=EDGE_PX + float(row["y"]) * scale,
            width=float(row["w"]) * scale,
            height=float(row["h"]) * scale,
        )
        for row in reads.plan["rooms"]
    ]
    sensors = [
        charts.Sensor(str(line.room_id), line.type.name, lost=line.silent)
        for line in reads.served_by
        if line.room_id is not None
    ]
    height = float(reads.plan["height"]) * scale + 2 * EDGE_PX
    return charts.plan(
        charts.FloorPlan(reads.home_name, PLAN_PX + 2 * EDGE_PX, height, rooms, sensors=sensors)
    )
