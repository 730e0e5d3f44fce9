"""What the service centre plans: workers with papers and shifts, services that come every week."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.utils import timezone

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.models import User
from songhe.config.demo import places
from songhe.config.demo.logins import COUNTY
from songhe.config.demo.portraits import portrait
from songhe.domains.catalog.selectors import items
from songhe.domains.dispatch import services, testing
from songhe.domains.organizations import selectors as reads
from songhe.domains.organizations import services as organizations
from songhe.domains.organizations.selectors import Organization

# Login, name, gender, papers beside the health certificate (Liu has hers already), hours, weekdays.
_WORKERS = (
    ("liu", "小刘", "female", (), 8, 17, (0, 1, 2, 3, 4)),
    ("he", "小何", "female", ("carer-5", "bathing"), 8, 17, (0, 1, 2, 3, 4)),
    ("luo", "罗姐", "female", ("carer-4", "bathing", "first-aid"), 8, 18, (1, 2, 3, 4, 5)),
    ("fang", "方师傅", "male", ("carer-5", "bathing", "first-aid"), 8, 17, (0, 1, 3, 4, 5)),
    ("jiang", "小江", "male", ("carer-5",), 8, 13, (0, 1, 2, 3, 4, 5)),
    ("yue", "岳姐", "female", ("carer-5",), 8, 17, (0, 2, 3, 4, 5)),
)
LOGINS = tuple(login for login, *_ in _WORKERS)
# Item, days, from and to which hour it may begin, whom the person wishes; taken in turn.
_SERIES = (
    ("bath-home", "TU", 9, 11, "female"),
    ("clean-room", "MO,TH", 8, 11, ""),
    ("talk-read", "WE", 9, 16, ""),
    ("meal-cook", "MO,WE,FR", 10, 11, ""),
    ("vital-signs", "MO,TH", 8, 10, ""),
    ("foot-care", "FR", 9, 16, ""),
    ("errand", "WE", 8, 11, ""),
    ("bath-bed", "TU,FR", 14, 16, ""),
)
_PERSONS = 20


def staff(
    centre: Organization, users: Mapping[str, User], *, since: datetime, at: datetime
) -> None:
    """Give Liu and five more workers of the centre their papers and their shifts."""
    today = timezone.localdate(at)
    for login, name, gender, papers, begins, ends, days in _WORKERS:
        user = users.get(login)
        if user is None:
            secret = secrets.token_urlsafe(24)  # nobody signs in as them
            user = User.objects.create_user(login=login, display_name=name, password=secret)
            access.give_role(
                actor=SYSTEM, user=user, role="worker", region_prefix=COUNTY, at=since,
                organization_id=centre.pk,
            )  # fmt: skip
            organizations.employ(
                actor=SYSTEM, organization=centre, user=user, title="护理员",
                title_en="care worker", at=since,
            )  # fmt: skip
            papers_of(user, gender, papers, since=since)
        for day in days:
            services.set_shift(
                actor=SYSTEM, worker_id=user.pk, weekday=day, begins=time(begins),
                ends=time(ends), since=today - timedelta(days=7), at=at,
            )  # fmt: skip


def on_the_road(*, at: datetime) -> int:
    """Let the workers' phones have told where they are, a community each; return how many."""
    users = User.objects.in_bulk(LOGINS, field_name="login")
    for user, place in zip(users.values(), places.COMMUNITIES, strict=False):
        testing.stand(user, place.lat, place.lon, at=at)
    return len(users)


def papers_of(user: User, gender: str, papers: Iterable[str], *, since: datetime) -> None:
    """Let a worker hold papers beside the health certificate, and say who she is."""
    staff_id = reads.worker_lines([user.pk], at=since)[user.pk].staff_id
    for code in ("health-certificate", *papers):
        organizations.add_qualification(
            actor=SYSTEM, staff_id=staff_id, code=code, issued_on=since.date() - timedelta(days=90),
            valid_until=since.date() + timedelta(days=900), at=since,
        )  # fmt: skip
    organizations.set_worker_facts(
        actor=SYSTEM, staff_id=staff_id, gender=gender, languages=("putonghua", "local"),
        about_zh="", about_en="", at=since,
    )  # fmt: skip
    organizations.set_portrait(
        actor=SYSTEM, staff_id=staff_id, content=portrait(user.login, gender), at=since
    )


def series(centre: Organization, persons: Sequence[UUID], *, at: datetime) -> int:
    """Begin services that come every week for some persons; return how many.

    The persons are spread over the county, so that ways matter.
    """
    today = timezone.localdate(at)
    offered = {one.code for one in items(today, COUNTY)}
    wanted = [one for one in _SERIES if one[0] in offered]
    step = max(1, len(persons) // _PERSONS)
    made = 0
    for number, person in enumerate(persons[::step][:_PERSONS]):
        code, days, first, last, wish = wanted[number % len(wanted)]
        services.make_series(
            actor=SYSTEM,
            person_id=person,
            organization_id=centre.pk,
            wanted=services.Wanted(
                item_code=code, rule=f"FREQ=WEEKLY;BYDAY={days}", begins=time(first),
                ends=time(last), since=_monday_after(today), sex_wish=wish,
            ),
            at=at,
        )  # fmt: skip
        made += 1
    return made


def _monday_after(day: date) -> date:
    return day + timedelta(days=7 - day.weekday())
