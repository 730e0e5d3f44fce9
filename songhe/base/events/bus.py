"""Publishing facts and registering who hears of them.

`publish(AlarmRaised(...))` inside a service's transaction writes the outbox row and one job per
handler in that transaction: gone on rollback, delivered at least once after commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import msgspec
from django.db import connection, transaction

from songhe.base.events.models import HandledEvent, OutboxEvent
from songhe.kernel.ids import uuid7

E = TypeVar("E", bound="Event")


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A fact in the past tense. Fields are ids and values, never models."""

    event_name: ClassVar[str]


@dataclass(frozen=True, slots=True)
class Handler:
    name: str
    event: type[Event]
    call: Callable[[Any], None]


_handlers: dict[str, Handler] = {}


def handles(event: type[E]) -> Callable[[Callable[[E], None]], Callable[[E], None]]:
    """Register a function as a handler of an event; its dotted name is its identity."""

    def register(call: Callable[[E], None]) -> Callable[[E], None]:
        name = f"{call.__module__}.{call.__name__}"
        _handlers[name] = Handler(name, event, call)
        return call

    return register


def publish(event: Event) -> None:
    """Write the event and one job a handler into the current transaction."""

    from songhe.base.events.jobs import deliver

    if not connection.in_atomic_block:
        raise RuntimeError("publish() belongs into the transaction that makes the fact true")
    row = OutboxEvent.objects.create(
        id=uuid7(), name=event.event_name, payload=msgspec.to_builtins(event)
    )
    for handler in _handlers.values():
        if handler.event is type(event):
            deliver.defer(event_id=str(row.id), handler=handler.name)


def publish_all(events: Iterable[Event]) -> None:
    """Write many events of one moment as `publish` does each; 2 queries."""
    from songhe.base.events.jobs import deliver

    if not connection.in_atomic_block:
        raise RuntimeError("publish_all() belongs into the transaction that makes the facts true")
    rows = [
        (event, OutboxEvent(id=uuid7(), name=event.event_name, payload=msgspec.to_builtins(event)))
        for event in events
    ]
    OutboxEvent.objects.bulk_create(row for _event, row in rows)
    jobs: list[dict[str, Any]] = [
        {"event_id": str(row.id), "handler": handler.name}
        for event, row in rows
        for handler in _handlers.values()
        if handler.event is type(event)
    ]
    if jobs:
        deliver.batch_defer(*jobs)


def hear(event_id: str, handler_name: str) -> bool:
    """Let one handler hear of one event, in one transaction; False when it had already."""

    with transaction.atomic():
        row = OutboxEvent.objects.get(id=event_id)
        _, first = HandledEvent.objects.get_or_create(event=row, handler=handler_name)
        if not first:
            return False
        handler = _handlers[handler_name]
        handler.call(msgspec.convert(row.payload, type=handler.event))
        return True
