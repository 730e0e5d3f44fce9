"""Shapes that the operations share: what is asked and given is strict, what is told is whole."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

MOST = 200
# What day_of and moment_of refuse, so that an hour more or less is still a moment.
_FIRST, _LAST = date(1850, 1, 1), date(2200, 1, 1)
_NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"


def day_of(value: Any) -> date:
    """Read a day as it is written, 2026-11-22."""
    try:
        found = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or str(found) != value or not _FIRST <= found < _LAST:
        raise PydanticCustomError("date_parsing", "a day is wanted")
    return found


def moment_of(value: Any) -> datetime:
    """Read a moment as it is written in RFC 3339, 2026-11-22T08:30:00+08:00."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not _FIRST <= found.date() < _LAST:
        raise PydanticCustomError("datetime_parsing", "a moment is wanted")
    return found


Day = Annotated[date, PlainValidator(day_of), WithJsonSchema({"type": "string", "format": "date"})]
Moment = Annotated[
    datetime,
    PlainValidator(moment_of),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Line = Annotated[str, Field(max_length=100, pattern=_NO_CONTROLS)]
Text = Annotated[str, Field(max_length=1000, pattern=_NO_CONTROLS)]
Prefix = Annotated[
    str,
    Field(
        pattern=r"^([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})?$",
        description="A region: 2, 4, 6, 9 or 12 digits, from the province to the community; empty "
        "is everywhere that the key reaches.",
    ),
]
Limit = Annotated[int, Field(ge=1, le=MOST, description="How many at most.")]


class Asked(BaseModel):
    """What stands behind the question mark."""

    model_config = ConfigDict(extra="forbid")


class Pieces(Asked):
    """A list is given piece by piece: ask again with `after` = the `next` of the piece before."""

    after: UUID | None = Field(None, description="`next` of the piece before.")
    limit: Limit = 50


class Given(BaseModel):
    """What is sent to be written. Nothing is turned into what it is not, nothing is left over."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Answer(BaseModel):
    """What is told; every field is always there."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)
