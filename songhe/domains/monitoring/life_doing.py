"""What somebody probably did on a day at home: read, put into words and drawn for the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from songhe.base.access.actor import Actor
from songhe.domains.monitoring import life_source
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView
from songhe.domains.telemetry import selectors as telemetry
from songhe.kernel.rhythm.doing import UNKNOWN, Done, Stretch, done
from songhe.kernel.time import from_us, to_us
from songhe.kit import charts, formats
from songhe.kit.charts import data_table

NAMES: dict[str, str | Promise] = {
    "sleep": pgettext_lazy("doing", "Asleep"),
    "toilet": pgettext_lazy("doing", "Toilet"),
    "wash": pgettext_lazy("doing", "Washing"),
    "bath": pgettext_lazy("doing", "Bathroom"),
    "meal": pgettext_lazy("doing", "Kitchen, meals"),
    "leisure": pgettext_lazy("doing", "Sitting, TV"),
    "out": pgettext_lazy("doing", "Out"),
}
KINDS: dict[str, str | Promise] = {
    "in": gettext_lazy("likely"),
    "soft": gettext_lazy("perhaps"),
    "unknown": gettext_lazy("not known"),
    "out": gettext_lazy("out of the home"),
}
_ABOUT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Spent:
    """A local day as it was probably spent, known until known_until; who else lives there.

    done is None where no sensor of the home tells of it.
    """

    day: date
    known_until: datetime
    is_over: bool
    done: Done | None
    others: int


def spent_of(actor: Actor, person: PersonView, day: date, *, at: datetime) -> Spent | None:
    """Return how a day was probably spent, None where the home is not open; about 12 queries.

    Read anew from what is stored at each look: 40 ms of a processor, nothing is kept.
    """
    if "home" not in person.fields:
        return None
    begin, end = life_source.midnight(day), life_source.midnight(day + timedelta(days=1))
    until = max(begin, min(end, at))
    source = life_source.source_of(person.id, since=begin, until=min(end + timedelta(days=1), at))
    home = people.home_of(person.id, at=until)
    if home is None or not source.sensors:
        return Spent(day, until, end <= at, None, 0)
    picture = telemetry.day_picture(actor, person, home.pk, day, at=at)
    blind = [] if picture is None else _blind(picture)
    zone_minutes = round((begin.utcoffset() or timedelta()).total_seconds() / 60)
    found = done(
        source.events(begin - timedelta(hours=6), min(end + timedelta(hours=6), at)),
        set(source.sensors.values()),
        to_us(begin),
        to_us(end),
        to_us(at),
        zone_minutes,
        (*blind, *source.away),
    )
    living = people.residents_by_home([home.pk], at=until).get(home.pk, [])
    others = 0 if home.is_institution else sum(1 for one in living if one != person.id)
    return Spent(day, until, end <= at, found if found.doings else None, others)


def _blind(picture: telemetry.HomeDay) -> list[tuple[int, int]]:
    """Return when no room of the home was heard of."""
    spans = [
        [(to_us(s.start), to_us(s.end)) for s in room.stretches if s.kind == "unknown"]
        for room in picture.rooms
        if room.sensors
    ]
    found = spans[0] if spans else []
    for other in spans[1:]:
        found = [
            (max(a, c), min(b, d)) for a, b in found for c, d in other if max(a, c) < min(b, d)
        ]
    return found


def sentences(spent: Spent, *, tells_night: bool) -> list[str]:
    """Return the day in sentences; tells_night: whether the night is told beside it already."""
    told = spent.done
    if told is None:
        return []
    said = [_meal(name, one) for name, one in told.meals.items()]
    if told.at_night is not None:
        said.append(_night(len(told.at_night), "toilet" in told.doings))
    asleep = _minutes(told.stretches, "sleep")
    if asleep and not tells_night:
        said.append(_("Asleep for about %(span)s of this day.") % {"span": _span(asleep)})
    sitting = _minutes(told.stretches, "leisure")
    if sitting:
        said.append(_("About %(span)s sitting or watching TV.") % {"span": _span(sitting)})
    out = _minutes(told.stretches, "out")
    if out:
        said.append(_("Out for about %(span)s.") % {"span": _span(out)})
    return said


def _meal(name: str, one: Stretch) -> str:
    likely = {
        "breakfast": _("Breakfast about %(time)s."),
        "lunch": _("Lunch about %(time)s."),
        "dinner": _("Dinner about %(time)s."),
    }
    perhaps = {
        "breakfast": _("Perhaps breakfast about %(time)s."),
        "lunch": _("Perhaps lunch about %(time)s."),
        "dinner": _("Perhaps dinner about %(time)s."),
    }
    sentence = (likely if one.is_likely else perhaps)[name]
    return sentence % {"time": formats.clock(_about(from_us(one.from_us)))}


def _night(visits: int, is_toilet: bool) -> str:
    if not visits:
        return _("No visit to the bathroom in the night (22:00–06:00).")
    if is_toilet:
        said = ngettext(
            "Toilet once in the night (22:00–06:00).",
            "Toilet %(n)d times in the night (22:00–06:00).",
            visits,
        )
    else:
        said = ngettext(
            "In the bathroom once in the night (22:00–06:00).",
            "In the bathroom %(n)d times in the night (22:00–06:00).",
            visits,
        )
    return said % {"n": visits}


def _minutes(stretches: Sequence[Stretch], doing: str) -> timedelta:
    whole = sum(s.until_us - s.from_us for s in stretches if s.doing == doing)
    return timedelta(microseconds=whole)


def _span(length: timedelta) -> str:
    return formats.span(_ABOUT * max(1, round(length / _ABOUT)))


def _about(at: datetime) -> datetime:
    """Return an instant to five minutes: the model does not know it better."""
    past = timedelta(minutes=at.minute % 5, seconds=at.second, microseconds=at.microsecond)
    return at - past + (_ABOUT if past > _ABOUT / 2 else timedelta())


def drawing(spent: Spent) -> SafeString:
    """Draw a lane for each thing that the sensors of this home can tell."""
    told = spent.done
    assert told is not None  # noqa: S101 - asked for where there is something to draw
    unknown = [charts.Span(from_us(s.from_us), from_us(s.until_us), "unknown")
               for s in told.stretches if s.doing == UNKNOWN]  # fmt: skip
    lanes = [
        charts.Lane(
            str(NAMES[doing]),
            [
                *(
                    charts.Span(
                        from_us(s.from_us), from_us(s.until_us), "in" if s.is_likely else "soft"
                    )
                    for s in told.stretches
                    if s.doing == doing
                ),
                *unknown,
            ],
        )
        for doing in told.doings
    ]
    return charts.day(
        charts.DayPicture(
            day=spent.day,
            zone=timezone.get_default_timezone(),
            lanes=lanes,
            now=None if spent.is_over else spent.known_until,
            words=KINDS,
        )
    )


def table(spent: Spent) -> SafeString:
    """Return the same as rows in order of time: what, from, to, how sure."""
    told = spent.done
    stretches = () if told is None else told.stretches
    rows = [
        [
            str(NAMES.get(s.doing, _("not known"))),
            formats.clock(from_us(s.from_us)),
            "24:00" if _ends_the_day(s, spent) else formats.clock(from_us(s.until_us)),
            "" if s.doing == UNKNOWN else str(KINDS["in" if s.is_likely else "soft"]),
        ]
        for s in stretches
    ]
    heads = [_("Doing"), _("From"), _("To"), _("How sure")]
    return data_table(_("The day as it was probably spent"), heads, rows)


def _ends_the_day(one: Stretch, spent: Spent) -> bool:
    return one.until_us == to_us(life_source.midnight(spent.day + timedelta(days=1)))


def untold(spent: Spent) -> list[str]:
    """Return what no sensor of this home can tell, in words."""
    told = spent.done
    if told is None:
        return []
    rooms = {"toilet", "wash", "bath"}
    has_bath = bool(rooms & set(told.doings))
    return [
        str(NAMES[doing])
        for doing in ("sleep", "bath", "meal", "leisure", "out")
        if doing not in told.doings and not (doing == "bath" and has_bath)
    ]
