"""Builders for tests: what the jobs process does, one turn at a time and at a time of one's own."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
from django.db import connection

from songhe.base.events import bus
from songhe.base.events.models import OutboxEvent
from songhe.base.notify import kinds, sending
from songhe.base.notify.kinds import ALL, NoticeKind
from songhe.base.notify.models import Delivery
from songhe.base.notify.terms import Channel
from songhe.base.outside import services as outside

TASK = "tests.task"
NEWS = "tests.news"


def declare_kinds() -> None:
    """Declare two kinds of our own: a task that may be urgent, and news by page, push and SMS."""
    if kinds.known(TASK) is None:
        kinds.declare(
            NoticeKind(
                TASK,
                title="New task: %(what)s",
                body="%(place)s",
                glance="New task",
                message="New task, please open Songhe",
                channels=ALL,
                urgent="urgent",
            )
        )
        kinds.declare(
            NoticeKind(
                NEWS,
                title="News: %(what)s",
                glance="There is news",
                channels=(Channel.PAGE, Channel.PUSH, Channel.SMS),
            )
        )


def ordered() -> list[tuple[int, str, int]]:
    """Return the jobs of deliveries that wait: (job, delivery, tries)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, args->>'delivery_id', (args->>'tries')::int FROM procrastinate_jobs"
            " WHERE task_name = 'notify.send' AND status = 'todo' ORDER BY id"
        )
        found: list[tuple[int, str, int]] = cursor.fetchall()
    return found


def _forget(jobs: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE id = ANY(%s)", [jobs])


def turn(at: datetime) -> None:
    """Do what the jobs process does at a moment: receipts, timers, handlers, jobs."""
    outside.take_receipts(at)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, args->>'event_id', args->>'handler' FROM procrastinate_jobs"
            " WHERE task_name = 'events.deliver' AND status = 'todo' ORDER BY id"
        )
        facts = cursor.fetchall()
    for _job, event_id, handler in facts:
        bus.hear(event_id, handler)
    _forget([job for job, _event, _handler in facts])
    sending.run_due(at)
    jobs = ordered()
    for _job, delivery_id, tries in jobs:
        sending.send(delivery_id=UUID(delivery_id), tries=tries, clock=lambda: at)
    _forget([job for job, _delivery, _tries in jobs])


def states(notice_id: UUID) -> dict[str, str]:
    """Return how a notice stands on its channels."""
    return dict(Delivery.objects.filter(notice=notice_id).values_list("channel", "state"))


def announced(name: str) -> list[dict[str, object]]:
    """Return the facts of one name that were published, oldest first."""
    rows = OutboxEvent.objects.filter(name=name).order_by("published_at", "id")
    return [msgspec.to_builtins(row.payload) for row in rows]
