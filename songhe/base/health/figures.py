"""The figures of a sample: name, what it is in words, unit, decimals, and its own measure.

Figures of the gateway, the pages and the event stream are measured by those processes themselves;
the ones with a `metric` are measured by the jobs process and told at its /metrics.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a sample. `scale` is what the stored value is divided by to be shown."""

    key: str
    label: Any
    unit: Any = ""
    decimals: int = 0
    scale: float = 1.0
    metric: str = ""
    help: str = ""
    low_is_bad: bool = False


_GB = 1024.0**3
_ALL = (
    # gateway
    Figure("gateway_up", _("Gateway answers"), low_is_bad=True),
    Figure("messages_per_s", _("Messages stored"), _("/s"), 1),
    Figure("readings_per_s", _("New readings"), _("/s"), 1),
    Figure("repeats_per_s", _("Readings sent again"), _("/s"), 1),
    Figure("findings_per_s", _("Findings"), _("/s"), 2),
    Figure("letters_per_min", _("Messages refused"), pgettext_lazy("how often", "/min"), 1),
    Figure("batch_mean", _("Messages in one transaction"), "", 1),
    Figure("commit_p99_s", _("Commit takes, at most (99 %)"), _("s"), 3),
    Figure("lag_p99_s", _("From receipt to stored, at most (99 %)"), _("s"), 3),
    Figure("connections", _("Devices connected"), ""),
    Figure("waiting_messages", _("Messages waiting"), ""),
    Figure("queue_pct", _("Queue filled"), "%", 1),
    Figure("detector_errors", _("Errors of rules since the sample before"), ""),
    # event stream and pages
    Figure("live_up", _("Event stream answers"), low_is_bad=True),
    Figure("streams", _("Open pages that listen"), ""),
    Figure("events_per_s", _("Announcements handed on"), _("/s"), 1),
    Figure("dropped", _("Listeners let go since the sample before"), ""),
    Figure("web_up", _("Pages answer"), low_is_bad=True),
    Figure("requests_per_s", _("Requests of pages"), _("/s"), 1),
    Figure("web_p95_s", _("A page takes, at most (95 %)"), _("s"), 3),
    Figure("web_faults", _("Pages that failed since the sample before"), ""),
    Figure("queries_per_request", _("Database queries a page"), "", 1),
    # jobs
    Figure("jobs_waiting", _("Jobs waiting"), "", metric="songhe_jobs_waiting",
           help="Jobs that could run now"),
    Figure("jobs_oldest_s", _("The oldest waits for"), _("s"), 0,
           metric="songhe_jobs_oldest_waiting_seconds", help="Age of the oldest ready job"),
    Figure("jobs_doing", _("Jobs at work"), "", metric="songhe_jobs_doing", help="Jobs at work"),
    Figure("jobs_failed", _("Jobs that failed for good"), "", metric="songhe_jobs_failed",
           help="Jobs that failed and are tried no more"),
    Figure("findings_waiting", _("Findings that are no alarm yet"), "",
           metric="songhe_findings_waiting", help="Findings not yet turned into alarms"),
    Figure("findings_oldest_s", _("The oldest of them waits for"), _("s"), 1,
           metric="songhe_findings_oldest_waiting_seconds", help="Age of the oldest such finding"),
    # database and machine
    Figure("database_up", _("Database answers"), low_is_bad=True),
    Figure("pg_connections", _("Database connections"), "", metric="songhe_postgres_connections",
           help="Client connections"),
    Figure("pg_connections_limit", _("Database connections allowed"), "",
           metric="songhe_postgres_connections_limit", help="Connections the server allows"),
    Figure("pg_size_bytes", _("Size of the database"), "GB", 2, _GB,
           metric="songhe_postgres_size_bytes", help="Size of the database"),
    Figure("wal_bytes_per_s", _("Written to the log of the database"), "MB/s", 2, 1024.0**2,
           metric="songhe_postgres_wal_bytes_per_second", help="Write-ahead log written"),
    Figure("longest_transaction_s", _("Longest open transaction"), _("s"), 0,
           metric="songhe_postgres_longest_transaction_seconds", help="Longest open transaction"),
    Figure("disk_free_bytes", _("Free on the disk"), "GB", 1, _GB,
           metric="songhe_disk_free_bytes", help="Free on the fullest disk", low_is_bad=True),
    Figure("disk_days_left", _("Full in"), _("days"), 0, metric="songhe_disk_days_left",
           help="Days until the disk is full, by the last week's growth", low_is_bad=True),
    Figure("unsealed_days", _("Oldest day waits to be sealed for"), _("days"), 0,
           metric="songhe_unsealed_days", help="For how long the oldest day waits to be sealed"),
    Figure("backup_age_days", _("Last backup is"), _("days old"), 1,
           metric="songhe_backup_age_days", help="Age of the last backup, or of this install"),
    Figure("certificate_days_left", _("Certificate ends in"), _("days"), 0,
           metric="songhe_certificate_days_left", help="Days until it ends",
           low_is_bad=True),
    Figure("clock_off_s", _("Clock of the machine is off by"), _("s"), 1,
           metric="songhe_clock_off_seconds",
           help="Largest step of the clock in ten minutes, or distance to the database's clock"),
    Figure("restarts", _("Restarts of one process within ten minutes"), "",
           metric="songhe_process_restarts", help="Restarts of the worst process in ten minutes"),
)  # fmt: skip
FIGURES = {figure.key: figure for figure in _ALL}
Figures = dict[str, float | None]


def text_of(key: str, value: float | None) -> str:
    """Return a figure with its unit as people read it, in the active language; — when unknown.

    Whether a process answers is no number: "".
    """
    figure = FIGURES[key]
    if key.endswith("_up"):
        return ""
    if value is None:
        return "—"
    text = f"{value / figure.scale:,.{figure.decimals}f}"
    if figure.decimals and "." in text and value == int(value) and figure.scale == 1:
        text = f"{value:,.0f}"
    unit = str(figure.unit)
    gap = "" if not unit or unit.startswith("/") else " "
    return f"{text}{gap}{unit}"
