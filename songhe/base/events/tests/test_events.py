"""Events are in the outbox and their jobs in the queue exactly when the fact is committed."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

import pytest
from django.db import connection, transaction

from songhe.base.events import bus
from songhe.base.events.models import HandledEvent, OutboxEvent
from songhe.kernel.ids import uuid7

heard: list[UUID] = []


class KettleBoiled(bus.Event):
    event_name: ClassVar[str] = "tests.KettleBoiled"
    kettle: UUID


@bus.handles(KettleBoiled)
def on_kettle_boiled(event: KettleBoiled) -> None:
    heard.append(event.kettle)


@bus.handles(KettleBoiled)
def on_kettle_boiled_badly(event: KettleBoiled) -> None:
    raise RuntimeError("the kettle leaks")


def jobs() -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT task_name, args->>'handler' FROM procrastinate_jobs"
            " WHERE args->>'handler' LIKE '%kettle%' ORDER BY id"
        )
        return cursor.fetchall()


@pytest.mark.django_db(transaction=True)
def test_an_event_and_one_job_a_handler_are_written_in_the_transaction() -> None:
    with transaction.atomic():
        bus.publish(KettleBoiled(kettle=uuid7()))
        transaction.set_rollback(True)
    assert OutboxEvent.objects.count() == 0
    assert jobs() == []
    with transaction.atomic():
        bus.publish(KettleBoiled(kettle=uuid7()))
    assert [name.rsplit(".", 1)[1] for _, name in jobs()] == [
        "on_kettle_boiled",
        "on_kettle_boiled_badly",
    ]


@pytest.mark.django_db
def test_a_handler_hears_of_an_event_once() -> None:
    heard.clear()
    kettle = uuid7()
    with transaction.atomic():
        bus.publish(KettleBoiled(kettle=kettle))
    event = OutboxEvent.objects.get()
    name = f"{__name__}.on_kettle_boiled"
    assert bus.hear(str(event.id), name) is True
    assert bus.hear(str(event.id), name) is False
    assert heard == [kettle]


@pytest.mark.django_db
def test_a_handler_that_fails_has_not_heard() -> None:
    with transaction.atomic():
        bus.publish(KettleBoiled(kettle=uuid7()))
    event = OutboxEvent.objects.get()
    with pytest.raises(RuntimeError):
        bus.hear(str(event.id), f"{__name__}.on_kettle_boiled_badly")
    assert not HandledEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_publishing_is_refused() -> None:
    with pytest.raises(RuntimeError):
        bus.publish(KettleBoiled(kettle=uuid7()))
