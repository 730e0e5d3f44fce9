"""The service centre's usual week: two dozen more workers, and what comes to whom, by whom, when.

A week is laid out once (nearest free worker, every rule of planning kept) and is the same in every
week: so the same faces come to the same homes, as at a centre that plans with care.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random
from uuid import UUID

from django.utils import timezone

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.models import User
from songhe.config.demo import names
from songhe.config.demo.logins import COUNTY
from songhe.config.demo.week import papers_of
from songhe.domains.catalog.selectors import VersionView
from songhe.domains.dispatch import services
from songhe.domains.organizations import services as organizations
from songhe.domains.organizations.selectors import Organization
from songhe.engines import routing
from songhe.kernel.geo import Point

WORKERS = 24
DAY = 1440
LOGINS = tuple(f"carer{number:02d}" for number in range(1, WORKERS + 1))
# Shares of workers with papers beside the health certificate, in turn; hours, weekdays.
_PAPERS = (
    ("carer-5", "bathing"),
    ("carer-5",),
    ("carer-4", "carer-5", "bathing", "first-aid"),
    ("carer-5", "first-aid"),
    (),
    ("carer-5", "bathing"),
)
_HOURS = ((8, 17), (8, 17), (8, 16), (9, 18))
_WEEKS = ((0, 1, 2, 3, 4), (0, 1, 2, 3, 4), (1, 2, 3, 4, 5), (0, 1, 3, 4, 5))
_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True, slots=True)
class Need:
    """What may come to a person: how likely by level of care (0 to 4), on how many days, when.

    windows: from and to which minute of the day it may begin, one of them for a person.
    """

    item: str
    likely: tuple[float, float, float, float, float]
    days: int
    windows: tuple[tuple[int, int], ...]
    same_sex: bool = False


NEEDS = (
    Need("meal-home", (0.03, 0.09, 0.20, 0.22, 0.15), 5, ((630, 720),)),
    Need("bath-home", (0.00, 0.06, 0.13, 0.18, 0.10), 1, ((540, 630), (840, 930)), same_sex=True),
    Need("bath-bed", (0.00, 0.00, 0.00, 0.15, 0.60), 2, ((540, 630), (840, 930)), same_sex=True),
    Need("clean-room", (0.24, 0.34, 0.34, 0.25, 0.20), 1, ((480, 570), (780, 900))),
    Need("outing", (0.08, 0.20, 0.22, 0.10, 0.00), 1, ((510, 570), (840, 900))),
    Need("escort-hospital", (0.02, 0.05, 0.06, 0.06, 0.05), 1, ((480, 540),)),
    Need("talk-read", (0.14, 0.26, 0.26, 0.25, 0.25), 1, ((540, 600), (840, 960))),
    Need("vital-signs", (0.02, 0.06, 0.10, 0.12, 0.12), 2, ((480, 600),)),
    Need("medicine-fetch", (0.03, 0.05, 0.06, 0.05, 0.05), 1, ((540, 600), (840, 930))),
)


@dataclass(frozen=True, slots=True)
class Served:
    """A person as the centre plans for her."""

    id: UUID
    sex: str
    level: int
    place: Point


@dataclass(frozen=True, slots=True)
class Coming:
    """What comes to a person on days of the week (0 is Monday), beginning in a window."""

    person: Served
    item: str
    days: tuple[int, ...]
    window: tuple[int, int]
    sex_wish: str

    @property
    def rule(self) -> str:
        return f"FREQ=WEEKLY;BYDAY={','.join(_CODES[day] for day in self.days)}"


@dataclass(frozen=True, slots=True)
class Slot:
    """Who comes when: coming is a place in the list, start a minute of the week."""

    coming: int
    start: int
    minutes: int
    workers: tuple[UUID, ...]


def staff(centre: Organization, rng: Random, *, since: datetime, at: datetime) -> list[User]:
    """Give the centre its further workers, with papers, hours and a drawn face."""
    today, found = timezone.localdate(at), []
    taken = set(User.objects.values_list("display_name", flat=True))
    for number, login in enumerate(LOGINS):
        sex = "male" if number % 4 == 3 else "female"
        name = names.worker_name(rng, sex, taken)
        taken.add(name)
        user = User(login=login, display_name=name)
        user.set_unusable_password()  # nobody signs in as them
        user.save()
        access.give_role(
            actor=SYSTEM, user=user, role="worker", region_prefix=COUNTY, at=since,
            organization_id=centre.pk,
        )  # fmt: skip
        organizations.employ(
            actor=SYSTEM, organization=centre, user=user, title="护理员", title_en="care worker",
            at=since,
        )  # fmt: skip
        papers_of(user, sex, _PAPERS[number % len(_PAPERS)], since=since)
        begins, ends = _HOURS[number % len(_HOURS)]
        for day in _WEEKS[number // 2 % len(_WEEKS)]:
            services.set_shift(
                actor=SYSTEM, worker_id=user.pk, weekday=day, begins=time(begins), ends=time(ends),
                since=today - timedelta(days=28), at=at,
            )  # fmt: skip
        found.append(user)
    return found


def comings(rng: Random, persons: Sequence[Served]) -> list[Coming]:
    """Draw what comes to whom every week."""
    found = []
    for person in persons:
        for need in NEEDS:
            if rng.random() >= need.likely[person.level]:
                continue
            window = rng.choice(need.windows)
            first = rng.randrange(5)
            days: tuple[int, ...] = (first,)
            if need.days == 5:
                days = (0, 1, 2, 3, 4)
            elif need.days == 2:
                days = (first % 3, first % 3 + 2)
            wish = "female" if need.same_sex and person.sex == "female" else ""
            found.append(Coming(person, need.item, days, window, wish))
    return found


def usual_week(
    some: Sequence[Coming], workers: Sequence[User], items: dict[str, VersionView]
) -> list[Slot]:
    """Return who comes when in a usual week; what finds nobody is left out."""
    visits = tuple(
        routing.Visit(
            id=f"{number}/{day}",
            person=str(one.person.id),
            place=one.person.place,
            minutes=items[one.item].duration_minutes,
            windows=((day * DAY + one.window[0], day * DAY + one.window[1]),),
            skills=frozenset(items[one.item].requires),
            workers=items[one.item].workers_needed,
            gender=one.sex_wish,
            is_gender_must=bool(one.sex_wish),
        )
        for number, one in enumerate(some)
        for day in one.days
    )
    base = (
        sum(one.person.place[0] for one in some) / max(1, len(some)),
        sum(one.person.place[1] for one in some) / max(1, len(some)),
    )
    instance = routing.Instance(
        visits=visits,
        workers=tuple(_worker(number, user, base) for number, user in enumerate(workers)),
        grid_minutes=5,
    )
    plan = routing.greedy(instance)
    who: dict[str, list[routing.Assignment]] = {}
    for one in plan.assignments:
        who.setdefault(one.visit, []).append(one)
    return [
        Slot(
            coming=int(name.partition("/")[0]),
            start=made[0].start,
            minutes=made[0].end - made[0].start,
            workers=tuple(UUID(one.worker) for one in made),
        )
        for name, made in sorted(who.items(), key=lambda pair: (pair[1][0].start, pair[0]))
    ]


def _worker(number: int, user: User, base: Point) -> routing.Worker:
    begins, ends = (60 * hour for hour in _HOURS[number % len(_HOURS)])
    noon = routing.Break(660, 840, 30)
    return routing.Worker(
        id=str(user.pk),
        home=base,
        mode="scooter",
        shifts=tuple(
            routing.Shift(
                day * DAY + begins,
                day * DAY + ends,
                (routing.Break(day * DAY + noon.earliest, day * DAY + noon.latest, noon.minutes),),
            )
            for day in _WEEKS[number // 2 % len(_WEEKS)]
        ),
        skills=frozenset({"health-certificate", *_PAPERS[number % len(_PAPERS)]}),
        gender="male" if number % 4 == 3 else "female",
    )
