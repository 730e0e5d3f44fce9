"""Making a sample: what every process and the machine say at one moment, as figures."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import songhe
from songhe.base.health import machine
from songhe.base.health.database import Facts
from songhe.base.health.figures import FIGURES, Figures
from songhe.base.health.scrape import (
    Measures,
    grown,
    grown_buckets,
    quantile,
)
from songhe.kernel.processes import ProcessRecords

RESTARTS_WITHIN_S = 600.0
MOST_DAYS = 3650.0
PROCESSES = ("gateway", "web", "live", "jobs", "postgres")


@dataclass(slots=True)
class Taken:
    """One sample before it is stored."""

    at: datetime
    figures: Figures = field(default_factory=dict)
    processes: dict[str, Any] = field(default_factory=dict)
    counters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard from each side; None where nobody answered."""

    gateway: Measures | None
    web: Measures | None
    live: Measures | None
    database: Facts | None
    records: ProcessRecords | None
    disks: list[machine.Disk]
    backup_at: datetime | None
    installed_at: datetime | None
    certificate_ends_at: datetime | None
    clock_step_s: float


def make(heard: Heard, before: Taken | None, *, at: datetime, own_start: datetime) -> Taken:
    """Return the sample of what was heard; rates are held against the sample before."""
    sample = Taken(at, figures=dict.fromkeys(FIGURES))
    past = before.counters if before is not None else {}
    span_s = (at - before.at).total_seconds() if before is not None else 0.0
    step = _Step(sample, past, span_s if span_s > 0 else None)
    _gateway(step, heard.gateway)
    _live(step, heard.live)
    _web(step, heard.web)
    _database(step, heard)
    _machine(sample.figures, heard, at)
    sample.figures["restarts"] = _restarts(heard.records, at)
    sample.processes = _processes(heard, at, own_start)
    _down_since(sample.processes, before.processes if before is not None else {}, at)
    return sample


class _Step:
    """Turns counters into what happened since the sample before."""

    def __init__(self, sample: Taken, past: dict[str, Any], span_s: float | None) -> None:
        self.sample, self.figures = sample, sample.figures
        self._past, self._span_s = past, span_s

    def grew(self, key: str, now: float | None) -> float | None:
        """Keep a counter; return how much it grew."""
        if now is None:
            return None
        self.sample.counters[key] = now
        return grown(now, self._past.get(key))

    def rate(self, key: str, now: float | None, *, per_s: float = 1.0) -> float | None:
        """Keep a counter; return its growth per `per_s` seconds."""
        step = self.grew(key, now)
        return None if step is None or self._span_s is None else step / self._span_s * per_s

    def quantile(self, key: str, measures: Measures, name: str, part: float) -> float | None:
        """Keep a histogram; return a quantile of what came since the sample before."""
        buckets = measures.buckets(name)
        self.sample.counters[key] = [[str(limit), count] for limit, count in buckets]
        if key not in self._past:
            return None
        past = [(float(limit), count) for limit, count in self._past[key]]
        return quantile(grown_buckets(buckets, past), part)


def _gateway(step: _Step, said: Measures | None) -> None:
    figures = step.figures
    figures["gateway_up"] = float(said is not None)
    if said is None:
        return
    prefix = "songhe_gateway_"
    for key, name in (("messages_per_s", "messages"), ("readings_per_s", "readings"),
                      ("repeats_per_s", "repeats"), ("findings_per_s", "findings")):  # fmt: skip
        figures[key] = step.rate(name, said.total(f"{prefix}{name}_total"))
    letters = said.by(f"{prefix}dead_letters_total", "reason")
    figures["letters_per_min"] = step.rate("letters", sum(letters.values()), per_s=60)
    count = step.grew("batches", said.total(f"{prefix}batch_messages_count"))
    messages = step.grew("batched", said.total(f"{prefix}batch_messages_sum"))
    figures["batch_mean"] = messages / count if count and messages is not None else None
    figures["commit_p99_s"] = step.quantile("commit", said, f"{prefix}commit_seconds", 0.99)
    stored_s = step.quantile("lag", said, f"{prefix}lag_seconds", 0.99) or 0.0
    waits_s = said.total(f"{prefix}oldest_waiting_seconds") or 0.0
    figures["lag_p99_s"] = max(stored_s, waits_s)
    figures["connections"] = said.total(f"{prefix}connections")
    waiting = said.total(f"{prefix}waiting_messages") or 0.0
    limit = said.total(f"{prefix}waiting_limit_messages")
    figures["waiting_messages"] = waiting
    figures["queue_pct"] = 100.0 * waiting / limit if limit else None
    errors = said.total(f"{prefix}faults_total", where="judge")
    figures["detector_errors"] = step.grew("judge_faults", errors or 0.0)


def _live(step: _Step, said: Measures | None) -> None:
    figures = step.figures
    figures["live_up"] = float(said is not None)
    if said is None:
        return
    figures["streams"] = said.total("songhe_live_streams")
    figures["events_per_s"] = step.rate("delivered", said.total("songhe_live_delivered_total"))
    figures["dropped"] = step.grew("dropped", said.total("songhe_live_dropped_total"))


def _web(step: _Step, said: Measures | None) -> None:
    figures = step.figures
    figures["web_up"] = float(said is not None)
    if said is None:
        return
    requests = said.total("songhe_web_requests_total") or 0.0
    asked = step.grew("requests", requests)
    figures["requests_per_s"] = step.rate("requests", requests)
    figures["web_p95_s"] = step.quantile("pages", said, "songhe_web_request_seconds", 0.95)
    figures["web_faults"] = step.grew("web_faults", said.total("songhe_web_faults_total"))
    queries = step.grew("queries", said.total("songhe_web_queries_total") or 0.0)
    figures["queries_per_request"] = queries / asked if asked and queries is not None else None


def _database(step: _Step, heard: Heard) -> None:
    figures, facts = step.figures, heard.database
    stores = heard.gateway.total("songhe_gateway_database_up") if heard.gateway else None
    figures["database_up"] = float(facts is not None and stores != 0)
    if facts is None:
        figures["clock_off_s"] = heard.clock_step_s
        return
    figures["pg_connections"] = facts.connections
    figures["pg_connections_limit"] = facts.limit
    figures["pg_size_bytes"] = facts.size_bytes
    figures["wal_bytes_per_s"] = step.rate("wal", facts.wal_bytes)
    figures["longest_transaction_s"] = facts.longest_transaction_s
    figures["jobs_waiting"], figures["jobs_doing"] = facts.jobs_waiting, facts.jobs_doing
    figures["jobs_failed"], figures["jobs_oldest_s"] = facts.jobs_failed, facts.jobs_oldest_s
    figures["clock_off_s"] = max(heard.clock_step_s, facts.clock_apart_s)


def _machine(figures: Figures, heard: Heard, at: datetime) -> None:
    if heard.disks:
        fullest = heard.disks[0]
        figures["disk_free_bytes"] = fullest.free_bytes
        slope = heard.database.disk_slope if heard.database is not None else None
        if slope is not None:
            left_s = fullest.free_bytes / -slope if slope < 0 else float("inf")
            figures["disk_days_left"] = min(left_s / machine.DAY_S, MOST_DAYS)
    since = heard.backup_at or heard.installed_at
    if since is not None:
        figures["backup_age_days"] = max(0.0, (at - since).total_seconds() / machine.DAY_S)
    if heard.certificate_ends_at is not None:
        left_s = (heard.certificate_ends_at - at).total_seconds()
        figures["certificate_days_left"] = left_s / machine.DAY_S


def _restarts(records: ProcessRecords | None, at: datetime) -> float | None:
    """Return how often the worst process was started again within ten minutes."""
    if records is None:
        return None
    since = at.timestamp() - RESTARTS_WITHIN_S
    return float(
        max(
            (sum(start > since for start in one.starts[1:]) for one in records.processes.values()),
            default=0,
        )
    )


def _processes(heard: Heard, at: datetime, own_start: datetime) -> dict[str, Any]:
    said = {"gateway": heard.gateway, "web": heard.web, "live": heard.live}
    found: dict[str, Any] = {}
    for name in PROCESSES:
        one: dict[str, Any] = {"state": "down", "since": None, "version": "", "restarts": None}
        measures = said.get(name)
        if measures is not None:
            started = measures.total(f"songhe_{name}_process_start_time_seconds")
            one |= {
                "state": "up",
                "since": _moment(started),
                "version": measures.label(f"songhe_{name}_build", "version"),
            }
        elif name == "jobs":
            one |= {"state": "up", "since": own_start.isoformat(), "version": songhe.__version__}
        elif name == "postgres" and heard.database is not None:
            one |= {
                "state": "up",
                "since": heard.database.started_at.isoformat(),
                "version": heard.database.version.split(" ")[0],
            }
        found[name] = one | _recorded(heard.records, name, one["state"])
    backup_at = heard.backup_at.isoformat() if heard.backup_at is not None else None
    return found | {"machine": {"backup_at": backup_at}}


def _down_since(now: dict[str, Any], before: dict[str, Any], at: datetime) -> None:
    """Say of what is down since when: as the supervisor saw it end, else as the samples saw it."""
    for name, one in now.items():
        if one.get("state") == "down" and one["since"] is None:
            was = before.get(name, {})
            one["since"] = was.get("since") if was.get("state") == "down" else at.isoformat()


def _recorded(records: ProcessRecords | None, name: str, state: str) -> dict[str, Any]:
    """Return what the supervisor knows of a process; of one that is down, since when."""
    one = records.processes.get(name) if records is not None else None
    if one is None:
        return {}
    since = {"since": _moment(one.ended_at)} if state == "down" and one.ended_at else {}
    return since | {
        "restarts": max(0, len(one.starts) - 1),
        "error": one.fault,
        "error_at": _moment(one.fault_at),
    }


def _moment(epoch_s: float | None) -> str | None:
    return None if epoch_s is None else datetime.fromtimestamp(epoch_s, UTC).isoformat()
