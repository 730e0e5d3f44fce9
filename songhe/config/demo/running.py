"""The service centre as it runs: weeks behind it, this week told to its workers, the next to plan.

Among some hundreds of visits a handful is doubtful, each in another way that supervision knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from random import Random
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from songhe.base.access.actor import SYSTEM
from songhe.config.demo import centre, pictures, stories
from songhe.config.demo.centre import Coming, Served, Slot
from songhe.config.demo.county import CHEN_NAME
from songhe.config.demo.logins import COUNTY
from songhe.config.demo.stories import Course
from songhe.domains.catalog import selectors as catalog
from songhe.domains.catalog.selectors import VersionView
from songhe.domains.dispatch import bulk, services
from songhe.domains.dispatch.bulk import Grievance, Heard, NewService, NewVisit
from songhe.domains.dispatch.terms import About, Face, OrderKind, Source
from songhe.domains.organizations import selectors as organizations
from songhe.domains.people import selectors as people
from songhe.kernel.geo import haversine_m

PAST_WEEKS = 2
IN_USE = timedelta(days=100)
# One in so many visits out of reach of a network: it is told days later, as such phones do.
_OUT_OF_REACH = 0.012
_LATE = timedelta(hours=41)
_LATE_SHARE = 0.14
# What was asked for once: item, in how many days, from which hour on.
_WISHES = (
    ("haircut", 6, 9), ("errand", 6, 9), ("phone-lesson", 7, 14), ("escort-hospital", 7, 8),
    ("foot-care", 7, 9), ("haircut", 8, 14), ("medicine-fetch", 8, 9), ("outing", 8, 14),
    ("errand", 9, 9), ("escort-hospital", 9, 8), ("home-safety", 9, 9), ("phone-lesson", 10, 9),
)  # fmt: skip
_FACES = ((Face.GOOD, 0.24), (Face.FAIR, 0.04), (Face.BAD, 0.012))
# Of cleaning: about what, in whose words, and the answer; the first is open.
_COMPLAINTS = (
    (About.WORK, "床底下和门后没有打扫到。", ""),
    (
        About.WORK,
        "厨房地面没擦干，老人差点滑倒。",
        "已向家属道歉，护理员重新培训，次日补做了一次。",
    ),
    (About.MANNER, "说话太快，老人听不清。", "已提醒护理员放慢语速，下次由组长陪同。"),
)


@dataclass(slots=True)
class _Part:
    """One turn of one day as it was planned, and how it went for each who came."""

    coming: int
    slot: Slot
    day: date
    begins_at: datetime
    ends_at: datetime
    courses: list[Course]

    @property
    def course(self) -> Course:
        return self.courses[0]


def fill(seed: int, *, at: datetime) -> int:
    """Let the centre have run for weeks; return how many visits it made and was told of."""
    with transaction.atomic():
        return _Running(seed, at).fill()


class _Running:
    def __init__(self, seed: int, at: datetime) -> None:
        self.at, self.rng = at, Random(f"{seed}:centre")  # noqa: S311 - a demo, not a secret
        serving = organizations.serving(COUNTY)
        if serving is None:
            raise LookupError("no service centre serves the county")
        self.organization = serving
        self.monday = _monday(timezone.localdate(at))
        self.persons = _persons(at)
        self.items: dict[str, VersionView] = {
            code: catalog.version_at(code, at)
            for code in {need.item for need in centre.NEEDS} | {one[0] for one in _WISHES}
        }

    def fill(self) -> int:
        workers = centre.staff(self.organization, self.rng, since=self.at - IN_USE, at=self.at)
        some = centre.comings(self.rng, self.persons)
        week = centre.usual_week(some, workers, self.items)
        parts = list(self._parts(week))
        self._late(parts)
        _doubt([one for one in parts if one.ends_at < self.at], some, self.rng)
        loaded = bulk.take_over(
            actor=SYSTEM,
            organization_id=self.organization.pk,
            series=[bulk.NewSeries(one.person.id, self._wanted(one)) for one in some],
            services=self._services(parts, some),
            at=self.at,
        )
        self._wishes()
        return loaded.visits

    def _wanted(self, one: Coming) -> services.Wanted:
        first, last = one.window
        return services.Wanted(
            item_code=one.item, rule=one.rule, begins=time(*divmod(first, 60)),
            ends=time(*divmod(last, 60)), since=self.monday - timedelta(weeks=PAST_WEEKS),
            sex_wish=one.sex_wish,
        )  # fmt: skip

    def _parts(self, week: Sequence[Slot]) -> Iterator[_Part]:
        """Yield every turn from the first week to the end of this one."""
        for number in range(-PAST_WEEKS, 1):
            for slot in week:
                day = self.monday + timedelta(days=7 * number + slot.start // centre.DAY)
                begins = _moment(day, slot.start % centre.DAY)
                ends = begins + timedelta(minutes=slot.minutes)
                made = begins - timedelta(days=4)
                ids = [stories.phone_id(self.rng, made) for _ in slot.workers]
                courses = [stories.course(pk, begins, ends) for pk in ids]
                yield _Part(slot.coming, slot, day, begins, ends, courses)

    def _late(self, parts: Sequence[_Part]) -> None:
        """Let some of those that were the last of a worker's day have begun late."""
        last: dict[tuple[UUID, date], _Part] = {}
        for one in parts:
            for user in one.slot.workers:
                last[user, one.day] = one
        for (user, _day), one in last.items():
            late = timedelta(minutes=self.rng.uniform(17, 38))
            is_alone = one.slot.workers == (user,)
            if is_alone and self.rng.random() < _LATE_SHARE and one.ends_at + late < self.at:
                one.course.arrived_at += late
                one.course.ended_at += late

    def _services(self, parts: Sequence[_Part], some: Sequence[Coming]) -> Iterator[NewService]:
        done = [one for one in parts if one.ends_at < self.at]
        cleaned = [one for one in done if some[one.coming].item == "clean-room"]
        grieved = {id(one): row for one, row in zip(cleaned[::-17], _COMPLAINTS, strict=False)}
        for part in parts:
            coming = some[part.coming]
            asked = _moment(part.day - timedelta(days=15), 120)
            first, last = coming.window
            yield NewService(
                person_id=coming.person.id,
                item_code=coming.item,
                window=(_moment(part.day, first), _moment(part.day, last)),
                visits=[
                    self._visit(part, coming, user, course)
                    for user, course in zip(part.slot.workers, part.courses, strict=True)
                ],
                asked_at=asked,
                series=part.coming,
                sex_wish=coming.sex_wish,
                face=self._face() if part.ends_at < self.at - timedelta(hours=3) else None,
                grievance=_grievance(part, grieved.get(id(part)), self.at),
            )

    def _visit(self, part: _Part, coming: Coming, user: UUID, course: Course) -> NewVisit:
        if self.rng.random() < _OUT_OF_REACH and part.ends_at < self.at - _LATE:
            course.received_at = course.ended_at + _LATE
        return NewVisit(
            id=course.visit_id,
            worker_id=user,
            begins_at=part.begins_at,
            ends_at=part.ends_at,
            told_at=min(self.at, _moment(_monday(part.day) - timedelta(days=3), 16 * 60)),
            heard=self._heard(course, coming),
        )

    def _heard(self, course: Course, coming: Coming) -> list[Heard]:
        """Return what the phone has told by now."""
        if course.arrived_at - timedelta(minutes=15) > self.at:
            return []
        heard = stories.told(course, self.items[coming.item], coming.person.place)
        return [one for one in heard if one.told.device_at <= self.at]

    def _face(self) -> Face | None:
        draw = self.rng.random()
        for face, share in _FACES:
            if draw < share:
                return face
            draw -= share
        return None

    def _wishes(self) -> None:
        """Ask for some services once, by telephone, in the days before."""
        today = timezone.localdate(self.at)
        for person, (code, days, hour) in zip(
            self.rng.sample(self.persons, min(len(self.persons), len(_WISHES))), _WISHES,
            strict=False,
        ):  # fmt: skip
            begins = _moment(today + timedelta(days=days), hour * 60)
            services.make_order(
                actor=SYSTEM,
                kind=OrderKind.SERVICE,
                source=Source.CALL,
                person_id=person.id,
                item_code=code,
                window=(begins, begins + timedelta(hours=2)),
                at=self.at,
            )


def _persons(at: datetime) -> list[Served]:
    """Return who lives at home; Grandma Chen has services of her own."""
    rows = [
        row
        for row in people.list_persons(SYSTEM, region_prefix=COUNTY).order_by("pk")
        if row.living != "institution" and row.name != CHEN_NAME
    ]
    homes = people.homes_by_person([row.pk for row in rows], at=at)
    return [
        Served(row.pk, row.sex, row.care_level or 0, (home.lat, home.lon))
        for row in rows
        if (home := homes.get(row.pk)) and home.lat is not None and home.lon is not None
    ]


def _doubt(done: Sequence[_Part], some: Sequence[Coming], rng: Random) -> None:
    """Let one visit of each kind be doubtful: what the rules of evidence find is made, not said."""
    fresh = list(done)
    rng.shuffle(fresh)
    items = {id(one): some[one.coming].item for one in done}

    def chosen(right: Callable[[_Part], bool]) -> _Part | None:
        found = next((one for one in fresh if right(one) and len(one.courses) == 1), None)
        if found is not None:
            fresh.remove(found)
        return found

    short = chosen(lambda one: items[id(one)] == "clean-room")
    if short is not None:
        short.course.ended_at = short.course.arrived_at + timedelta(minutes=41)
    entered = chosen(lambda one: items[id(one)] in ("talk-read", "outing"))
    if entered is not None:
        entered.course.entered_at = entered.course.ended_at + timedelta(minutes=50)
    meal = chosen(lambda one: items[id(one)] == "meal-home")
    other = meal and chosen(
        lambda one: (
            items[id(one)] == "meal-home"
            and one.slot.workers == meal.slot.workers
            and one.coming != meal.coming
        )
    )
    if meal and other:
        meal.course.photo = other.course.photo = pictures.photograph(rng)
    _double(done, fresh, some)


def _double(done: Sequence[_Part], fresh: Sequence[_Part], some: Sequence[Coming]) -> None:
    """Let one worker have been in two places at once, another have flown."""
    of_day: dict[tuple[UUID, date], list[_Part]] = {}
    for one in done:
        if len(one.courses) == 1:
            of_day.setdefault((one.slot.workers[0], one.day), []).append(one)
    free = {id(one) for one in fresh}
    pairs = [
        (first, then)
        for rows in of_day.values()
        for first, then in pairwise(sorted(rows, key=lambda part: part.begins_at))
        if id(first) in free and id(then) in free
    ]
    for first, then in pairs:
        long = first.slot.minutes >= 60 and then.slot.minutes >= 60
        if long and then.begins_at - first.ends_at < timedelta(minutes=40):
            then.course.arrived_at = first.course.ended_at - timedelta(minutes=26)
            free -= {id(first), id(then)}
            break
    for first, then in pairs:
        here, there = (some[one.coming].person.place for one in (first, then))
        soon = then.begins_at - first.ends_at < timedelta(minutes=45)
        if {id(first), id(then)} <= free and soon and haversine_m(here, there) > 3000:
            then.course.arrived_at = first.course.ended_at + timedelta(seconds=70)
            break


def _grievance(part: _Part, row: tuple[About, str, str] | None, at: datetime) -> Grievance | None:
    if row is None:
        return None
    about, words, answer = row
    told = min(at, part.course.ended_at + timedelta(hours=5))
    return Grievance(
        about=about,
        words=words,
        at=told,
        answer=answer,
        answered_at=min(at, told + timedelta(hours=20)) if answer else None,
        answered_by="周经理" if answer else "",
    )


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _moment(day: date, minute: int) -> datetime:
    begins = datetime.combine(day, time(), timezone.get_default_timezone())
    return begins + timedelta(minutes=minute)
