"""What an alarm rests on, drawn from the stored readings that its evidence names, or said gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from songhe.base.access.actor import Actor
from songhe.domains.monitoring import (
    fence_plan,
    phrases,
    platform_drawing,
    signal_marks,
    words,
)
from songhe.domains.monitoring.models import Alarm, Finding
from songhe.domains.monitoring.selectors import AlarmLine, EvidenceLink
from songhe.domains.monitoring.terms import OUTDOOR_KINDS
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView
from songhe.domains.telemetry import panels as waves
from songhe.domains.telemetry import selectors as telemetry
from songhe.domains.telemetry import terms as telemetry_terms
from songhe.engines.alarms.terms import OPEN_STATES, Priority
from songhe.kernel import codes
from songhe.kernel.detectors.rules import limits_of, spec
from songhe.kit import charts, formats
from songhe.kit.charts.svg import group

DAYS = timedelta(days=14)
WEEKS = timedelta(days=14)
DENSE = timedelta(hours=36)
DENSE_FROM = 400
HEARD = timedelta(hours=48)
AFTER = timedelta(hours=6)
TWO_HOURS = timedelta(hours=2)

_NOTHING = SafeString("")
# A night alarm is told by the evening before: so much of the 24 hours drawn lies before it rang.
_DAY, _BEFORE = timedelta(days=1), timedelta(hours=18)
Standing = Literal["stored", "partly", "gone", "none"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """How the evidence stands: all stored, partly gone, gone, or the rule names none.

    voided tells by whom and why readings were voided, one sentence each.
    """

    standing: Standing
    finding: Finding | None
    readings: list[telemetry.StoredReading]
    voided: list[str]
    waves: list[telemetry.ShownWaves] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture with its legend and table; note says what the picture cannot. All may be empty."""

    picture: SafeString = _NOTHING
    table: SafeString = _NOTHING
    key: list[tuple[str, str]] = field(default_factory=list)
    note: str = ""
    usual: str = ""


def evidence(links: Sequence[EvidenceLink], alarm: Alarm) -> Evidence:
    """Return how the evidence of the newest finding that rang stands; 1 query, 2 where it is gone.

    The caller has narrowed the alarm.
    """
    rang = [link for link in links if link.finding.phase != "cleared"]
    shown = next((link for link in rang if link.finding.rule == alarm.rule), None)
    shown = shown or next(iter(rang), None)
    if shown is None:
        return Evidence("none", None, [], [])
    if not shown.keys:
        return Evidence("none", shown.finding, [], [])
    keys = [key for key in shown.keys if not telemetry.is_wave(key)]
    found, gone = telemetry.readings_by_keys(keys)
    signals, lost = telemetry.waves_by_keys(key for key in shown.keys if telemetry.is_wave(key))
    if not gone and not lost:
        return Evidence("stored", shown.finding, found, [], signals)
    voided = [
        _("%(who)s voided the reading of %(time)s: %(reason)s")
        % {"who": row.voided_by, "time": formats.moment(row.reading.at), "reason": row.reason}
        for row in telemetry.voided_by_keys(gone).values()
    ]
    standing: Standing = "partly" if found or signals else "gone"
    return Evidence(standing, shown.finding, found, voided, signals)


def draw(actor: Actor, line: AlarmLine, seen: Evidence, *, at: datetime) -> Drawing:
    """Draw an alarm's evidence by the kind of its rule; nothing where it is gone."""
    if seen.finding is None or seen.standing == "gone":
        return Drawing()
    kind = spec(seen.finding.rule).kind
    if kind in ("threshold", "companion", "trend") and line.person is not None:
        return _vital(actor, line, line.person, seen, at)
    if kind in OUTDOOR_KINDS and line.person is not None:
        return _fence(line, seen)
    if kind in ("event", "bed", "door", "quiet", "not-up") and line.person is not None:
        return _day(actor, line, line.person, seen, at)
    if kind in ("silent", "frozen", "clock"):
        return _heard(actor, line, seen, at)
    if kind == "signal":
        return _signal(actor, line, seen)
    if kind == "platform":
        picture, todo = platform_drawing.draw(seen.finding, *_window(line.alarm, at, TWO_HOURS))
        return Drawing(picture, usual=todo)
    return Drawing(table=_readings(seen))


def _window(alarm: Alarm, at: datetime, length: timedelta) -> tuple[datetime, datetime]:
    end = at if alarm.state in OPEN_STATES else min(at, alarm.last_at + AFTER)
    end = max(end, alarm.last_at + timedelta(minutes=1))
    return end - length, end


def _vital(
    actor: Actor, line: AlarmLine, person: PersonView, seen: Evidence, at: datetime
) -> Drawing:
    finding, alarm = _finding(seen), line.alarm
    code = _code_of(finding, seen)
    if code is None:
        return Drawing(table=_readings(seen))
    if not _open(actor, person):
        return _closed(seen)
    keys = ("sbp", "dbp") if code.key in ("sbp", "dbp") else (code.key,)
    weeks = spec(finding.rule).kind == "trend"
    # A trend is drawn over the time that it is told of, and two weeks more.
    length = timedelta(days=finding.params["over_days"]) + WEEKS if weeks else DAYS
    start, end = _window(alarm, at, length)
    found = telemetry.series(actor, person, keys, start, end)
    dense = found.count > DENSE_FROM and not weeks
    if dense:
        start, end = _window(alarm, at, DENSE)
        found = telemetry.series(actor, person, keys, start, end)
    wanted = [codes.by_key(key) for key in keys]
    rows = _rows(found.samples, seen, [each.number for each in wanted])
    usual = _baselines(person, wanted, alarm.onset_at) if found.count else {}
    common: dict[str, Any] = {
        "name": _("Blood pressure") if len(keys) == 2 else _name(code),
        "unit": telemetry_terms.unit_words(code),
        "start": start,
        "end": end,
        "zone": timezone.get_default_timezone(),
        "decimals": code.decimals,
        "own": [charts.Band(row.low, row.high) for row in usual.values()],
        "limits": _limits(finding, {each.number for each in wanted}),
        "gap_after": timedelta(hours=1) if dense else timedelta(days=14 if weeks else 2),
        "now": at,
        "height": 208,
    }
    picture, table, mark = _pair(common, rows) if len(keys) == 2 else _line(common, rows, dense)
    key = [("reading", mark)]
    if usual:
        key.append(("own", _("usual for this person")))
    return Drawing(picture, table, [*key, ("gap", _("no data"))], usual=_usual(wanted, usual))


def _open(actor: Actor, person: PersonView) -> bool:
    """Tell whether the person's other readings are open: what is closed must not look absent."""
    return "health" in person.fields and actor.may(telemetry_terms.VIEW_READINGS)


def _closed(seen: Evidence) -> Drawing:
    note = _("Other readings are not open to you. The alarm rests on those in the table.")
    return Drawing(table=_readings(seen), note=note)


@dataclass(frozen=True, slots=True)
class _Row:
    """One reading of a chart; raised tells that the alarm rests on it."""

    at: datetime
    values: tuple[float | None, ...]
    raised: bool


def _rows(
    samples: Sequence[telemetry.Sample], seen: Evidence, numbers: Sequence[int]
) -> list[_Row]:
    """Return what is stored, each reading once; those that the evidence names are marked."""
    rows = {sample.key: _Row(sample.at, sample.values, raised=False) for sample in samples}
    for reading in seen.readings:
        values = {code.number: value for code, value in reading.values}
        if numbers[0] in values:
            shown = tuple(values.get(number) for number in numbers)
            rows[reading.key] = _Row(reading.at, shown, raised=True)
    return sorted(rows.values(), key=lambda row: row.at)


def _pair(common: dict[str, Any], rows: Sequence[_Row]) -> tuple[SafeString, SafeString, str]:
    rods = []
    for row in rows:
        upper, lower = row.values
        if upper is not None and lower is not None:
            rods.append(charts.Rod(row.at, upper, lower, alarm=row.raised))
    chart = charts.RodChart(**common, rods=rods)
    return charts.rods(chart), charts.table(chart), _("one reading, systolic over diastolic")


def _line(
    common: dict[str, Any], rows: Sequence[_Row], dense: bool
) -> tuple[SafeString, SafeString, str]:
    points = [
        charts.Point(row.at, row.values[0], alarm=row.raised)
        for row in rows
        if row.values[0] is not None
    ]
    chart = charts.LineChart(**common, points=points, dots=not dense)
    return charts.line(chart), charts.table(chart), _("one reading")


def _baselines(
    person: PersonView, wanted: Sequence[codes.Code], at: datetime
) -> dict[int, telemetry.Baseline]:
    return telemetry.baselines(person.ids, [each.number for each in wanted], at=at)


def _finding(seen: Evidence) -> Finding:
    if seen.finding is None:
        raise ValueError("nothing to draw: the alarm has no finding")
    return seen.finding


def _code_of(finding: Finding, seen: Evidence) -> codes.Code | None:
    """Return the code that was judged, where the evidence itself holds it."""
    number = finding.summary.get("code")
    held = {code.number for reading in seen.readings for code, _value in reading.values}
    return codes.by_number(int(number)) if number is not None and int(number) in held else None


def _name(code: codes.Code) -> str:
    return code.en if words.is_english() else code.zh


def _limits(finding: Finding, numbers: set[int]) -> list[charts.Limit]:
    line_words = {
        "critical": _("critical line"),
        "urgent": _("urgent line"),
        "warn": _("warning line"),
    }.get(finding.level, _("limit"))
    return [
        charts.Limit(limit.value, line_words)
        for limit in limits_of(finding.params)
        if limit.code in numbers
    ]


def _usual(wanted: Sequence[codes.Code], usual: dict[int, telemetry.Baseline]) -> str:
    ranges = [
        f"{code.text(usual[code.number].low)}–{code.text(usual[code.number].high)}"
        for code in wanted
        if code.number in usual
    ]
    if not ranges:
        return ""
    return _("Usual over the last 14 days: %(range)s.") % {"range": " / ".join(ranges)}


def _fence(line: AlarmLine, seen: Evidence) -> Drawing:
    facts = people.rule_data_of(line.person.id, at=line.alarm.onset_at) if line.person else {}
    lat, lon, accuracy = (codes.by_key(key).number for key in ("lat", "lon", "accuracy"))
    fixes = []
    for reading in seen.readings:
        values = {code.number: value for code, value in reading.values}
        if lat in values and lon in values:
            clock = formats.clock(reading.at)
            fixes.append(fence_plan.Fix(values[lat], values[lon], values.get(accuracy, 0.0), clock))
    if not fixes:
        return Drawing(table=_readings(seen))
    try:
        rings = line.alarm.priority == Priority.HIGH
        picture = fence_plan.draw(facts.get("fence"), fixes, rings=rings)
    except fence_plan.NoFence as error:
        return Drawing(table=_readings(seen), note=_(error.message))
    note = _("The dashed circle is how sure the position is. A plan, no map.")
    return Drawing(picture, _readings(seen), note=note)


def _day(
    actor: Actor, line: AlarmLine, person: PersonView, seen: Evidence, at: datetime
) -> Drawing:
    alarm = line.alarm
    if alarm.home is None:
        return Drawing(table=_readings(seen))
    start = alarm.onset_at.replace(minute=0, second=0, microsecond=0) - _BEFORE
    found = telemetry.hours_picture(actor, person, alarm.home.pk, start, start + _DAY, at=at)
    if found is None:
        note = _("The day at home is not open to you; the readings below raised the alarm.")
        return Drawing(table=_readings(seen), note=note)
    return _day_drawing(found, seen, alarm, at)


def _day_drawing(found: telemetry.HomeDay, seen: Evidence, alarm: Alarm, at: datetime) -> Drawing:
    zone = timezone.get_default_timezone()
    lanes = [
        charts.Lane(room.name, [charts.Span(s.start, s.end, s.kind) for s in room.stretches])
        for room in found.rooms
    ]
    if found.out:
        out = [charts.Span(s.start, s.end, s.kind) for s in found.out]
        lanes.append(charts.Lane(_("Out"), out))
    marks = [charts.Event(reading.at, _what(reading)) for reading in seen.readings]
    if not any(found.start <= mark.at < found.end for mark in marks):
        marks.append(charts.Event(alarm.onset_at, words.rule_name(alarm.rule)))
    picture = charts.DayPicture(
        day=found.day, zone=zone, lanes=lanes, events=marks, start=found.start,
        now=at if at < found.end else None,
    )  # fmt: skip
    key = [
        ("own", pgettext("day at home", "in bed")),
        ("in", pgettext("day at home", "active")),
        ("out", pgettext("day at home", "out")),
        ("gap", _("not known")),
    ]
    return Drawing(charts.day(picture), charts.day_table(picture), key)


def _what(reading: telemetry.StoredReading) -> str:
    """Return what a reading said, in a word or two."""
    said = []
    for code, value in reading.values:
        if code.kind == "state":
            said.append(_name(code) if value else _("%(what)s: no") % {"what": _name(code)})
        elif code.kind != "position":
            unit = telemetry_terms.unit_words(code)
            said.append(f"{_name(code)} {code.text(value)} {unit}".strip())
    return phrases.facts(said) or _("position")


def _signal(actor: Actor, line: AlarmLine, seen: Evidence) -> Drawing:
    """Draw the waves that a rule on a signal rests on, with what it marked in them."""
    person = line.person
    if person is not None and not _open(actor, person):
        return Drawing(note=_("The signal is not open to you; the words above say what it showed."))
    marks = signal_marks.of(_finding(seen))
    drawn = [waves.draw_waves(one, marks, line.alarm.onset_at) for one in seen.waves]
    return Drawing(group(p for p, _t in drawn), group(t for _p, t in drawn))


def _heard(actor: Actor, line: AlarmLine, seen: Evidence, at: datetime) -> Drawing:
    """Draw when a device was heard: its readings by the hour, or the dashed day of its room."""
    alarm, person = line.alarm, line.person
    if person is None:
        return Drawing(table=_readings(seen))
    if alarm.room is not None and alarm.home is not None:
        return _day(actor, line, person, seen, at)
    code = next((c for reading in seen.readings for c, _v in reading.values), None)
    if code is None:
        return Drawing()
    if not _open(actor, person):
        return _closed(seen)
    start, end = _window(alarm, at, HEARD)
    found = telemetry.series(actor, person, (code.key,), start, end, max_points=20_000)
    hour = timedelta(hours=1)
    first = start.replace(minute=0, second=0, microsecond=0) + hour
    counts: dict[datetime, int] = {}
    for sample in found.samples:
        if alarm.device_id is None or sample.key.device == alarm.device_id:
            began = sample.at.replace(minute=0, second=0, microsecond=0)
            counts[began] = counts.get(began, 0) + 1
    bars = []
    began = first
    while began < end:
        count = counts.get(began)
        bars.append(charts.Bar(began, float(count) if count else None))
        began += hour
    chart = charts.BarChart(
        name=_("Readings heard, by the hour"), unit="", start=first - hour, end=end,
        zone=timezone.get_default_timezone(), bars=bars, step=hour, now=at,
    )  # fmt: skip
    key = [("in", _("readings heard")), ("gap", _("nothing heard"))]
    return Drawing(charts.bars(chart), _readings(seen), key)


def _readings(seen: Evidence) -> SafeString:
    """Return the stored readings of the evidence as a table."""
    if not seen.readings:
        return _NOTHING
    rows = [
        [formats.moment(reading.at), _what(reading), formats.moment(reading.received_at)]
        for reading in seen.readings
    ]
    heads = [_("Time"), _("Reading"), _("Received")]
    return charts.data_table(_("The stored readings"), heads, rows)
