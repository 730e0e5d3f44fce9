"""The data table of a chart: what the picture shows, reading by reading."""

from __future__ import annotations

from datetime import datetime

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from songhe.kit import formats
from songhe.kit.charts.parts import Quantity
from songhe.kit.charts.series import BarChart, LineChart, RodChart
from songhe.kit.charts.words import data_table

MOST_ROWS = 200


def table(chart: Quantity) -> SafeString:
    """Return the chart's readings as a table behind a summary, newest first, 200 at most."""
    heads, rows = _rows(chart)
    rows = list(reversed(rows))
    note = ""
    if len(rows) > MOST_ROWS:
        note = _("The newest %(most)d of %(all)d.") % {"most": MOST_ROWS, "all": len(rows)}
    return data_table(chart.name, heads, rows[:MOST_ROWS], note=note)


def _rows(chart: Quantity) -> tuple[list[str], list[list[str]]]:
    at, unit = _("Time"), chart.unit
    mark = _("raised the alarm")
    if isinstance(chart, RodChart):
        heads = [at, _("Upper, %(unit)s") % {"unit": unit}, _("Lower, %(unit)s") % {"unit": unit}]
        rows = [[_time(chart, r.at, r.alarm, mark), chart.show(r.upper), chart.show(r.lower)]
                for r in chart.shown]
    elif isinstance(chart, LineChart):
        heads = [at, unit]
        rows = [[_time(chart, p.at, p.alarm, mark), chart.show(p.value)] for p in chart.shown]
    elif isinstance(chart, BarChart):
        heads = [at, unit]
        rows = [[_time(chart, b.at, b.alarm, mark),
                 _("not known") if b.value is None else chart.show(b.value)] for b in chart.shown]
    else:
        raise TypeError(f"no table for {type(chart).__name__}")
    return heads, rows


def _time(chart: Quantity, at: datetime, alarm: bool, mark: str) -> str:
    said = formats.moment(at, chart.zone)
    return f"{said} · {mark}" if alarm else said
