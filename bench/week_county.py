"""`python -m bench.week_county VISITS WORKERS`: a provider whose coming week is full.

Everything goes through the domains' own services, but for the drafts: they are written as a plan's
result is. Half of them were told. Prints the cookie of who plans and the address of the week.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, time, timedelta
from typing import Any

import django
from django.db import connection, transaction

from bench.web_county import session

MANAGER = "manager"
DAYS = 5
HOURS = (8, 18)
MINUTES, EVERY = 60, 75
NAMES = ("助浴", "做饭", "居室清洁", "陪诊", "聊天读报")


def build(visits: int, workers: int) -> Any:
    """Make the week; return its organisation and Monday. Two or three visits a person."""
    from django.utils import timezone

    from songhe.base.access.actor import SYSTEM
    from songhe.base.regions.services import add_region, load_divisions
    from songhe.config.demo import places
    from songhe.domains.catalog.testing import make_draft, make_item
    from songhe.domains.dispatch import services
    from songhe.domains.dispatch.models import Order, Visit
    from songhe.domains.dispatch.services.plans import follow_all, write_drafts
    from songhe.domains.dispatch.terms import OrderKind, Source
    from songhe.domains.dispatch.testing import make_worker
    from songhe.domains.organizations import testing as organizations
    from songhe.domains.people import testing as people

    now = datetime.now(UTC)
    since = now - timedelta(days=30)
    load_divisions()
    for place in (places.PROVINCE, places.CITY, places.COUNTY, *places.TOWNS, *places.COMMUNITIES):
        add_region(
            code=place.code, name=place.name, name_en=place.name_en, lat=place.lat, lon=place.lon
        )
    region = places.COUNTY.code
    provider = organizations.make_organization(at=since, name="松鹤居家服务", region_code=region)
    organizations.make_user(at=since, login=MANAGER, role="provider_manager", organization=provider)
    items = [
        make_item(
            at=since, code=f"bench-{number}", region_prefix=region,
            draft=make_draft(name_zh=name, name_en=name, requires=(), duration_minutes=MINUTES),
        )
        for number, name in enumerate(NAMES)
    ]  # fmt: skip
    staff = [
        make_worker(centre=provider, login=f"worker{number}", name=f"护理员{number}", at=since)
        for number in range(workers)
    ]
    monday = timezone.localdate(now) + timedelta(days=7 - timezone.localdate(now).weekday())
    for user in staff:
        for weekday in range(DAYS):
            services.set_shift(
                actor=SYSTEM, worker_id=user.pk, weekday=weekday, begins=time(HOURS[0]),
                ends=time(HOURS[1]), since=since.date(), at=since,
            )  # fmt: skip
    persons = []
    for number in range(visits * 2 // 5):
        place = places.COMMUNITIES[number % len(places.COMMUNITIES)]
        home, _rooms = people.make_home(
            at=since, region_code=place.code, address=f"{number} 号", lat=place.lat, lon=place.lon
        )
        persons.append(people.make_person(at=since, home=home, name=f"王桂{number}"))
    zone = timezone.get_default_timezone()
    zero = datetime.combine(monday, time(HOURS[0]), zone)
    slots = (HOURS[1] - HOURS[0]) * 60 // EVERY
    rows = []
    for number in range(visits):
        turn = number // workers
        begins = zero + timedelta(days=turn % DAYS, minutes=EVERY * (turn // DAYS % slots))
        ends = begins + timedelta(minutes=MINUTES)
        order = services.make_order(
            actor=SYSTEM, kind=OrderKind.SERVICE, source=Source.CALL,
            person_id=persons[number % len(persons)].pk, organization_id=provider.pk,
            item_code=items[number % len(items)], window=(begins, ends), at=now,
        )  # fmt: skip
        rows.append(
            Visit(
                order=order, worker=staff[number % workers], code="000000",
                period=_range(begins, ends),
            )
        )  # fmt: skip
    with transaction.atomic():
        write_drafts(rows, at=now)
        follow_all(Order.objects.filter(pk__in=[one.order_id for one in rows]), at=now)
    for row in Visit.objects.order_by("pk")[: visits // 2]:
        services.tell_visit(visit_id=row.pk, at=now)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return provider, monday


def _range(begins: datetime, ends: datetime) -> Any:
    from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

    return DateTimeTZRange(begins.astimezone(UTC), ends.astimezone(UTC))


def main(visits: str, workers: str) -> None:
    """Build it; what the benchmark needs is JSON on standard output."""
    django.setup()
    provider, monday = build(int(visits), int(workers))
    json.dump(
        {"cookie": session(MANAGER), "path": f"/plans/?provider={provider.pk}&day={monday}"},
        sys.stdout,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
