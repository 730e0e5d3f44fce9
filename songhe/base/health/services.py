"""Storing samples: written by the jobs process alone."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import structlog
from django.db import connection, transaction

from songhe.base.health import registry
from songhe.base.health.figures import FIGURES, Figures
from songhe.base.health.models import Sample
from songhe.base.health.taking import Taken
from songhe.kernel.wire import CHANNEL_LIVE, LiveEvent

KEPT = timedelta(days=14)
TOPIC = "platform"
# Older than this, one sample is kept of each so many seconds.
LOOKED_BACK = timedelta(hours=6)
THINNED = ((timedelta(hours=2), 60), (timedelta(hours=26), 600))
log = structlog.get_logger(__name__)


def contributed(*, at: datetime) -> Figures:
    """Return the figures that higher rooms give; one that fails gives none, and says so."""
    found: Figures = {}
    for source in registry.sources():
        try:
            found |= source(at)
        except Exception:
            log.exception("health_source_failed", source=source.__name__)
    return found


def store_sample(taken: Taken) -> None:
    """Store a sample, announce it to open pages, and let the listeners judge it."""
    with transaction.atomic():
        Sample.objects.update_or_create(
            at=taken.at,
            defaults={
                "figures": taken.figures,
                "processes": taken.processes,
                "counters": taken.counters,
            },
        )
        event = LiveEvent(topics=[TOPIC], kind=TOPIC, id="", at=taken.at.isoformat())
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_notify(%s, %s)", [CHANNEL_LIVE, msgspec.json.encode(event).decode()]
            )
    for listener in registry.listeners():
        listener(taken.at)


@transaction.atomic
def thin_samples(*, at: datetime) -> int:
    """Keep two weeks: all of two hours, one a minute of a day, one of ten minutes before.

    The sample that stays holds the worst of those that go, so that no peak is lost. Returns how
    many were removed.
    """
    removed, _ = Sample.objects.filter(at__lt=at - KEPT).delete()
    for age, every_s in THINNED:
        until = at - age
        rows = list(Sample.objects.filter(at__lt=until, at__gte=until - LOOKED_BACK).order_by("at"))
        for step in _steps(rows, every_s):
            first, *others = step
            first.figures = worst_of([row.figures for row in step])
            first.save(update_fields=["figures"])
            removed += Sample.objects.filter(at__in=[row.at for row in others]).delete()[0]
    return removed


def _steps(rows: list[Sample], every_s: int) -> list[list[Sample]]:
    """Return the groups of more than one sample within the same step of time."""
    groups: dict[int, list[Sample]] = {}
    for row in rows:
        groups.setdefault(int(row.at.timestamp() // every_s), []).append(row)
    return [group for group in groups.values() if len(group) > 1]


def worst_of(several: list[Figures]) -> Figures:
    """Return the worst of each figure: the least of what runs out, the most of the others."""
    found: Figures = {}
    for key in FIGURES:
        known = [value for one in several if (value := one.get(key)) is not None]
        found[key] = None if not known else (min if FIGURES[key].low_is_bad else max)(known)
    return found
