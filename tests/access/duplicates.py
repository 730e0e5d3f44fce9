"""Two entries of one person, of which one was merged into the other, in each town."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from songhe.base.access.actor import SYSTEM
from songhe.domains.people import services as people
from tests.access.world import NAMES, TOWNS, World


def make_duplicates(world: World, now: datetime) -> None:
    """Give each town two more entries, of which one was merged into the other."""
    for key, town in world.towns.items():
        twins = [
            people.register_person(
                actor=SYSTEM,
                name=NAMES[key],
                sex="female",
                birth_on=date(1944, 3, 5),
                region_code=TOWNS[key] + "001",
                at=now - timedelta(days=30),
            )
            for _number in range(2)
        ]
        merge = people.merge_persons(
            actor=SYSTEM, kept_id=twins[0].pk, gone_id=twins[1].pk, reason="test", at=now
        )
        town.gone, town.merge = twins[0].pk, merge.pk
