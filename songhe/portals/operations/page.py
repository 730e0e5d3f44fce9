"""What the platform's page shows: verdict, processes, figures with their day, storage, jobs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

import songhe
from songhe.base.access import wall
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.health import failed_jobs, freshness
from songhe.base.health import selectors as health
from songhe.base.health.figures import FIGURES, text_of
from songhe.base.health.models import Sample
from songhe.domains.monitoring import panels as monitoring
from songhe.domains.monitoring import selectors as alarms
from songhe.domains.telemetry import selectors as telemetry
from songhe.domains.telemetry.terms import VIEW_LETTERS, VIEW_OLD_DAYS, reason_word
from songhe.kit import charts, formats

DAY = timedelta(hours=24)
FORTNIGHT = timedelta(days=14)
STEP_S = 600
PROCESSES = (
    ("gateway", gettext_lazy("Gateway"), gettext_lazy("hears the devices, judges, stores")),
    ("web", gettext_lazy("Web pages"), gettext_lazy("what you see now")),
    ("live", gettext_lazy("Event stream"), gettext_lazy("tells open pages what is new")),
    ("jobs", gettext_lazy("Background work"), gettext_lazy("raises alarms, passes them on")),
    ("postgres", gettext_lazy("Database"), "PostgreSQL"),
)
DRAWN = ("messages_per_s", "lag_p99_s", "letters_per_min", "requests_per_s", "web_p95_s",
         "jobs_waiting")  # fmt: skip
GROUPS = (
    (gettext_lazy("Gateway"), ("messages_per_s", "readings_per_s", "repeats_per_s",
     "letters_per_min", "findings_per_s", "batch_mean", "commit_p99_s", "lag_p99_s",
     "waiting_messages", "queue_pct", "connections", "detector_errors")),
    (gettext_lazy("Pages and event stream"), ("requests_per_s", "web_p95_s", "web_faults",
     "queries_per_request", "streams", "events_per_s", "dropped")),
    (gettext_lazy("Background work"), ("findings_waiting", "findings_oldest_s", "jobs_waiting",
     "jobs_oldest_s", "jobs_doing", "jobs_failed")),
    (gettext_lazy("Database and machine"), ("pg_connections", "pg_connections_limit",
     "wal_bytes_per_s", "longest_transaction_s", "clock_off_s", "restarts")),
)  # fmt: skip
STORAGE = ("disk_free_bytes", "disk_days_left", "pg_size_bytes", "backup_age_days",
           "certificate_days_left")  # fmt: skip
_UNKNOWN = {
    "disk_days_left": gettext_lazy("not known yet: the growth of a whole day is needed"),
    "unsealed_days": gettext_lazy("not known: nothing seals old days here"),
    "certificate_days_left": gettext_lazy("none: this install is not encrypted"),
}


@dataclass(frozen=True, slots=True)
class Process:
    """One process: state is up, down or unknown; since when; its version, restarts, last fault."""

    name: Any
    what: Any
    state: str
    since: datetime | None
    version: str
    restarts: int | None
    error: str
    error_at: datetime | None


@dataclass(frozen=True, slots=True)
class Line:
    """One figure: what, how much with its unit; known is False where nobody said."""

    label: Any
    text: str
    known: bool


@dataclass(frozen=True, slots=True)
class Drawn:
    """One figure with its last day (or fortnight) drawn."""

    label: Any
    text: str
    picture: SafeString


@dataclass(frozen=True, slots=True)
class Letters:
    """How many messages of a reason were not taken within the day, and where they are."""

    word: str
    count: int
    url: str


def context(actor: Actor, *, at: datetime) -> dict[str, Any]:
    """Return everything the page shows."""
    sample = health.newest()
    stale = freshness.is_stale(sample.at if sample else None, at=at)
    figures = {} if sample is None or stale else sample.figures
    troubles = alarms.platform_troubles(at=at) if not stale else []
    return {
        "sample": sample,
        "stale": stale,
        "troubles": troubles,
        "alarms": monitoring.platform_rows(actor, at=at),
        "processes": _processes(sample, stale=stale),
        "groups": [(name, [_line(key, figures) for key in keys]) for name, keys in GROUPS],
        "drawn": _drawn(figures, at=at),
        "storage": _storage(sample, figures),
        "old_days": _old_days(figures),
        "old_days_url": reverse("telemetry:old_days") if actor.may(VIEW_OLD_DAYS) else "",
        "disk": _disk(figures, at=at),
        "letters": _letters(actor, at=at),
        "failed": failed_jobs.failed_jobs(),
        "may_retry": actor.may(failed_jobs.RETRY),
        "version": songhe.__version__,
    }


def _processes(sample: Sample | None, *, stale: bool) -> list[Process]:
    """Return every process; where nobody looks any more, nothing is known but the pages."""
    found = []
    for key, name, what in PROCESSES:
        one = sample.processes.get(key, {}) if sample is not None else {}
        state = one.get("state", "unknown")
        if stale:
            state = "up" if key in ("web", "postgres") else "unknown"
        found.append(
            Process(
                name=name,
                what=what,
                state=state,
                since=None if stale else _moment(one.get("since")),
                version=one.get("version", ""),
                restarts=one.get("restarts"),
                error=one.get("error", ""),
                error_at=_moment(one.get("error_at")),
            )
        )
    return found


def _moment(text: str | None) -> datetime | None:
    return parse_datetime(text) if text else None


def _line(key: str, figures: dict[str, float | None]) -> Line:
    value = figures.get(key)
    text = text_of(key, value) if value is not None else str(_UNKNOWN.get(key, _("not known")))
    return Line(FIGURES[key].label, text, value is not None)


def _storage(sample: Sample | None, figures: dict[str, float | None]) -> list[Line]:
    """Return what is kept where; a backup that never was is not a young one."""
    backed_up = sample is not None and bool(sample.processes.get("machine", {}).get("backup_at"))
    never = Line(FIGURES["backup_age_days"].label, _("none was ever made here"), False)
    return [
        never if key == "backup_age_days" and figures and not backed_up else _line(key, figures)
        for key in STORAGE
    ]


def _old_days(figures: dict[str, float | None]) -> list[Line]:
    """Return how many old days are sealed, and for how long the oldest other one has waited."""
    key = "unsealed_days"
    days, newest = telemetry.sealed_days()
    kept = _("no day is old enough yet")
    if newest is not None:
        said = ngettext(
            "%(n)s day, the newest is %(day)s", "%(n)s days, the newest is %(day)s", days
        )
        kept = said % {"n": formats.number(days), "day": formats.short_date(newest)}
    waits = _line(key, figures)
    if figures.get(key) == 0:
        waits = Line(waits.label, pgettext("days to seal", "none waits"), True)
    return [Line(_("Old days sealed"), kept, True), waits]


def _drawn(figures: dict[str, float | None], *, at: datetime) -> list[Drawn]:
    series = health.series(DRAWN, since=at - DAY, until=at, every_s=STEP_S)
    return [_draw(key, figures, series[key], DAY, at) for key in DRAWN]


def _disk(figures: dict[str, float | None], *, at: datetime) -> Drawn:
    key = "disk_free_bytes"
    series = health.series([key], since=at - FORTNIGHT, until=at, every_s=6 * STEP_S)
    return _draw(key, figures, series[key], FORTNIGHT, at)


def _draw(
    key: str,
    figures: dict[str, float | None],
    series: list[tuple[datetime, float | None]],
    length: timedelta,
    at: datetime,
) -> Drawn:
    figure = FIGURES[key]
    points = [
        charts.Point(moment, value / figure.scale) for moment, value in series if value is not None
    ]
    # A band of no height keeps 0 on the paper: a line without it tells of nothing but noise.
    chart = charts.LineChart(
        name=str(figure.label),
        unit=str(figure.unit),
        start=at - length,
        end=at,
        zone=get_current_timezone(),
        now=at,
        decimals=figure.decimals,
        points=points,
        gap_after=timedelta(seconds=3.5 * STEP_S) if length == DAY else timedelta(hours=4),
        bands=[charts.Band(0, 0)],
        height=120,
    )
    return Drawn(figure.label, text_of(key, figures.get(key)), charts.line(chart))


def _letters(actor: Actor, *, at: datetime) -> list[Letters]:
    """Return the messages not taken within a day by reason: counts alone, of the whole install."""
    rows = telemetry.list_letters(SYSTEM).filter(received_at__gte=at - DAY).order_by()
    counted = rows.values_list("reason").annotate(count=Count("id")).order_by("-count", "reason")
    base = reverse("telemetry:letter_list") if actor.may(VIEW_LETTERS) else ""
    with wall.lifted():
        found = list(counted)
    return [
        Letters(reason_word(reason), count, f"{base}?reason={reason}" if base else "")
        for reason, count in found
    ]
