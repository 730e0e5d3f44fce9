"""Reading consents, guardians and emergencies. Whoever calls has asked who may."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q

from songhe.base import vault
from songhe.base.access.actor import Actor
from songhe.base.accounts import phones
from songhe.base.accounts.models import User
from songhe.base.consent.acting import acts_for as acts_for
from songhe.base.consent.emergencies import NOTE, REASON, REVIEW
from songhe.base.consent.guardians import NUMBER
from songhe.base.consent.models import Consent, Emergency, Guardianship
from songhe.base.consent.recipients import Recipient, from_key
from songhe.base.consent.services import WITNESS


@dataclass(frozen=True, slots=True)
class Word:
    """What a person said to one recipient for one purpose. until is None for a refusal."""

    purpose: str
    recipient: Recipient
    user_name: str
    classes: tuple[str, ...]
    decision: str
    channel: str
    giver: str
    guardian_name: str
    witness: str
    text_version: str
    paper_id: UUID | None
    recorded_by: str
    since: datetime
    until: datetime | None
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class GuardianLine:
    id: UUID
    person_id: UUID
    name: str
    user_id: UUID
    paper_kind: str
    paper_number: str
    paper_from: date
    paper_until: date | None
    paper_id: UUID | None
    is_acting: bool
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class EmergencyLine:
    id: UUID
    person_id: UUID
    region_code: str
    user_id: UUID
    user_name: str
    kind: str
    reason: str
    since: datetime
    until: datetime
    is_open: bool
    review_by: datetime
    is_late: bool
    verdict: str
    reviewed_at: datetime | None
    reviewed_by: str
    note: str


def words_now(person_id: UUID, *, at: datetime) -> list[Word]:
    """Return what holds now of what a person said, by recipient and purpose; 1 query."""
    rows = Consent.objects.filter(person_id=person_id, period__contains=at)
    return _words(rows.select_related("recipient_user", "recorded_by", "guardianship__guardian"))


def words_before(person_id: UUID, *, at: datetime, limit: int = 100) -> list[Word]:
    """Return what has ended, the latest first; 1 query."""
    rows = Consent.objects.filter(
        Q(period__endswith__lte=at) | Q(period__isempty=True), person_id=person_id
    ).select_related("recipient_user", "recorded_by", "guardianship__guardian")
    words = _words(rows.order_by("-id")[:limit])
    return sorted(words, key=lambda word: word.until or at, reverse=True)


def _words(rows: Iterable[Consent]) -> list[Word]:
    """Return rows as words: what was said at one moment to one recipient is one word."""
    said: dict[tuple[object, ...], list[Consent]] = {}
    for row in sorted(rows, key=lambda one: one.pk):
        key = (row.purpose, row.recipient_key, row.decision, row.period, row.channel)
        said.setdefault(key, []).append(row)
    return [_word(group) for group in said.values()]


def _word(group: list[Consent]) -> Word:
    row = group[0]
    return Word(
        purpose=row.purpose,
        recipient=from_key(row.recipient_key),
        user_name=row.recipient_user.display_name if row.recipient_user else "",
        classes=tuple(one.data_class for one in group),
        decision=row.decision,
        channel=row.channel,
        giver=row.giver,
        guardian_name=row.guardianship.guardian.display_name if row.guardianship else "",
        witness=vault.unseal(row.witness_sealed, field=WITNESS, pk=row.pk)
        if row.witness_sealed
        else "",
        text_version=row.text_version,
        paper_id=row.paper_id,
        recorded_by=row.recorded_by.display_name if row.recorded_by else "",
        since=row.period.lower,
        until=row.period.upper,
        withdrawn_at=row.withdrawn_at,
    )


def purpose_of_sources(sources: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return by source of a grant (purpose, version) of the consent it rests on; 1 query."""
    prefix = "consent.Consent/"
    wanted = [UUID(one.removeprefix(prefix)) for one in sources if one.startswith(prefix)]
    rows = Consent.objects.filter(pk__in=wanted).values_list("pk", "purpose", "text_version")
    return {f"{prefix}{pk}": (purpose, version) for pk, purpose, version in rows}


def guardians_of(person_id: UUID, *, at: datetime) -> list[GuardianLine]:
    """Return who acts or acted for a person, the latest first; 1 query."""
    rows = Guardianship.objects.filter(person_id=person_id).select_related("guardian")
    return [_guardian(row, at) for row in rows.order_by("-id")]


def _guardian(row: Guardianship, at: datetime) -> GuardianLine:
    lower, upper = row.period.lower, row.period.upper
    acting = lower is not None and lower <= at and (upper is None or at < upper)
    return GuardianLine(
        id=row.pk,
        person_id=row.person_id,
        name=row.guardian.display_name,
        user_id=row.guardian_id,
        paper_kind=row.paper_kind,
        paper_number=vault.unseal(row.paper_number_sealed, field=NUMBER, pk=row.pk)
        if row.paper_number_sealed
        else "",
        paper_from=row.paper_from,
        paper_until=row.paper_until,
        paper_id=row.paper_id,
        is_acting=acting,
        ended_at=None if acting else upper,
    )


def emergencies_for(actor: Actor, *, at: datetime, limit: int = 200) -> list[EmergencyLine]:
    """Return the emergencies that the actor reviews, those that wait first, then the latest."""
    condition = Q(pk__in=[])
    for prefix in actor.prefixes(REVIEW):
        condition |= Q(region_code__startswith=prefix) if prefix else ~Q(pk__in=[])
    rows = Emergency.objects.filter(condition).select_related("user", "reviewed_by")
    lines = [_emergency(row, at) for row in rows.order_by("-id")[:limit]]
    return sorted(lines, key=lambda line: bool(line.verdict))


def emergency_for(actor: Actor, emergency_id: UUID, *, at: datetime) -> EmergencyLine | None:
    """Return one emergency that the actor reviews; None beyond the reach."""
    rows = Emergency.objects.filter(pk=emergency_id).select_related("user", "reviewed_by")
    row = rows.first()
    if row is None or not actor.covers(REVIEW, row.region_code):
        return None
    return _emergency(row, at)


def emergencies_of(person_id: UUID, *, at: datetime) -> list[EmergencyLine]:
    """Return every emergency of a person, the latest first; 1 query."""
    rows = Emergency.objects.filter(person_id=person_id).select_related("user", "reviewed_by")
    return [_emergency(row, at) for row in rows.order_by("-id")]


def own_emergencies(actor: Actor, *, at: datetime, limit: int = 20) -> list[EmergencyLine]:
    """Return the actor's own emergencies, the latest first; 1 query."""
    rows = Emergency.objects.filter(user=actor.user_id).select_related("user", "reviewed_by")
    return [_emergency(row, at) for row in rows.order_by("-id")[:limit]]


def open_emergency(actor: Actor, person_id: UUID, *, at: datetime) -> EmergencyLine | None:
    """Return the actor's open emergency of a person; None where there is none."""
    rows = Emergency.objects.filter(
        user=actor.user_id, person_id=person_id, period__contains=at
    ).select_related("user", "reviewed_by")
    row = rows.first()
    return None if row is None else _emergency(row, at)


def _emergency(row: Emergency, at: datetime) -> EmergencyLine:
    return EmergencyLine(
        id=row.pk,
        person_id=row.person_id,
        region_code=row.region_code,
        user_id=row.user_id,
        user_name=row.user.display_name,
        kind=row.kind,
        reason=vault.unseal(row.reason_sealed, field=REASON, pk=row.pk),
        since=row.period.lower,
        until=row.period.upper,
        is_open=row.period.lower <= at < row.period.upper,
        review_by=row.review_by,
        is_late=not row.verdict and row.review_by <= at,
        verdict=row.verdict,
        reviewed_at=row.reviewed_at,
        reviewed_by=row.reviewed_by.display_name if row.reviewed_by else "",
        note=vault.unseal(row.note_sealed, field=NOTE, pk=row.pk) if row.note_sealed else "",
    )


def account_named(login: str) -> User | None:
    """Return the open account of exactly this sign-in name or phone; None where there is none."""
    digits = re.sub(r"[\s\-]", "", login)
    if digits.isdigit() and (known := phones.user_with(digits)) is not None:
        return known
    return User.objects.filter(login__iexact=login.strip(), is_active=True).first()
