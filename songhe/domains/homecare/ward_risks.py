"""What to mind at a bed tonight: each reason with its source, why, and where it can be looked into.

Reasons come from what others found (alarms, nights, absences, devices) and from what the shift
wrote (notes, rounds). Nothing here judges anew; figures stand in data/homecare.yaml.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from songhe.base import vault
from songhe.base.access.actor import Actor
from songhe.domains.devices import selectors as devices
from songhe.domains.devices.selectors import DeviceLine
from songhe.domains.homecare.models import Fitting, RiskNote, Round
from songhe.domains.homecare.params import params
from songhe.domains.homecare.selectors import HomeBed
from songhe.domains.homecare.terms import Found
from songhe.domains.monitoring import selectors as monitoring
from songhe.domains.monitoring.selectors import AlarmLine
from songhe.domains.monitoring.terms import AbsenceKind, OutcomeWord, StateWord
from songhe.domains.people.selectors import PersonView
from songhe.kit import formats

# The order in which reasons are told; of one bed the first decides where it stands.
_ORDER = ("high", "medium", "low", "round", "note", "real", "away", "night", "unknown", "device")


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing to mind. kind: of _ORDER; source: who says so, in words; url: where to look."""

    kind: str
    source: str
    words: str
    url: str
    by: str = ""

    @property
    def rank(self) -> int:
        """Return where it stands among reasons, 0 first."""
        return _ORDER.index(self.kind)


Reasons = dict[UUID, list[Reason]]


def reasons(
    actor: Actor,
    beds: Sequence[HomeBed],
    persons: Mapping[UUID, PersonView],
    *,
    alarms: Mapping[UUID, list[AlarmLine]],
    silent: Mapping[UUID, list[DeviceLine]],
    looked: Mapping[UUID, Round],
    at: datetime,
) -> Reasons:
    """Return what to mind by bed, the gravest first; at most 6 queries, however many beds."""
    found: Reasons = {}
    for part in (
        _of_alarms(alarms),
        _of_rounds(looked, beds, persons),
        _of_notes(beds, persons, at),
        _of_real_alarms(actor, beds, at),
        _of_absences(actor, beds, persons, at),
        _of_nights(actor, beds, persons, at),
        _of_devices(silent, at),
    ):
        for pk, one in part:
            found.setdefault(pk, []).append(one)
    for told in found.values():
        told.sort(key=lambda one: one.rank)
    return found


Told = Iterable[tuple[UUID, Reason]]


def _of_alarms(alarms: Mapping[UUID, list[AlarmLine]]) -> Told:
    for pk, lines in alarms.items():
        for line in lines:
            alarm = line.alarm
            who = alarm.acknowledged_by.display_name if alarm.acknowledged_by else ""
            stands = (
                _("%(who)s has it") % {"who": who} if who else str(StateWord(alarm.state).label)
            )
            words = _("%(what)s, since %(time)s, %(stands)s") % {
                "what": line.title,
                "time": formats.moment(alarm.raised_at),
                "stands": stands,
            }
            url = reverse("desk:alarm", args=[alarm.pk])
            yield pk, Reason(alarm.priority, pgettext("source", "Alarm"), words, url)


def _of_rounds(
    looked: Mapping[UUID, Round], beds: Sequence[HomeBed], persons: Mapping[UUID, PersonView]
) -> Told:
    for bed in beds:
        row = looked.get(bed.pk)
        if row is None or row.found == Found.WELL:
            continue
        person = persons.get(bed.person_id)
        words = str(Found(row.found).label)
        if row.words_sealed is not None and person is not None and "notes" in person.fields:
            said = vault.unseal(bytes(row.words_sealed), field=Round.WORDS, pk=row.pk)
            words = _("%(what)s: %(said)s") % {"what": words, "said": said}
        by = f"{row.by_name} {formats.clock(row.at)}".strip()
        url = reverse("homecare:look", args=[bed.pk])
        yield bed.pk, Reason("round", pgettext("the ward", "Round"), words, url, by)


def _of_notes(beds: Sequence[HomeBed], persons: Mapping[UUID, PersonView], at: datetime) -> Told:
    of = {
        bed.pk: person
        for bed in beds
        if (person := persons.get(bed.person_id)) is not None and "notes" in person.fields
    }
    rows = RiskNote.objects.filter(bed__in=of, until_at__gt=at, made_at__lte=at)
    for row in rows.order_by("-made_at"):
        words = vault.unseal(bytes(row.words_sealed), field=RiskNote.WORDS, pk=row.pk)
        until = _("until %(time)s") % {"time": formats.moment(row.until_at)}
        by = f"{row.by_name} {until}".strip()
        url = reverse("homecare:look", args=[row.bed_id])
        yield row.bed_id, Reason("note", pgettext("source", "Note"), words, url, by)


def _of_real_alarms(actor: Actor, beds: Sequence[HomeBed], at: datetime) -> Told:
    by_person = {bed.person_id: bed.pk for bed in beds}
    search = monitoring.Search(
        since=at - timedelta(hours=params()["minded"]["real_alarm_h"]), outcome=OutcomeWord.TRUE
    )
    rows = monitoring.history(actor, search).filter(
        Q(person__in=by_person), priority__in=("high", "medium")
    )
    for row in rows[:200]:
        if row.person_id is None:
            continue
        words = _("%(what)s, %(time)s, was real") % {
            "what": monitoring.rule_name(row.rule),
            "time": formats.moment(row.raised_at),
        }
        url = reverse("desk:alarm", args=[row.pk])
        yield (
            by_person[row.person_id],
            Reason("real", pgettext("source", "Last days"), words, url),
        )


def _of_absences(
    actor: Actor, beds: Sequence[HomeBed], persons: Mapping[UUID, PersonView], at: datetime
) -> Told:
    by_person = {bed.person_id: bed.pk for bed in beds}
    limits = params()["minded"]
    rows = monitoring.absences_near(
        actor,
        [persons[pk] for pk in by_person if pk in persons],
        at=at,
        before=timedelta(hours=limits["home_again_h"]),
        ahead=timedelta(hours=limits["comes_home_h"]),
    )
    for row in rows:
        given = {
            "where": AbsenceKind(row.kind).label,
            "time": formats.moment(row.period.upper),
        }
        words = (
            _("%(where)s until %(time)s, then home again") % given
            if row.period.upper > at
            else _("home again since %(time)s (was: %(where)s)") % given
        )
        url = reverse("monitoring:absences", args=[row.person_id])
        yield by_person[row.person_id], Reason("away", pgettext("source", "Absence"), words, url)


def _of_nights(
    actor: Actor, beds: Sequence[HomeBed], persons: Mapping[UUID, PersonView], at: datetime
) -> Told:
    by_person = {bed.person_id: bed.pk for bed in beds}
    limits = params()["minded"]
    nights = monitoring.night_exits(
        actor,
        [persons[pk] for pk in by_person if pk in persons],
        on=timezone.localdate(at),
        least=limits["exits"],
    )
    for pk, night in nights.items():
        if night.usual_most is None and night.exits < limits["exits_unknown"]:
            continue
        if night.usual_most is not None and not night.is_more_than_usual:
            continue
        words = ngettext("up %(n)d time last night", "up %(n)d times last night", night.exits) % {
            "n": night.exits
        }
        if night.usual_most is not None:
            words = _("%(what)s; usual are %(n)d at most") % {
                "what": words,
                "n": int(night.usual_most),
            }
        url = reverse("monitoring:life", args=[pk])
        yield by_person[pk], Reason("night", pgettext("source", "Last night"), words, url)


def _of_devices(silent: Mapping[UUID, list[DeviceLine]], at: datetime) -> Told:
    for pk, lines in silent.items():
        for line in lines:
            url = reverse("homecare:fit", args=[pk])
            yield pk, Reason("device", pgettext("source", "Device"), silence(line), url)


def silence(line: DeviceLine) -> str:
    """Return since when a device is silent, in words."""
    if line.seen is None or line.seen.received_at is None:
        return _("%(device)s has not spoken yet") % {"device": line.type.name}
    return _("%(device)s is silent since %(time)s") % {
        "device": line.type.name,
        "time": formats.moment(line.seen.received_at),
    }


def silent_equipment(beds: Sequence[HomeBed], at: datetime) -> dict[UUID, list[DeviceLine]]:
    """Return which equipment of a bed has been silent for too long; 3 queries."""
    rows = Fitting.objects.filter(need__bed__in=beds, period__contains=at)
    of: dict[UUID, set[UUID]] = {}
    known = {}
    for row in rows.select_related("device", "need"):
        of.setdefault(row.device_id, set()).add(row.need.bed_id)
        known[row.device_id] = row.device
    found: dict[UUID, list[DeviceLine]] = {}
    for line in devices.lines(known.values(), at=at):
        for bed in of[line.device.pk] if line.silent else ():
            found.setdefault(bed, []).append(line)
    return found
