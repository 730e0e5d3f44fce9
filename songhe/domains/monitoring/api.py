"""Alarms, for machines: a dispatch system reads them and takes them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query
from pydantic import Field

from songhe.domains.monitoring import piecewise, selectors, services
from songhe.domains.monitoring.selectors import LIST, VIEW, AlarmLine, Search
from songhe.kit.api import Answer, Moment, Operations, Pieces, Prefix
from songhe.kit.asks import actor_of

operations = Operations("Alarms")
ONE = "/alarms/{uuid:alarm_id}"
Priority = Literal["high", "medium", "low", "unknown"]
State = Literal["unacknowledged", "acknowledged", "returned", "shelved", "resolved"]


class Whom(Answer):
    """A person whom it is about; the name is masked where it is not open."""

    id: UUID
    name: str


class Alarm(Answer):
    """One trouble, however often it was reported. priority as IEC 60601-1-8, state as ISA-18.2.

    persons: whom it is about, or who lives in the home when the trouble is the home's.
    """

    id: UUID
    title: str
    rule: str
    priority: Priority
    state: State
    count: int
    persons: list[Whom]
    region_code: str
    home_id: UUID | None
    device_id: UUID | None
    organization_id: UUID | None
    onset_at: datetime
    raised_at: datetime
    last_at: datetime
    cleared_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: UUID | None
    resolved_at: datetime | None
    outcome: Literal["true", "false", "test", "unknown"] | None


class Alarms(Answer):
    items: list[Alarm]
    next: UUID | None


class AlarmsAsked(Pieces):
    """`state=open` is every state but resolved."""

    state: State | Literal["open"] | None = None
    priority: Priority | None = None
    rule: Annotated[str, Field(pattern=r"^[a-z0-9-]{0,60}$")] = ""
    region: Prefix = ""
    person: UUID | None = None
    since: Annotated[Moment | None, Field(description="Raised then or later.")] = None
    until: Annotated[Moment | None, Field(description="Raised before.")] = None


@operations.operation("GET", "/alarms", action=LIST, returns=Alarms)
def list_alarms(request: HttpRequest, asked: Query[AlarmsAsked]) -> Any:
    """List alarms, the newest first."""
    search = Search(
        since=asked.since,
        until=asked.until,
        rule=asked.rule,
        priority=asked.priority or "",
        state=asked.state or "",
        region=asked.region,
        person=asked.person,
    )
    piece = piecewise.list_piece(
        actor_of(request), search, after=asked.after, limit=asked.limit, at=timezone.now()
    )
    return Alarms(items=[_alarm(line) for line in piece.lines], next=piece.next)


@operations.operation("GET", ONE, action=VIEW, returns=Alarm)
def get_alarm(request: HttpRequest, alarm_id: UUID) -> Any:
    """Tell one alarm."""
    return _alarm(selectors.open_alarm(actor_of(request), alarm_id, at=timezone.now()))


@operations.operation(
    "POST",
    f"{ONE}/acknowledge",
    action="monitoring.acknowledge_alarm",
    returns=Alarm,
    refuses=(409,),
)
def acknowledge_alarm(request: HttpRequest, alarm_id: UUID) -> Any:
    """Take an alarm: it stops ringing and escalating. 409: somebody has it, or it is closed."""
    actor, now = actor_of(request), timezone.now()
    services.acknowledge_alarm(actor=actor, alarm_id=alarm_id, at=now)
    return _alarm(selectors.open_alarm(actor, alarm_id, at=now))


def _alarm(line: AlarmLine) -> Alarm:
    row = line.alarm
    return Alarm(
        id=row.pk,
        title=line.title,
        rule=row.rule,
        priority=row.priority,  # type: ignore[arg-type]  # choices
        state=row.state,  # type: ignore[arg-type]
        count=row.count,
        persons=[Whom(id=one.id, name=one.name) for one in line.persons],
        region_code=row.region_code,
        home_id=row.home_id,
        device_id=row.device_id,
        organization_id=row.organization_id,
        onset_at=row.onset_at,
        raised_at=row.raised_at,
        last_at=row.last_at,
        cleared_at=row.cleared_at,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by_id,
        resolved_at=row.resolved_at,
        outcome=row.outcome or None,  # type: ignore[arg-type]
    )
