"""The column of numbered seats."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db import models
from psycopg.types.multirange import Int4Multirange, Multirange
from psycopg.types.range import Range

if TYPE_CHECKING:
    _Seats = models.Field[frozenset[int], frozenset[int]]
else:
    _Seats = models.Field


class SeatsField(_Seats):
    """Some of the seats 0, 1, 2 … as an int4multirange: the database can tell whether two overlap.

    Named by a migration, as `kernel.ids.uuid7` is (docs/decisions/0003, 0033): it stays here.
    """

    def db_type(self, connection: Any) -> str:
        """Return the column's type."""
        return "int4multirange"

    def from_db_value(
        self, value: Multirange[int] | None, expression: object, connection: object
    ) -> frozenset[int] | None:
        """Return the numbers of the seats."""
        if value is None:
            return None
        return frozenset(
            number for one in value for number in range(one.lower or 0, one.upper or 0)
        )

    def get_prep_value(self, value: Iterable[int] | None) -> Int4Multirange | None:
        """Return the seats as the database wants them; it joins neighbours itself."""
        if value is None:
            return None
        return Int4Multirange([Range(number, number + 1) for number in sorted(value)])
