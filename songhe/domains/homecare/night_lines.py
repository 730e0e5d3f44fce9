"""A night in one line for many beds at once: in bed, out of bed, not known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from songhe.domains.devices import selectors as devices
from songhe.domains.devices.terms import get_type
from songhe.domains.homecare.models import Fitting, HomeBed
from songhe.domains.telemetry import selectors as telemetry
from songhe.kernel import codes
from songhe.kernel.wire import Reading
from songhe.kit import charts, formats

BED = "bed"
LOOKS_BACK = timedelta(hours=6)  # who lay down before the night began is in bed at its beginning
NIGHT = timedelta(hours=12)
UP_MIN = 60  # from then on it is said since when, not for how long


@dataclass(frozen=True, slots=True)
class Bedside:
    """The line of a tile and what it says now."""

    picture: SafeString
    say: str


def nights(beds: Sequence[HomeBed], *, since: datetime, at: datetime) -> dict[UUID, Bedside]:
    """Return the night of each bed that has a mattress in use; the caller narrowed the beds.

    3 queries, however many beds: a night touches two UTC days at most.
    """
    rows = Fitting.objects.filter(
        need__bed__in=beds, period__contains=at, device__type="sleep-mattress"
    )
    mattress = {row.device_id: row.need.bed_id for row in rows.select_related("need")}
    if not mattress:
        return {}
    bound = devices.bindings_of(mattress, at=at).values()
    subjects = [one.person_id or one.room_id for one in bound]
    told: dict[UUID, list[tuple[datetime, bool]]] = {}
    number = codes.by_key(BED).number
    for reading in telemetry.stream(
        subjects=[one for one in subjects if one is not None],
        since=since - LOOKS_BACK,
        until=at,
        codes=[number],
    ):
        bed = mattress.get(reading.device)
        if bed is not None:
            told.setdefault(bed, []).append((_time(reading), _value(reading, number)))
    return {bed: _line(told.get(bed, []), since=since, at=at) for bed in set(mattress.values())}


def _time(reading: Reading) -> datetime:
    return datetime.fromtimestamp(reading.effective_us / 1_000_000, UTC)


def _value(reading: Reading, number: int) -> bool:
    pairs = zip(reading.codes, reading.values, strict=True)
    return any(code == number and value > 0 for code, value in pairs)


def _line(told: list[tuple[datetime, bool]], *, since: datetime, at: datetime) -> Bedside:
    """Draw one night; silent longer than a mattress may be, it is not known."""
    silent = timedelta(seconds=get_type("sleep-mattress").silent_after_s)
    spans: list[charts.Span] = []
    ends = [*(when for when, _in in told[1:]), *([at] if told else [])]
    was_in = False
    for (when, is_in), end in zip(told, ends, strict=True):
        known = min(end, when + silent)
        if is_in:
            was_in = True
        if is_in or was_in:
            spans.append(charts.Span(when, known, "soft" if is_in else "in"))
        if known < end:
            spans.append(charts.Span(known, end, "unknown"))
    if not told:
        spans.append(charts.Span(since, at, "unknown"))
    zone = timezone.get_default_timezone()
    picture = charts.night(spans, since, since + NIGHT, zone)
    return Bedside(picture, _say(told, at, silent))


def _say(told: list[tuple[datetime, bool]], at: datetime, silent: timedelta) -> str:
    if not told or at - told[-1][0] > silent:
        return _("not known whether in bed")
    last = told[-1][1]
    if last:
        return _("in bed")
    since = told[-1][0]
    for when, is_in in reversed(told):
        if is_in:
            break
        since = when
    minutes = int((at - since).total_seconds() // 60)
    if minutes >= UP_MIN:
        return _("out of bed since %(time)s") % {"time": formats.clock(since)}
    return ngettext("out of bed for %(n)d minute", "out of bed for %(n)d minutes", minutes) % {
        "n": minutes
    }
