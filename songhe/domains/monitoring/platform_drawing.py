"""An alarm of the platform drawn: the figure that rang over the hours round it, with its limit."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _

from songhe.base.health import selectors as health
from songhe.base.health.figures import FIGURES
from songhe.domains.monitoring import words
from songhe.domains.monitoring.models import Finding
from songhe.kernel.detectors.rules import spec
from songhe.kit import charts

STEP_S = 60


def draw(finding: Finding, start: datetime, end: datetime) -> tuple[SafeString, str]:
    """Return the picture of a finding's figure, and in a sentence what one does about it."""
    row = spec(finding.rule)
    figure = FIGURES[finding.summary["figure"]]
    limit = finding.params.get("above", finding.params.get("below"))
    series = health.series([figure.key], since=start, until=end, every_s=STEP_S)[figure.key]
    points = [
        charts.Point(moment, value / figure.scale) for moment, value in series if value is not None
    ]
    limits = [] if limit is None else [charts.Limit(limit / figure.scale, _("limit"))]
    picture = charts.line(
        charts.LineChart(
            name=str(figure.label),
            unit=str(figure.unit),
            start=start,
            end=end,
            zone=get_current_timezone(),
            now=end,
            decimals=figure.decimals,
            points=points,
            limits=limits,
            bands=[charts.Band(0, 0)],
            gap_after=timedelta(seconds=15 * STEP_S),
            height=160,
        )
    )
    return picture, row.do_en if words.is_english() else row.do_zh
