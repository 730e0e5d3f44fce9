"""Visits of the last two months that government purchase and long-term care insurance pay.

Ordered, walked, told by Liu's phone, judged and charged as in a county that goes on; one of them
hardly bears out. Last month's lie with the provider as drafts, for its manager to submit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from random import Random
from uuid import UUID

from dateutil.relativedelta import relativedelta
from django.utils import timezone

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.accounts.models import User
from songhe.config.demo.cast import Institutions
from songhe.config.demo.stories import phone_id
from songhe.domains.billing import services as billing
from songhe.domains.catalog import selectors as catalog
from songhe.domains.dispatch import services
from songhe.domains.dispatch.services import Told
from songhe.domains.dispatch.terms import HappeningKind, OrderKind, Source
from songhe.domains.people import selectors as people
from songhe.domains.subsidies import services as subsidies
from songhe.domains.subsidies.services import NotFor

# Programme, what of the catalogue comes, on which weekday and at which hours, one for each person.
_GIVEN = (
    ("ltc-insurance", "foot-care", 1, (8, 10, 13)),
    ("guaranteed-visits", "clean-room", 3, (8, 11, 14)),
)
_QUIET_DAYS = 22  # what is younger is the service centre's weeks, and Grandma Chen's
_ASKED_BEFORE = timedelta(days=2)
_STEPS = {"photo": HappeningKind.SKIPPED, "signature": HappeningKind.SKIPPED}


def fill(
    institutions: Institutions,
    users: Mapping[str, User],
    persons: Sequence[UUID],
    *,
    since: datetime,
    at: datetime,
) -> int:
    """Entitle whom the programmes are for, and let the visits have been; return how many."""
    today = timezone.localdate(at)
    first = max(timezone.localdate(since), today.replace(day=1) - relativedelta(months=1))
    admin, left = access.actor_for(users["admin"], since), list(persons)
    done = 0
    for programme, code, weekday, hours in _GIVEN:
        for hour in hours:
            person = _entitled(admin, programme, left, since)
            if person is None:
                break
            left.remove(person)
            for day in _days(first, today - timedelta(days=_QUIET_DAYS), weekday):
                _visit(users["liu"], person, code, day, hour, is_short=not done)
                done += 1
    billing.draft_settlements(at=at)
    return done


def _entitled(
    admin: Actor, programme: str, persons: Sequence[UUID], since: datetime
) -> UUID | None:
    """Give a programme to the first person whom it is for; None where it is for nobody."""
    for person in persons:
        try:
            subsidies.give_entitlement(
                actor=admin,
                person_id=person,
                programme=programme,
                since=timezone.localdate(since),
                at=since,
            )
        except NotFor:
            continue
        return person
    return None


def _days(first: date, last: date, weekday: int) -> list[date]:
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [day for day in days if day.weekday() == weekday]


def _visit(worker: User, person: UUID, code: str, day: date, hour: int, *, is_short: bool) -> None:
    """Let a visit have been ordered, carried out, judged and charged. is_short: left at once."""
    begins = datetime.combine(day, time(hour), timezone.get_default_timezone())
    asked, home = begins - _ASKED_BEFORE, people.home_of(person, at=begins)
    version = catalog.version_at(code, day)
    ends = begins + timedelta(minutes=version.duration_minutes)
    order = services.make_order(
        actor=SYSTEM,
        kind=OrderKind.SERVICE,
        source=Source.CALL,
        person_id=person,
        item_code=code,
        window=(begins, begins + timedelta(hours=2)),
        at=asked,
    )
    visit = services.plan_visit(
        actor=SYSTEM,
        order_id=order.pk,
        worker_id=worker.pk,
        begins_at=begins,
        ends_at=ends,
        at=asked,
    )
    left = begins + timedelta(minutes=4) if is_short else ends
    each = (left - begins) / (len(version.steps) + 1)
    place = {"lat": home.lat, "lon": home.lon, "accuracy_m": 12.0} if home else {}

    def told(kind: HappeningKind, when: datetime, **more: object) -> Told:
        pk = phone_id(Random(f"{visit.pk}:{kind}:{more.get('step')}"), when)  # noqa: S311 - a demo
        return Told(id=pk, visit_id=visit.pk, kind=kind, device_at=when, **more)  # type: ignore[arg-type]

    story = [
        told(HappeningKind.SET_OFF, begins - timedelta(minutes=12)),
        told(HappeningKind.ARRIVED, begins, **({} if is_short else place)),
        *(
            told(
                _STEPS.get(step.evidence, HappeningKind.STEP),
                begins + number * each,
                step=step.code,
                text="老人说不用" if step.evidence in _STEPS else "",
            )
            for number, step in enumerate(version.steps, 1)
            if step.evidence != "measure"
        ),
        told(HappeningKind.DONE, left),
    ]
    services.take_happenings(
        actor=access.actor_for(worker, left), told=story, sent_at=left, at=left
    )
    services.judge_crew(visit_id=visit.pk, at=left)
    services.charge_visit(visit_id=visit.pk, at=left)
