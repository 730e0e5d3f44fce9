"""On which days and in which parts of them a service may be asked for, and what it comes to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from songhe.domains.catalog.selectors import PriceView
from songhe.domains.catalog.terms import Unit
from songhe.domains.dispatch.params import params
from songhe.kernel.errors import Invalid

QUARTER = timedelta(minutes=15)


class PartOfDay(TextChoices):
    """Parts of a day in which a visit may begin."""

    MORNING = "morning", _("In the morning")
    AFTERNOON = "afternoon", _("In the afternoon")
    EVENING = "evening", _("In the evening")


class NotOffered(Invalid):
    code = "dispatch.time_not_offered"
    message = "This time is not offered any more. Please choose another."


@dataclass(frozen=True, slots=True)
class Part:
    """A part of one day. begins, ends: between which local times the visit may begin."""

    code: str
    begins: time
    ends: time

    @property
    def label(self) -> str:
        return str(PartOfDay(self.code).label)


def _parts() -> list[Part]:
    return [
        Part(code, time.fromisoformat(one["begins"]), time.fromisoformat(one["ends"]))
        for code, one in params()["ordering"]["parts"].items()
    ]


def parts(day: date, *, at: datetime) -> list[Part]:
    """Return the parts of a day that lie far enough ahead; none of a day that is not offered."""
    ahead = (day - timezone.localdate(at)).days
    if not 0 <= ahead < int(params()["ordering"]["ahead_days"]):
        return []
    least = timedelta(minutes=int(params()["ordering"]["lead_minutes"]))
    return [part for part in _parts() if moment(day, part.ends) - at > least]


def days(*, at: datetime) -> list[date]:
    """Return the days on which something may be asked for, the nearest first."""
    today = timezone.localdate(at)
    ahead = range(int(params()["ordering"]["ahead_days"]))
    wanted = [today + timedelta(days=number) for number in ahead]
    return [day for day in wanted if parts(day, at=at)]


def window(day: date, part: str, *, at: datetime) -> tuple[datetime, datetime]:
    """Return between when and when the visit may begin. Raises NotOffered."""
    found = next((one for one in parts(day, at=at) if one.code == part), None)
    if found is None:
        raise NotOffered(field="part")
    return span(day, found, at=at)


def span(day: date, part: Part, *, at: datetime) -> tuple[datetime, datetime]:
    """Return the window of a part of a day, from a whole quarter of an hour on."""
    return max(moment(day, part.begins), quarter_from(at)), moment(day, part.ends)


def part_of(begins_at: datetime) -> Part | None:
    """Return the part of the day in which a window begins, None where it is in none of them."""
    begins = timezone.localtime(begins_at).time()
    return next((one for one in _parts() if one.begins <= begins < one.ends), None)


def gross_fen(price: PriceView, minutes: int) -> int:
    """Return what a service of so many minutes comes to (fen); hours are rounded to the fen."""
    return round(price.amount_fen * (minutes / 60 if price.per == Unit.HOUR else 1))


def moment(day: date, clock: time) -> datetime:
    """Return a local time of a day."""
    return datetime.combine(day, clock, timezone.get_default_timezone())


def quarter_from(at: datetime) -> datetime:
    """Return the first whole quarter of an hour that is no earlier than a moment."""
    begun = at.replace(minute=at.minute - at.minute % 15, second=0, microsecond=0)
    return begun if begun == at else begun + QUARTER
