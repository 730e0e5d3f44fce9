"""What was measured of a person, for machines."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language
from ninja import Query
from pydantic import Field

from songhe.domains.people.selectors import PersonView
from songhe.domains.telemetry import piecewise
from songhe.domains.telemetry.selectors import LatestValue, StoredReading, key_text
from songhe.domains.telemetry.terms import VIEW_READINGS
from songhe.kernel import codes
from songhe.kernel.wire import Flag
from songhe.kit.api import Answer, Asked, Limit, Moment, Operations
from songhe.kit.asks import actor_of

operations = Operations("Readings")
_PERSON = "/persons/{uuid:person_id}"
FlagWord = Literal["late", "adjusted", "restamped", "future", "replayed", "wellness"]


class Value(Answer):
    """A value in the canonical UCUM unit of its code; system tells whose code it is."""

    code: str
    system: str
    name: str
    value: float
    unit: str


class Latest(Value):
    """The newest value of a code by the device's time. place_id: a room of her home, or null.

    freshness: fresh, stale, or unknown; what is not fresh is not how she is now.
    """

    at: datetime
    device_id: UUID
    place_id: UUID | None
    freshness: Literal["fresh", "stale", "unknown"]
    voided: bool


class LatestValues(Answer):
    person_id: UUID
    items: list[Latest]


class Reading(Answer):
    """One stored message. at: the device's time; flags: what is special about it."""

    key: str
    at: datetime
    received_at: datetime
    device_id: UUID
    flags: list[FlagWord]
    values: list[Value]


class Readings(Answer):
    """Readings newest first; total is how many the stretch has."""

    person_id: UUID
    total: int
    items: list[Reading]


class Code(Answer):
    """Something that can be measured; outside of the plausible range a value is not taken."""

    code: str
    system: str
    name: str
    unit: str
    decimals: int
    kind: str
    plausible_low: float
    plausible_high: float


class Codes(Answer):
    items: list[Code]


CodeWord = Annotated[str, Field(pattern=r"^([0-9]{1,7}-[0-9]|songhe:[a-z0-9-]{1,40})$")]


class ReadingsAsked(Asked):
    """Half-open: since ≤ the device's time < until, at most 400 days."""

    code: Annotated[
        list[CodeWord],
        Field(min_length=1, max_length=20, description="8480-6; may be repeated."),
    ]
    since: Moment
    until: Moment
    limit: Limit = 50
    offset: Annotated[int, Field(ge=0, le=1_000_000, description="How many are left out.")] = 0


@operations.operation("GET", f"{_PERSON}/latest", action=VIEW_READINGS, returns=LatestValues)
def list_latest(request: HttpRequest, person_id: UUID) -> Any:
    """Tell the last value of every code of a person, and of the rooms of her home."""
    person, values = piecewise.latest(actor_of(request), person_id, at=timezone.now())
    return LatestValues(person_id=person.id, items=[_latest(value, person) for value in values])


@operations.operation("GET", f"{_PERSON}/readings", action=VIEW_READINGS, returns=Readings)
def list_readings(request: HttpRequest, person_id: UUID, asked: Query[ReadingsAsked]) -> Any:
    """Tell the readings of a person in a stretch of time, newest first."""
    piece = piecewise.readings(
        actor_of(request),
        person_id,
        wanted=asked.code,
        since=asked.since,
        until=asked.until,
        limit=asked.limit,
        offset=asked.offset,
        at=timezone.now(),
    )
    return Readings(
        person_id=piece.person_id,
        total=piece.total,
        items=[_reading(row) for row in piece.readings],
    )


@operations.operation("GET", "/codes", public=True, returns=Codes)
def list_codes(request: HttpRequest) -> Any:
    """List everything that can be measured, with its unit; the same for everybody."""
    return Codes(
        items=[
            Code(
                code=one.code,
                system=one.system,
                name=_name(one),
                unit=one.unit,
                decimals=one.decimals,
                kind=one.kind,
                plausible_low=one.low,
                plausible_high=one.high,
            )
            for one in codes.all_codes()
        ]
    )


def _latest(found: LatestValue, person: PersonView) -> Latest:
    return Latest(
        **_told(found.code, found.value),
        at=found.at,
        device_id=found.device,
        place_id=None if found.subject in person.ids else found.subject,
        freshness=found.freshness.value,
        voided=found.voided,
    )


def _reading(row: StoredReading) -> Reading:
    return Reading(
        key=key_text(row.key),
        at=row.at,
        received_at=row.received_at,
        device_id=row.key.device,
        flags=[one.name.lower() for one in Flag if row.flags & one and one.name],  # type: ignore[misc]
        values=[Value(**_told(code, value)) for code, value in row.values],
    )


def _told(code: codes.Code, value: float) -> dict[str, Any]:
    return {
        "code": code.code,
        "system": code.system,
        "name": _name(code),
        "value": round(value, code.decimals),
        "unit": code.unit,
    }


def _name(code: codes.Code) -> str:
    return code.en if (get_language() or "zh").startswith("en") else code.zh
