"""A chart in words: the sentence that is its label, and the data table one link away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils import translation
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from songhe.kit import formats
from songhe.kit.charts.parts import Gap, Point, Quantity, Rod

if TYPE_CHECKING:
    from songhe.kit.charts.series import Bar, BarChart, LineChart, RodChart


def join(sentences: Iterable[str]) -> str:
    """Put whole sentences one after the other, with a space where the language has spaces."""
    chinese = (translation.get_language() or "zh").startswith("zh")
    return ("" if chinese else " ").join(s for s in sentences if s)


def _window(chart: Quantity) -> dict[str, Any]:
    return {
        "name": chart.name,
        "start": formats.moment(chart.start, chart.zone),
        "end": formats.moment(chart.end, chart.zone),
    }


def _nothing(chart: Quantity) -> str:
    return _("%(name)s, %(start)s to %(end)s: no data.") % _window(chart)


def _gaps(gaps: Sequence[Gap]) -> str:
    if not gaps:
        return ""
    said = ngettext(
        "There is %(n)d stretch without data.", "There are %(n)d stretches without data.", len(gaps)
    )
    return said % {"n": len(gaps)}


def _alarm(chart: Quantity, at: datetime, value: str) -> str:
    return _("The reading of %(time)s raised the alarm: %(value)s %(unit)s.") % {
        "time": formats.moment(at, chart.zone), "value": value, "unit": chart.unit}


def _count(n: int) -> str:
    return ngettext("%(n)d reading", "%(n)d readings", n) % {"n": n}


def of_rods(chart: RodChart, shown: Sequence[Rod], gaps: Sequence[Gap]) -> str:
    """Return the sentence of a rod chart."""
    if not shown:
        return _nothing(chart)
    first = _("%(name)s, %(start)s to %(end)s: %(count)s, last %(last)s %(unit)s.") % {
        **_window(chart), "count": _count(len(shown)), "unit": chart.unit,
        "last": pair(chart, shown[-1])}
    raised = [_alarm(chart, r.at, pair(chart, r)) for r in shown if r.alarm]
    return join([first, _gaps(gaps), *raised])


def pair(chart: Quantity, rod: Rod) -> str:
    return f"{chart.show(rod.upper)}/{chart.show(rod.lower)}"


def of_line(chart: LineChart, shown: Sequence[Point], gaps: Sequence[Gap]) -> str:
    """Return the sentence of a line chart."""
    if not shown:
        return _nothing(chart)
    values = [p.value for p in shown]
    first = _(
        "%(name)s, %(start)s to %(end)s: %(count)s, last %(last)s %(unit)s, "
        "lowest %(low)s, highest %(high)s."
    ) % {**_window(chart), "count": _count(len(shown)), "unit": chart.unit,
         "last": chart.show(values[-1]), "low": chart.show(min(values)),
         "high": chart.show(max(values))}
    raised = [_alarm(chart, p.at, chart.show(p.value)) for p in shown if p.alarm]
    return join([first, _gaps(gaps), *raised])


def of_bars(chart: BarChart, shown: Sequence[Bar], gaps: Sequence[Gap]) -> str:
    """Return the sentence of a bar chart."""
    known = [(b.at, b.value) for b in shown if b.value is not None]
    if not known:
        return _nothing(chart)
    most_at, most = max(known, key=lambda pair: pair[1])
    first = _(
        "%(name)s, %(start)s to %(end)s: %(total)s %(unit)s in all, most at %(time)s with %(most)s."
    ) % {**_window(chart), "unit": chart.unit, "most": chart.show(most),
         "total": chart.show(sum(v for _at, v in known)),
         "time": formats.clock(most_at, chart.zone)}
    unknown = sum(1 for b in shown if b.value is None)
    said = ngettext("%(n)d step is not known.", "%(n)d steps are not known.", unknown)
    return join([first, said % {"n": unknown} if unknown else "", _gaps(gaps)])


def data_table(
    caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]], *, note: str = ""
) -> SafeString:
    """Return a table behind a summary; the first column is text, the others are numbers."""
    head = format_html_join("", "<th scope=\"col\"{}>{}</th>",
                            ((_num(i), h) for i, h in enumerate(heads)))
    body = format_html_join("", "<tr>{}</tr>", ((_cells(row),) for row in rows))
    return format_html(
        '<details class="data-details"><summary>{}</summary>'
        '<div class="scroll" role="region" tabindex="0" aria-label="{}"><table class="data">'
        "<caption>{}{}</caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div></details>",
        _("Data table"), caption, caption, format_html(" <small>{}</small>", note) if note else "",
        head, body,
    )


def _cells(row: Sequence[str]) -> SafeString:
    return format_html_join("", "<td{}>{}</td>", ((_num(i), c) for i, c in enumerate(row)))


def _num(index: int) -> SafeString:
    return SafeString(' class="num"') if index else SafeString("")
