"""A hold by law, and a run of destruction that has ended: for the pages of retention."""

from __future__ import annotations

from datetime import datetime

from songhe.base.access.actor import SYSTEM
from songhe.base.retention import certificates, holds
from songhe.base.retention.models import Destruction
from tests.access.world import TOWNS, World


def make_retention(world: World, now: datetime) -> None:
    """Hold the person of town a by law; a run of destruction has ended with its certificate."""
    world.hold = holds.place(
        actor=SYSTEM,
        person_id=world.towns["a"].person,
        region_code=TOWNS["a"] + "001",
        paper="7",
        reason="诉讼保全",
        since=now,
        until=None,
        at=now,
    ).pk
    run = Destruction(id=world.destruction, state="done", asked_at=now, ended_at=now)
    certificates.sign(run)
    run.save(force_insert=True)
