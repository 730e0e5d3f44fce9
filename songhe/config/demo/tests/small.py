"""A part of the county that tests can afford: its first homes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from songhe.config.demo.county import make_county
from songhe.config.demo.model import County


def small_county(today: date, homes: int = 14) -> County:
    """Return the county with its first homes only; all indexes stay what they are."""
    county = make_county(today)
    return replace(county, households=county.households[:homes])
