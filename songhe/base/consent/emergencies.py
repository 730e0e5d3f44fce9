"""Broken glass: a person is opened for some hours, with a reason, and somebody looks at it after.

Whoever breaks it has found the person by an exact number, never by browsing. Searches and
openings are limited a user; figures are data (`data/emergencies.yaml`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

import yaml
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q

from songhe.base import vault
from songhe.base.access import giving
from songhe.base.access import services as access
from songhe.base.access.actor import Actor
from songhe.base.accounts.models import User
from songhe.base.audit import services as audit
from songhe.base.consent import events
from songhe.base.consent.locks import lock, renew_streams
from songhe.base.consent.models import Emergency, Lookup
from songhe.base.consent.terms import EMERGENCY, PERSON, EmergencyKind, Verdict
from songhe.base.events import bus
from songhe.kernel.errors import Conflict, Denied, Invalid, NotFound
from songhe.kernel.ids import uuid7

BREAK = "security.break_glass"
REVIEW = "security.review_emergencies"
_TICK = timedelta(microseconds=1)
REASON, NOTE = "consent.Emergency.reason", "consent.Emergency.note"


class TooManyLookups(Conflict):
    code = "consent.too_many_lookups"
    message = "Too many searches: at most %(count)s in %(hours)s hour. Call the service centre."


class TooManyOpenings(Conflict):
    code = "consent.too_many_openings"
    message = "Too many emergencies: at most %(count)s in %(hours)s hours. Call the officer."


class NotLookedUp(Denied):
    code = "consent.not_looked_up"
    message = "Find the person by ID number or telephone first."


class ReasonTooShort(Invalid):
    code = "consent.reason_too_short"
    message = "Say in at least %(letters)s characters what has happened."


class OpenAlready(Conflict):
    code = "consent.open_already"
    message = "This person is open to you already."


class NoSuchEmergency(NotFound):
    code = "consent.no_such_emergency"
    message = "There is no such emergency, or it is not open to you."


class ReviewedAlready(Conflict):
    code = "consent.reviewed_already"
    message = "This emergency has been reviewed already."


class OwnEmergency(Denied):
    code = "consent.own_emergency"
    message = "Nobody reviews the own emergency."


class NoteMissing(Invalid):
    code = "consent.note_missing"
    message = "Say in a sentence why."


@dataclass(frozen=True, slots=True)
class Limit:
    count: int
    hours: int


@dataclass(frozen=True, slots=True)
class Rules:
    """How long a glass stays open, what it opens, and how often it may be broken."""

    opens: timedelta
    classes: frozenset[str]
    review: timedelta
    remind_every: timedelta
    least_reason_letters: int
    lookups: Limit
    openings: Limit


@cache
def rules() -> Rules:
    """Return the figures that ship."""
    raw: dict[str, Any] = yaml.safe_load(
        (files("songhe.base.consent") / "data/emergencies.yaml").read_text("utf-8")
    )
    return Rules(
        opens=timedelta(hours=raw["opens_hours"]),
        classes=frozenset(raw["classes"]),
        review=timedelta(hours=raw["review_hours"]),
        remind_every=timedelta(hours=raw["remind_every_hours"]),
        least_reason_letters=raw["least_reason_letters"],
        lookups=Limit(**raw["lookups"]),
        openings=Limit(**raw["openings"]),
    )


@transaction.atomic
def begin_lookup(*, actor: Actor, at: datetime) -> UUID:
    """Count a search by an exact number before it is made. Raises Denied, TooManyLookups."""
    user_id = _user(actor)
    lock("lookup", user_id)
    limit = rules().lookups
    since = at - timedelta(hours=limit.hours)
    if Lookup.objects.filter(user=user_id, at__gt=since).count() >= limit.count:
        raise TooManyLookups(count=limit.count, hours=limit.hours)
    row = Lookup.objects.create(user_id=user_id, at=at)
    audit.record_change(
        actor=actor, action="consent.look_up", ref=f"consent.Lookup/{row.pk}", at=at
    )
    return row.pk


@transaction.atomic
def found(*, actor: Actor, lookup_id: UUID, person_id: UUID, at: datetime) -> None:
    """Keep whom a search found; the look at her name is audited as a read."""
    Lookup.objects.filter(pk=lookup_id, user=_user(actor)).update(person_id=person_id)
    audit.record_reads(actor=actor, action="consent.look_up", refs=[f"{PERSON}/{person_id}"], at=at)


def was_found(*, actor: Actor, person_id: UUID, at: datetime) -> bool:
    """Tell whether the actor found this person by an exact number within the last hours."""
    since = at - timedelta(hours=rules().lookups.hours)
    return Lookup.objects.filter(user=actor.user_id, person_id=person_id, at__gt=since).exists()


@transaction.atomic
def break_glass(
    *, actor: Actor, person_id: UUID, region_code: str, kind: str, reason: str, at: datetime
) -> Emergency:
    """Open a person to the actor for some hours. The officer hears of it by the event.

    region_code: where the person lives, for who reviews. Raises Denied, NotLookedUp,
    ReasonTooShort, TooManyOpenings, OpenAlready.
    """
    user_id = _user(actor)
    lock("emergency", user_id)
    limits, said = rules(), reason.strip()
    if not was_found(actor=actor, person_id=person_id, at=at):
        raise NotLookedUp
    if kind not in EmergencyKind.values:
        raise ReasonTooShort(field="kind", letters=limits.least_reason_letters)
    if len(said) < limits.least_reason_letters:
        raise ReasonTooShort(field="reason", letters=limits.least_reason_letters)
    mine = Emergency.objects.filter(user=user_id)
    if mine.filter(person_id=person_id, period__contains=at).exists():
        raise OpenAlready
    since = at - timedelta(hours=limits.openings.hours)
    if mine.filter(period__startswith__gt=since).count() >= limits.openings.count:
        raise TooManyOpenings(count=limits.openings.count, hours=limits.openings.hours)
    pk, until = uuid7(), at + limits.opens
    row = Emergency.objects.create(
        id=pk,
        person_id=person_id,
        region_code=region_code,
        user_id=user_id,
        kind=kind,
        reason_sealed=vault.seal(said, field=REASON, pk=pk),
        period=DateTimeTZRange(at, until),
        review_by=at + limits.review,
    )
    access.grant(
        actor=actor,
        user=User.objects.get(pk=user_id),
        subject_type=PERSON,
        subject_id=person_id,
        purpose=EMERGENCY,
        field_classes=limits.classes,
        source=row.source,
        at=at,
        until=until,
    )
    audit.record_change(
        actor=actor,
        action="consent.break_glass",
        ref=f"{PERSON}/{person_id}",
        at=at,
        detail={"emergency": str(pk), "kind": kind},
    )
    bus.publish(
        events.EmergencyOpened(emergency_id=pk, person_id=person_id, region_code=region_code)
    )
    return row


@transaction.atomic
def end_emergency(*, actor: Actor, emergency_id: UUID, at: datetime) -> Emergency:
    """Close an own emergency before its time. Raises NoSuchEmergency."""
    rows = Emergency.objects.select_for_update(of=("self",))
    row = rows.filter(pk=emergency_id, user=actor.user_id, period__contains=at).first()
    if row is None:
        raise NoSuchEmergency
    _shut(actor, row, at)
    audit.record_change(
        actor=actor, action="consent.end_emergency", ref=f"{PERSON}/{row.person_id}", at=at
    )
    return row


@transaction.atomic
def review(*, actor: Actor, emergency_id: UUID, verdict: str, note: str, at: datetime) -> Emergency:
    """Judge an emergency, once; one that was not justified ends at once.

    Raises NoSuchEmergency (also beyond the reach), OwnEmergency, ReviewedAlready, NoteMissing.
    """
    row = Emergency.objects.select_for_update(of=("self",)).filter(pk=emergency_id).first()
    if row is None or not actor.covers(REVIEW, row.region_code):
        raise NoSuchEmergency
    if row.user_id == actor.user_id:
        raise OwnEmergency
    if row.verdict:
        raise ReviewedAlready
    if verdict not in Verdict.values or not note.strip():
        raise NoteMissing(field="note" if verdict in Verdict.values else "verdict")
    row.verdict, row.reviewed_at, row.reviewed_by_id = verdict, at, actor.user_id
    row.note_sealed = vault.seal(note.strip(), field=NOTE, pk=row.pk)
    row.save(update_fields=["verdict", "reviewed_at", "reviewed_by", "note_sealed"])
    if verdict == Verdict.UNJUSTIFIED and row.period.upper > at:
        _shut(actor, row, at)
    audit.record_change(
        actor=actor,
        action="consent.review_emergency",
        ref=f"{PERSON}/{row.person_id}",
        at=at,
        detail={"emergency": str(row.pk), "verdict": verdict},
    )
    bus.publish(
        events.EmergencyReviewed(emergency_id=row.pk, person_id=row.person_id, verdict=verdict)
    )
    return row


@transaction.atomic
def remind(*, at: datetime) -> int:
    """Tell of every emergency that waits too long for its review; return how many.

    Once a day each, whoever else runs this at the same time.
    """
    rows = Emergency.objects.select_for_update(of=("self",), skip_locked=True).filter(
        Q(reminded_at=None) | Q(reminded_at__lte=at - rules().remind_every),
        verdict="",
        review_by__lte=at,
    )
    told = 0
    for row in rows:
        row.reminded_at = at
        row.save(update_fields=["reminded_at"])
        bus.publish(events.EmergencyNotReviewed(emergency_id=row.pk, region_code=row.region_code))
        told += 1
    return told


def _shut(actor: Actor, row: Emergency, at: datetime) -> None:
    row.period = DateTimeTZRange(row.period.lower, max(at, row.period.lower + _TICK))
    row.save(update_fields=["period"])
    giving.end_grants_of(actor=actor, sources=[row.source], at=at)
    renew_streams([row.user_id])


def _user(actor: Actor) -> UUID:
    if actor.user_id is None or not actor.may(BREAK):
        raise Denied(action=BREAK)
    return actor.user_id
