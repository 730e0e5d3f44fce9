"""Reading samples."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from songhe.base.health.models import Sample

Series = dict[str, list[tuple[datetime, float | None]]]


def newest(*, at: datetime | None = None) -> Sample | None:
    """Return the newest sample, or the newest that is not younger than `at`."""
    rows = Sample.objects.order_by("-at")
    return (rows.filter(at__lte=at) if at is not None else rows).first()


def newest_at() -> datetime | None:
    """Return when the newest sample was taken."""
    return Sample.objects.order_by("-at").values_list("at", flat=True).first()


def first_at() -> datetime | None:
    """Return when the oldest kept sample was taken."""
    return Sample.objects.order_by("at").values_list("at", flat=True).first()


def recent(*, since: datetime, until: datetime) -> list[Sample]:
    """Return the samples of [since, until], newest first, without their counters."""
    return list(
        Sample.objects.filter(at__gte=since, at__lte=until).defer("counters").order_by("-at")
    )


def series(keys: Sequence[str], *, since: datetime, until: datetime, every_s: int) -> Series:
    """Return figures over time: of each `every_s` seconds the largest value, None where unknown.

    Steps without any sample are left out: nobody looked then.
    """
    found: Series = {key: [] for key in keys}
    columns = ", ".join("max((figures->>%s)::float8)" for _ in keys)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT to_timestamp(floor(extract(epoch FROM at) / %s) * %s) AS step, {columns}"  # noqa: S608
            " FROM health_sample WHERE at >= %s AND at < %s GROUP BY step ORDER BY step",
            [every_s, every_s, *keys, since, until],
        )
        for row in cursor.fetchall():
            for key, value in zip(keys, row[1:], strict=True):
                found[key].append((row[0], value))
    return found
