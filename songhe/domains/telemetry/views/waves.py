"""One waveform to look along: earlier and later, nearer and wider, over gaps."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.generic import View

from songhe.base.access.actor import Actor
from songhe.domains.people import panels as people_panels
from songhe.domains.people import selectors as people
from songhe.domains.telemetry import selectors
from songhe.domains.telemetry.panels import strip, thermal, waves
from songhe.domains.telemetry.policies import open_classes
from songhe.domains.telemetry.selectors.waves import (
    WaveSource,
    beside,
    recording_bounds,
    wave_chunks,
    wave_sources,
)
from songhe.domains.telemetry.terms import code_name, unit_words
from songhe.kernel.errors import NotFound
from songhe.kit import formats

LENGTHS_S = (2, 5, 10, 30, 60, 300)


class NoSuchWaveform(NotFound):
    """The person has no waveform of this device and kind, or it is not open to the reader."""

    code = "telemetry.no_such_waveform"
    message = "There is no such waveform, or it is not open to you."


class Wave(View):
    """Show a stretch of a waveform; of an array or radar one frame and its course."""

    def get(
        self, request: HttpRequest, person_id: UUID, device_id: UUID, wave: str
    ) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        frame = people_panels.frame(request, person_id, "now")
        now = timezone.now()
        source = _source(actor, frame.person, device_id, wave, now)
        selectors.opened(actor, [frame.person.id], at=now)
        shown = _frames if source.is_array else _stretch
        context = {
            "frame": frame,
            "title": code_name(source.code),
            "unit": unit_words(source.code),
            "device": waves.device_names([source]).get(source.device, ""),
            "person_url": reverse("people:person", args=[frame.person.id]),
            **shown(request, frame.person.id, source),
        }
        return render(request, "telemetry/wave.html", context)


def _source(
    actor: Actor, person: people.PersonView, device: UUID, wave: str, at: datetime
) -> WaveSource:
    home = people.home_of(person.id, at=at) if "home" in open_classes(actor, person) else None
    sources = wave_sources(actor, person, home.pk if home else None, at=at)
    for source in sources:
        if source.device == device and source.code.key == wave:
            return source
    raise NoSuchWaveform


def _asked_at(request: HttpRequest) -> datetime | None:
    """Return the asked beginning, None for none or for what is no time."""
    try:
        found = datetime.fromisoformat(request.GET.get("at", "").replace(" ", "+"))
    except ValueError:
        return None
    return found if found.tzinfo else None


def _asked_length(request: HttpRequest, source: WaveSource) -> float:
    asked = request.GET.get("seconds", "")
    known = {str(n): float(n) for n in LENGTHS_S}
    return known.get(asked, waves.length_of(source))


def _bounded(at: datetime, source: WaveSource, length: timedelta) -> datetime:
    """Return a beginning that does not lie after the newest sample."""
    return min(at, source.ends_at - min(length, timedelta(seconds=1)))


def _stretch(request: HttpRequest, person: UUID, source: WaveSource) -> dict[str, Any]:
    """Return the drawing of a stretch and the ways from it."""
    length_s = _asked_length(request, source)
    length = timedelta(seconds=length_s)
    asked = _asked_at(request)
    start = source.ends_at - length if asked is None else _bounded(asked, source, length)
    end = start + length
    (leads,) = wave_chunks([(source, start, end)])
    before, after = beside(source, start, end)
    drawn = waves.strip_of(source, leads, start, length_s)
    seconds = round(length_s)

    def way(at: datetime, seconds: int = seconds) -> str:
        return waves.wave_url(person, source, at, seconds=seconds)

    middle = start + length / 2
    zooms = [(_seconds(n), way(middle - timedelta(seconds=n / 2), n), n == seconds)
             for n in LENGTHS_S]  # fmt: skip
    ways = [
        (pgettext("waveform", "Earlier"), way(start - length) if before else None),
        (pgettext("waveform", "Later"), way(end) if after else None),
    ]
    if not any(lane.runs for lane in drawn.lanes):
        ways += [
            (
                _("The stretch before"),
                way(before + timedelta(seconds=1) - length) if before else None,
            ),
            (_("The stretch after"), way(after) if after else None),
        ]
    ways += _ends(person, source, leads, start, seconds)
    ways.append((_("Newest"), way(source.ends_at - length) if after else None))
    return {
        "drawing": strip.draw(drawn),
        "table": strip.table(drawn),
        "when": _between(start, end),
        "quality": waves.quality_words(leads),
        "recording": _recording(leads),
        "rate": _rate(source),
        "zooms": zooms,
        "ways": ways,
    }


def _frames(request: HttpRequest, person: UUID, source: WaveSource) -> dict[str, Any]:
    """Return one frame, the course of the warmest point before it, and the ways from it."""
    asked = _asked_at(request)
    end = source.ends_at if asked is None else min(asked, source.ends_at)
    length = timedelta(seconds=waves.COURSE_S)
    start = end - length
    (leads,) = wave_chunks([(source, start, end)])
    shown = waves.frame_at(leads, end)
    before, after = beside(source, start, end)
    drawn = waves.strip_of(source, leads, start, waves.COURSE_S)
    step = shown.step if shown is not None else timedelta(seconds=1)

    def way(at: datetime) -> str:
        return waves.wave_url(person, source, at)

    at = end if shown is None else shown.at + step / 2
    steps = [(_("10 s before"), -10), (_("1 s before"), -1), (_("1 s after"), 1),
             (_("10 s after"), 10)]  # fmt: skip
    may_go_on = at + step / 2 < source.ends_at
    ways = [
        (words, way(at + timedelta(seconds=n)) if n < 0 or may_go_on else None)
        for words, n in steps
    ]
    ways.insert(2, (_("Frame before"), way(at - step) if shown is not None else None))
    ways.insert(3, (_("Frame after"), way(at + step) if may_go_on else None))
    if shown is None:
        second = timedelta(seconds=1)
        ways += [
            (_("The stretch before"), way(before + second) if before else None),
            (_("The stretch after"), way(after + second) if after else None),
        ]
    ways += _ends(person, source, leads, start, None)
    ways.append((_("Newest"), way(source.ends_at) if may_go_on else None))
    return {
        **_picture(source, leads, shown, end),
        "drawing": strip.draw(drawn),
        "table": strip.table(drawn),
        "when": _moment(shown.at) if shown else _between(start, end),
        "quality": waves.quality_words(leads),
        "recording": _recording(leads),
        "rate": _rate(source),
        "zooms": [],
        "ways": ways,
    }


def _picture(
    source: WaveSource, leads: waves.Leads, shown: waves.ShownFrame | None, end: datetime
) -> dict[str, Any]:
    """Return a frame as its kind is drawn, with its words and its table."""
    of = waves.measured(source)
    if shown is None:
        return {"thermal": None, "course_title": of.course}
    if waves.is_radar(source):
        picture = waves.radar_picture(source, leads, end)
        return {
            "thermal": picture.drawing,
            "thermal_table": picture.table,
            "thermal_words": " ".join(picture.said),
            "course_title": _("Moving points in the minute before"),
        }
    return {
        "thermal": thermal.draw(shown.frame, shown.low, shown.high, of),
        "thermal_table": thermal.table(shown.frame, of),
        "thermal_words": thermal.sentence(shown.frame, of),
        "course_title": of.course,
    }


def _ends(
    person: UUID, source: WaveSource, leads: waves.Leads, at: datetime, seconds: int | None
) -> list[tuple[str, str | None]]:
    """Return the ways to the two ends of the recording that is shown."""
    recording = _recording(leads)
    bounds = recording_bounds(source, recording, at) if recording else None
    if bounds is None:
        return []
    more = {} if seconds is None else {"seconds": seconds}
    first, last = bounds
    second = timedelta(seconds=1)
    begin = first if seconds is not None else first + second
    end = last + second - timedelta(seconds=seconds or 0)
    return [
        (_("Start of the recording"), waves.wave_url(person, source, begin, **more)),
        (_("End of the recording"), waves.wave_url(person, source, end, **more)),
    ]


def _recording(leads: waves.Leads) -> str:
    names = [chunk.recording for chunks in leads.values() for chunk in chunks]
    return names[-1] if names else ""


def _seconds(n: int) -> str:
    if n >= 60:
        return ngettext("%(n)d min", "%(n)d min", n // 60) % {"n": n // 60}
    return _("%(n)d s") % {"n": n}


def _rate(source: WaveSource) -> str:
    shown = formats.number(source.rate_hz, 0 if float(source.rate_hz).is_integer() else 2)
    if source.is_array:
        return _("%(n)s frames a second") % {"n": shown}
    return _("%(n)s values a second") % {"n": shown}


def _moment(at: datetime) -> str:
    local = timezone.localtime(at)
    return f"{formats.day_month(local.date())} {local:%H:%M:%S}.{local.microsecond // 100_000}"


def _between(start: datetime, end: datetime) -> str:
    return f"{_moment(start)} – {formats.clock(end, seconds=True)}"
