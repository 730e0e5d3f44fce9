"""How values move, in words and drawn: sentences, charts with what is expected, figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from songhe.domains.monitoring import life_words
from songhe.domains.monitoring.trend_reads import AHEAD_DAYS, SUMMED, Trend, Trends
from songhe.domains.telemetry.terms import code_name, unit_words
from songhe.kernel.trends import words
from songhe.kernel.trends.glucose import GlucoseMetrics
from songhe.kernel.trends.words import Line
from songhe.kit import charts, formats
from songhe.kit.statuses import UNCONFIRMED, status_words


@dataclass(frozen=True, slots=True)
class TrendSaid:
    """A sentence; status: why a published limit in it is not yet confirmed, in words."""

    text: str
    status: str = ""


@dataclass(frozen=True, slots=True)
class ShownTrend:
    """One value on the page: its sentences, its drawing, legend and table; none without a day."""

    key: str
    name: str
    note: str
    said: list[TrendSaid]
    picture: SafeString | None
    legend: list[tuple[str, str]]
    table: SafeString | None


def shown(trends: Trends) -> tuple[list[ShownTrend], list[TrendSaid]]:
    """Return what is drawn, and the sentences on values of which nothing was measured."""
    drawn = [_shown(one, trends) for one in trends.told if one.days]
    nothing = [said for one in trends.told if not one.days for said in _said(one)]
    return drawn, nothing


def _said(trend: Trend) -> list[TrendSaid]:
    if trend.old_days is not None:
        days = trend.old_days
        text = ngettext(
            "%(name)s: last measured %(n)d day ago. How it is now is not known.",
            "%(name)s: last measured %(n)d days ago. How it is now is not known.",
            days,
        )
        return [TrendSaid(text % {"name": code_name(trend.code), "n": days})]
    said = [_sentence(line) for line in trend.lines]
    if trend.felt_days:
        text = ngettext(
            "On %(n)d day counted from the motion of a worn sensor, in walks of eight steps and "
            "more; no device sent steps of its own.",
            "On %(n)d days counted from the motion of a worn sensor, in walks of eight steps and "
            "more; no device sent steps of its own.",
            trend.felt_days,
        )
        said.append(TrendSaid(text % {"n": trend.felt_days}))
    return said


def _sentence(line: Line) -> TrendSaid:
    status = line.values.get("status")
    said = words.sentence(line, life_words.language())
    if status not in UNCONFIRMED:
        return TrendSaid(said)
    return TrendSaid(said, status_words(str(status)))


def _shown(trend: Trend, trends: Trends) -> ShownTrend:
    code = trend.code
    chart = charts.LineChart(
        name=code_name(code),
        unit=unit_words(code),
        start=trends.start,
        end=trends.end + timedelta(days=AHEAD_DAYS),
        zone=timezone.get_default_timezone(),
        decimals=code.decimals,
        points=[charts.Point(at, value) for at, value in trend.days],
        dots=True,
        own=[] if trend.band is None else [charts.Band(*trend.band)],
        ahead=_ahead(trend),
        gap_after=timedelta(days=7),
        now=trends.end,
        height=200,
    )
    summed = code.key in SUMMED
    legend = [("reading", _("a day's sum") if summed else _("a day's middle value"))]
    if trend.band is not None:
        legend.append(("own", _("usual: eight of ten of these days")))
    if trend.ahead:
        legend.append(("ahead", _("forecast: nine of ten such days lie inside")))
    return ShownTrend(
        key=code.key,
        name=code_name(code),
        note=unit_words(code),
        said=_said(trend),
        picture=charts.line(chart),
        legend=[*legend, ("gap", _("no data"))],
        table=charts.table(chart),
    )


def _ahead(trend: Trend) -> list[charts.Expected]:
    if not trend.ahead or not trend.days:
        return []
    last, value = trend.days[-1]
    # From the last day on, so that the field hangs together with the line.
    begin = charts.Expected(last, value, value, value)
    return [
        begin,
        *(charts.Expected(at, one.expected, one.low, one.high) for at, one in trend.ahead),
    ]


def figures(found: GlucoseMetrics) -> list[tuple[str, str]]:
    """Return what a continuous sensor tells as (what, value with unit)."""
    rows = [
        (_("Time in range 3.9–10.0 mmol/L"), _pct(found.in_range_pct)),
        (_("Below 3.9 mmol/L"), _pct(found.low_pct)),
        (_("Below 3.0 mmol/L"), _pct(found.very_low_pct)),
        (_("Above 10.0 mmol/L"), _pct(found.high_pct)),
        (_("Above 13.9 mmol/L"), _pct(found.very_high_pct)),
        (_("Mean"), _mmol(found.mean_mmol_l)),
        (_("Glucose management indicator (GMI)"), f"{formats.number(found.gmi_pct, 1)} %"),
    ]
    if found.cv_pct is not None:
        rows.append((_("Coefficient of variation (CV)"), _pct(found.cv_pct)))
    swing = found.mage_mmol_l
    said = pgettext("swings", "none found") if swing is None else _mmol(swing)
    return [*rows, (_("Mean amplitude of swings (MAGE)"), said)]


def _pct(value: float) -> str:
    return f"{formats.number(value, 0)} %"


def _mmol(value: float) -> str:
    return f"{formats.number(value, 1)} mmol/L"
