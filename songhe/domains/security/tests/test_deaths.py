"""Who acted for a person who died does not any more; where that was a mistake, again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.events import bus
from songhe.base.events.models import OutboxEvent
from songhe.domains.people import services as people
from tests.access.world import World, make_world

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)


def deliver() -> None:
    """Let every handler hear of what was published, as the jobs process does."""
    for row in OutboxEvent.objects.order_by("published_at"):
        for name, handler in bus._handlers.items():
            if handler.event.event_name == row.name:
                bus.hear(str(row.pk), name)


def acts(world: World) -> bool:
    actor = access.actor_for(world.users["family"], datetime.now(UTC))
    held = [grant for grant in actor.grants if grant.purpose == "guardian"]
    return world.towns["a"].person in {grant.subject_id for grant in held}


def test_a_guardian_stops_with_the_death_that_is_recorded() -> None:
    world = make_world(NOW)
    assert acts(world)
    record = people.record_fact(
        actor=SYSTEM,
        person_id=world.towns["a"].person,
        fact=people.Fact("death", "died"),
        since=NOW - timedelta(days=3),
        at=NOW,
    )
    deliver()
    assert not acts(world)
    people.withdraw_record(actor=SYSTEM, record_id=record.pk, reason="错人", at=NOW)
    deliver()
    assert acts(world)
