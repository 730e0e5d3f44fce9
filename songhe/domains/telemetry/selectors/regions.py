"""Counts of regions by hour or day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection

from songhe.base.access.actor import Actor
from songhe.domains.telemetry.terms import VIEW_REGIONS
from songhe.kernel import codes
from songhe.kernel.errors import Denied
from songhe.kernel.time import from_us


@dataclass(frozen=True, slots=True)
class RegionStep:
    """What was measured in a region in one hour (began_at) or local day, of how many persons."""

    began: datetime | date
    persons: int
    n: int
    total: float
    low: float
    high: float

    @property
    def mean(self) -> float:
        return self.total / self.n


_HOURS = """
SELECT date_part('epoch', began_at), persons, n, total, low, high FROM region_hour
 WHERE region_code = %s AND code = %s AND began_at >= %s AND began_at < %s ORDER BY began_at
"""
_DAYS = """
SELECT day, persons, n, total, low, high FROM region_day
 WHERE region_code = %s AND code = %s AND day >= %s AND day <= %s ORDER BY day
"""


def _may(actor: Actor, region_code: str) -> None:
    if not actor.covers(VIEW_REGIONS, region_code):
        raise Denied(action=VIEW_REGIONS)


def region_hours(
    actor: Actor, region_code: str, key: str, start: datetime, end: datetime
) -> list[RegionStep]:
    """Return the hours of a region (2, 4, 6, 9 or 12 digits) for one code; 1 query.

    Raises Denied.
    """
    _may(actor, region_code)
    with connection.cursor() as cursor:
        cursor.execute(_HOURS, [region_code, codes.by_key(key).number, start, end])
        return [
            RegionStep(from_us(round(began_s * 1_000_000)), *rest)
            for began_s, *rest in cursor.fetchall()
        ]


def region_days(
    actor: Actor, region_code: str, key: str, first: date, last: date
) -> list[RegionStep]:
    """Return the local days of a region for one code, last included. Raises Denied. 1 query."""
    _may(actor, region_code)
    with connection.cursor() as cursor:
        cursor.execute(_DAYS, [region_code, codes.by_key(key).number, first, last])
        return [RegionStep(*row) for row in cursor.fetchall()]
