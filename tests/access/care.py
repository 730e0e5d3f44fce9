"""What is done for the person of town a: a home care bed, visits, what comes next week."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.domains.dispatch import services as dispatch
from songhe.domains.dispatch.models import Leave
from songhe.domains.dispatch.services import Told as Happened
from songhe.domains.dispatch.services.helping import NobodyAtTheDesk, call_for_help
from songhe.domains.dispatch.terms import HappeningKind, LeaveKind, OrderKind, Source
from songhe.domains.homecare import services as homecare
from songhe.domains.homecare import testing as home_beds
from songhe.kernel import ids

if TYPE_CHECKING:
    from tests.access.world import World


def make_home_beds(world: World, *, area: str, now: datetime) -> None:
    """Let the person of town a have had a home care bed, and be about to have the next."""
    town = world.towns["a"]
    given = {"person_id": town.person, "organization_id": town.organization, "needs": []}
    at = now - timedelta(hours=1)
    asked = now - timedelta(hours=2)
    refused = home_beds.make_bed(at=asked, state="applied", **given)
    homecare.refuse_bed(actor=SYSTEM, bed_id=refused.pk, reason="材料不全", at=asked)
    world.refused_bed = refused.pk
    first = home_beds.make_bed(at=at, state="fitted", **given)
    later = now - timedelta(minutes=30)
    homecare.end_bed(actor=SYSTEM, bed_id=first.pk, reason="搬家", at=later)
    world.home_return = first.returns.first().pk
    bed = home_beds.make_bed(at=later, state="agreed", item_code=world.item, **given)
    homecare.note_round(actor=SYSTEM, bed_id=bed.pk, found="well", at=later)
    homecare.add_risk(
        actor=SYSTEM, bed_id=bed.pk, words="慢起", until=now + timedelta(hours=9), at=later
    )
    world.home_bed = bed.pk
    world.handover = homecare.hand_over(actor=SYSTEM, area=area, words="平安", at=later).pk


def make_work(world: World, *, now: datetime) -> None:
    """Plan a visit of the worker of town a, and ask her whether she can go elsewhere now."""
    town, worker = world.towns["a"], world.users["worker"].pk
    orders = [
        dispatch.make_order(
            actor=SYSTEM, kind=OrderKind.RESCUE, source=Source.CALL, person_id=town.person, at=now
        )
        for _turn in range(3)
    ]
    done = dispatch.plan_visit(
        actor=SYSTEM,
        order_id=orders[2].pk,
        worker_id=worker,
        begins_at=now - timedelta(hours=3),
        ends_at=now - timedelta(hours=2),
        at=now,
    )
    ended = Happened(id=ids.uuid7(), visit_id=done.pk, kind=HappeningKind.DONE, device_at=now)
    actor = access.actor_for(world.users["worker"], now)
    dispatch.take_happenings(actor=actor, told=[ended], sent_at=now, at=now)
    call = Happened(id=ids.uuid7(), visit_id=done.pk, kind=HappeningKind.HELP, device_at=now)
    with suppress(NobodyAtTheDesk):
        call_for_help(actor=actor, told=call, visit_id=None, sent_at=now, at=now)
    world.done_visit = done.pk
    world.visit = dispatch.plan_visit(
        actor=SYSTEM,
        order_id=orders[0].pk,
        worker_id=worker,
        begins_at=now,
        ends_at=now + timedelta(hours=1),
        at=now,
    ).pk
    dispatch.tell_visit(visit_id=world.visit, at=now)
    world.offer = dispatch.send(actor=SYSTEM, order_id=orders[1].pk, worker_id=worker, at=now).pk
    make_week(world, now=now)


def make_week(world: World, *, now: datetime) -> None:
    """Plan a service of the person of town a for next week, and let its worker fall ill."""
    town, worker = world.towns["a"], world.users["worker"].pk
    begins = now.replace(minute=0, second=0, microsecond=0) + timedelta(days=7)
    world.planned_order = dispatch.make_order(
        actor=SYSTEM,
        kind=OrderKind.SERVICE,
        source=Source.WISH,
        person_id=town.person,
        item_code=world.item,
        window=(begins, begins + timedelta(hours=1)),
        at=now,
    ).pk
    world.planned_visit = dispatch.plan_visit(
        actor=SYSTEM,
        order_id=world.planned_order,
        worker_id=worker,
        begins_at=begins,
        ends_at=begins + timedelta(hours=1),
        at=now,
    ).pk
    (plan,) = dispatch.report_away(
        actor=SYSTEM,
        organization_id=town.organization,
        worker_id=worker,
        kind=LeaveKind.ILL,
        begins_at=begins,
        ends_at=begins + timedelta(hours=1),
        at=now,
    )
    dispatch.run_plan(plan_id=plan.pk, clock=lambda: now, should_end=lambda: False)
    world.plan = plan.pk
    world.leave = Leave.objects.get(worker=worker).pk
    world.series = dispatch.make_series(
        actor=SYSTEM,
        person_id=town.person,
        organization_id=town.organization,
        wanted=dispatch.Wanted(
            item_code=world.item,
            rule="FREQ=WEEKLY;BYDAY=MO",
            begins=time(9),
            ends=time(10),
            since=begins.date(),
        ),
        at=now,
    ).pk
