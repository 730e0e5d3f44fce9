"""Liu's day: visits of the county's service centre, made as the desk makes them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.models import User
from songhe.config.demo.logins import TOWN
from songhe.domains.catalog.selectors import items
from songhe.domains.dispatch import services
from songhe.domains.dispatch.panels import day_reads
from songhe.domains.dispatch.terms import OrderKind, Source
from songhe.domains.people import selectors as people

# What of the catalogue, and how long after the first it begins.
_DAY = (
    ("bath-home", 0, "水温先试，扶着下浴缸"),
    ("meal-home", 75, ""),
    ("talk-read", 120, "爱听老歌"),
    ("clean-kitchen", 210, "厨房油烟机"),
)
_FIRST = timedelta(minutes=10)
_LONG = timedelta(minutes=45)


def fill(*, at: datetime) -> int:
    """Give Liu visits where today has none left; return how many were made.

    Late in the evening they would lie in the night: then tomorrow's morning has them, as at home.
    """
    liu = User.objects.filter(login="liu").first()
    if liu is None:
        return 0
    actor = access.actor_for(liu, at)
    if any(not line.is_over for line in day_reads.day_of(actor, at=at).visits):
        return 0
    local = timezone.localtime(at)
    begins = at + _FIRST
    if not 7 <= local.hour < 17:
        morning = local.replace(hour=8, minute=0, second=0, microsecond=0)
        begins = morning if local.hour < 7 else morning + timedelta(days=1)
    offered = [one.code for one in items(timezone.localdate(begins), TOWN)]
    whom = people.list_persons(SYSTEM, region_prefix=TOWN).order_by("pk")[: len(_DAY)]
    made = 0
    for person, (wanted, after, note) in zip(whom, _DAY, strict=False):
        code = wanted if wanted in offered else offered[made % len(offered)]
        first = begins + timedelta(minutes=after)
        order = services.make_order(
            actor=SYSTEM,
            kind=OrderKind.SERVICE,
            source=Source.WISH,
            person_id=person.pk,
            item_code=code,
            window=(first, first + _LONG),
            note=note,
            at=at,
        )
        visit = services.plan_visit(
            actor=SYSTEM, order_id=order.pk, worker_id=liu.pk, begins_at=first,
            ends_at=first + _LONG, at=at,
        )  # fmt: skip
        services.tell_visit(visit_id=visit.pk, at=at)
        made += 1
    return made
