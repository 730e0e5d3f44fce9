"""What Grandma Chen was served last week: told by Liu's phone, not rated yet but for the first."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from random import Random
from uuid import UUID

from django.utils import timezone

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.models import User
from songhe.config.demo.stories import phone_id
from songhe.domains.catalog import selectors as catalog
from songhe.domains.dispatch import services
from songhe.domains.dispatch.services import Told
from songhe.domains.dispatch.terms import Face, HappeningKind, OrderKind, Source
from songhe.domains.people import selectors as people

# How many days ago, what of the catalogue, at which hour.
_WEEK = ((6, "talk-read", 9), (4, "outing", 15), (2, "clean-room", 10))
_AHEAD = timedelta(days=2)
_STEPS = {"photo": HappeningKind.SKIPPED, "signature": HappeningKind.SKIPPED}


def fill(chen_id: UUID, *, at: datetime) -> int:
    """Let the last week have been; return how many services it had. Herself rated the first."""
    liu, herself = (User.objects.get(login=login) for login in ("liu", "chenxiulan"))
    home = people.home_of(chen_id, at=at)
    done = []
    for ago, code, hour in _WEEK:
        day = timezone.localdate(at) - timedelta(days=ago)
        begins = datetime.combine(day, time(hour), timezone.get_default_timezone())
        version = catalog.version_at(code, day)
        ends = begins + timedelta(minutes=version.duration_minutes)
        asked = begins - _AHEAD
        order = services.make_order(
            actor=SYSTEM,
            kind=OrderKind.SERVICE,
            source=Source.CALL,
            person_id=chen_id,
            item_code=code,
            window=(begins, begins + timedelta(hours=2)),
            at=asked,
        )
        visit = services.plan_visit(
            actor=SYSTEM, order_id=order.pk, worker_id=liu.pk,
            begins_at=begins, ends_at=ends, at=asked,
        )  # fmt: skip
        each = (ends - begins) / (len(version.steps) + 1)
        place = {"lat": home.lat, "lon": home.lon, "accuracy_m": 12.0} if home else {}
        story = [
            _told(visit.pk, HappeningKind.SET_OFF, begins - timedelta(minutes=12)),
            _told(visit.pk, HappeningKind.ARRIVED, begins, **place),
            *(
                _told(
                    visit.pk,
                    _STEPS.get(step.evidence, HappeningKind.STEP),
                    begins + number * each,
                    step=step.code,
                    text="她说不用" if step.evidence in _STEPS else "",
                )
                for number, step in enumerate(version.steps, 1)
                if step.evidence != "measure"
            ),
            _told(visit.pk, HappeningKind.DONE, ends),
        ]
        services.take_happenings(
            actor=access.actor_for(liu, ends), told=story, sent_at=ends, at=ends
        )
        done.append((order.pk, ends))
    first, ended = done[0]
    services.rate_order(
        actor=access.actor_for(herself, ended),
        order_id=first,
        face=Face.GOOD,
        words="小刘念报念得清楚",
        at=ended + timedelta(hours=1),
    )
    return len(done)


def _told(visit_id: UUID, kind: HappeningKind, at: datetime, **more: object) -> Told:
    # Made on the phone when it happened: what is made in one go is told of as such.
    rng = Random(f"{visit_id}:{kind}:{more.get('step')}")  # noqa: S311 - a demo, not a secret
    return Told(id=phone_id(rng, at), visit_id=visit_id, kind=kind, device_at=at, **more)  # type: ignore[arg-type]
