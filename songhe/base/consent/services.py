"""Giving, refusing, narrowing and withdrawing: the word is kept, and the grants follow it at once.

One writer a person at a time (`locks`); a moment never lies before the last word about the same
thing, so that a withdrawal cannot be overtaken by a grant that it did not see.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q, QuerySet

from songhe.base import vault
from songhe.base.access import giving
from songhe.base.access import services as access
from songhe.base.access.actor import Actor
from songhe.base.accounts.models import User
from songhe.base.audit import services as audit
from songhe.base.consent import events, recipients, texts
from songhe.base.consent.acting import Told, giver_of
from songhe.base.consent.locks import lock, renew_streams
from songhe.base.consent.models import Consent
from songhe.base.consent.recipients import Holder, Recipient
from songhe.base.consent.terms import PERSON, Channel, Decision, RecipientKind
from songhe.base.events import bus
from songhe.kernel.errors import Conflict, Invalid
from songhe.kernel.ids import uuid7

IDENTITY = "identity"
WITNESS = "consent.Consent.witness"
_TICK = timedelta(microseconds=1)


class NotOfPurpose(Invalid):
    code = "consent.not_of_purpose"
    message = "Choose what may be seen, out of what this purpose needs."


class TooLong(Invalid):
    code = "consent.too_long"
    message = "Choose a day within the next %(days)s days."


class NothingGiven(Conflict):
    code = "consent.nothing_given"
    message = "Nothing is open to this recipient any more."


@transaction.atomic
def give(
    *,
    actor: Actor,
    person_id: UUID,
    purpose: str,
    classes: Iterable[str],
    recipient: Recipient,
    text_version: str,
    at: datetime,
    told: Told | None = None,
    until: datetime | None = None,
) -> list[Consent]:
    """Open classes of a person's data to a recipient; one record a class, and its grants.

    The name goes with everything. until: when it ends by itself, at most what the text allows.
    Raises NotHers, PapersEnded, Denied, NoPaper, NoWitness, UnknownPurpose, NotOfPurpose,
    NoSuchRecipient, TextChanged, TooLong.
    """
    told = told or Told()
    lock("consent", person_id)
    shown = _text(text_version, told, at)
    asked = texts.purpose_for_consent(shown, purpose)
    wanted = {*classes}
    if not wanted or not wanted <= set(asked.classes):
        raise NotOfPurpose(field="classes")
    longest = at + timedelta(days=asked.longest_days)
    until = until or longest
    if not at < until <= longest:
        raise TooLong(field="until", days=asked.longest_days)
    holders = recipients.holders_of(recipient, asked, person_id=person_id, at=at)
    rows = _speak(
        actor=actor,
        person_id=person_id,
        purpose=purpose,
        classes=[one for one in asked.classes if one in wanted | {IDENTITY}],
        recipient=recipient,
        decision=Decision.GIVEN,
        shown=shown,
        told=told,
        until=until,
        at=at,
    )
    for row in rows:
        for holder in holders:
            open_word(actor, row, holder)
    renew_streams([holder.user_id for holder in holders])
    bus.publish(
        events.ConsentGiven(
            person_id=person_id,
            purpose=purpose,
            recipient_key=recipient.key,
            data_classes=[row.data_class for row in rows],
        )
    )
    return rows


@transaction.atomic
def refuse(
    *,
    actor: Actor,
    person_id: UUID,
    purpose: str,
    recipient: Recipient,
    text_version: str,
    at: datetime,
    told: Told | None = None,
) -> list[Consent]:
    """Keep that a person refused a recipient everything of a purpose; what was open ends.

    No service asks for this row: a refusal closes nothing but what it names. Raises as `give`.
    """
    told = told or Told()
    lock("consent", person_id)
    shown = _text(text_version, told, at)
    asked = texts.purpose_for_consent(shown, purpose)
    holders = recipients.holders_of(recipient, asked, person_id=person_id, at=at)
    rows = _speak(
        actor=actor,
        person_id=person_id,
        purpose=purpose,
        classes=list(asked.classes),
        recipient=recipient,
        decision=Decision.REFUSED,
        shown=shown,
        told=told,
        until=None,
        at=at,
    )
    renew_streams([holder.user_id for holder in holders])
    return rows


@transaction.atomic
def withdraw(
    *,
    actor: Actor,
    person_id: UUID,
    purpose: str,
    recipient: Recipient,
    at: datetime,
    told: Told | None = None,
    classes: Iterable[str] | None = None,
) -> list[str]:
    """End what a recipient may see, at once: some classes (narrowing) or all; return which.

    Without the name nothing else is open. Raises NotHers, PapersEnded, Denied, NoPaper,
    NoWitness, NothingGiven.
    """
    told = told or Told()
    lock("consent", person_id)
    giver_of(actor, person_id=person_id, told=told, at=at)
    rows = _given(person_id=person_id, at=at, purpose=purpose, recipient_key=recipient.key)
    named = None if classes is None else {*classes}
    if named is not None and IDENTITY not in named:
        rows = rows.filter(data_class__in=named)
    return end_words(actor, list(rows), channel=told.channel, at=at)


def _text(version: str, told: Told, at: datetime) -> texts.Texts:
    """Return the text that was read: on a screen the one in force, on paper any that was."""
    shown = texts.all_texts().get(version)
    if shown is None or (told.channel == Channel.APP and shown != texts.texts_at(at)):
        raise texts.TextChanged(field="text_version")
    return shown


def _given(*, person_id: UUID, at: datetime, purpose: str, recipient_key: str) -> QuerySet[Consent]:
    """Return the open words of a person to one recipient, locked, those of a later tick too."""
    return Consent.objects.select_for_update(of=("self",)).filter(
        person_id=person_id,
        purpose=purpose,
        recipient_key=recipient_key,
        decision=Decision.GIVEN,
        withdrawn_at=None,
        period__endswith__gt=at,
    )


def _speak(
    *,
    actor: Actor,
    person_id: UUID,
    purpose: str,
    classes: list[str],
    recipient: Recipient,
    decision: Decision,
    shown: texts.Texts,
    told: Told,
    until: datetime | None,
    at: datetime,
) -> list[Consent]:
    """Close the earlier words about the same things and write the new ones."""
    giver, guardianship = giver_of(actor, person_id=person_id, told=told, at=at)
    earlier = Consent.objects.select_for_update(of=("self",)).filter(
        Q(period__endswith=None) | Q(period__endswith__gt=at),
        person_id=person_id,
        purpose=purpose,
        recipient_key=recipient.key,
        data_class__in=classes,
    )
    since = _close(actor, list(earlier), at=at)
    rows = []
    for data_class in classes:
        pk = uuid7()
        witness = told.witness.strip()
        rows.append(
            Consent.objects.create(
                id=pk,
                person_id=person_id,
                purpose=purpose,
                data_class=data_class,
                recipient_key=recipient.key,
                recipient_user_id=recipient.user_id,
                recipient_organization_id=recipient.organization_id,
                recipient_role=recipient.role if recipient.kind == RecipientKind.ROLE else "",
                decision=decision,
                text_version=shown.version,
                text_digest=shown.digest(purpose, data_class),
                channel=told.channel,
                giver=giver,
                guardianship=guardianship,
                witness_sealed=vault.seal(witness, field=WITNESS, pk=pk) if witness else None,
                paper_id=told.paper_id,
                recorded_by_id=actor.user_id,
                period=DateTimeTZRange(since, until),
            )
        )
    audit.record_change(
        actor=actor,
        action=f"consent.{'give' if decision == Decision.GIVEN else 'refuse'}",
        ref=f"{PERSON}/{person_id}",
        at=at,
        detail={
            "purpose": purpose,
            "classes": classes,
            "recipient": recipient.key,
            "channel": str(told.channel),
            "giver": str(giver),
            "text": shown.version,
        },
    )
    return rows


def _close(actor: Actor, rows: list[Consent], *, at: datetime) -> datetime:
    """End words and their grants; return the moment, after the beginning of each of them.

    A word that a later one has replaced ended before that moment, and stays as it ended.
    """
    moment: datetime = max([at, *(row.period.lower + _TICK for row in rows)])
    for row in rows:
        if row.period.upper is not None and row.period.upper <= moment:
            continue
        row.period = DateTimeTZRange(row.period.lower, moment)
        row.save(update_fields=["period"])
    giving.end_grants_of(actor=actor, sources=[row.source for row in rows], at=moment)
    return moment


def end_words(actor: Actor, rows: list[Consent], *, channel: str, at: datetime) -> list[str]:
    """End locked words and what rests on them; return their classes. For `following` as well."""
    if not rows:
        if channel:
            raise NothingGiven
        return []
    moment = _close(actor, rows, at=at)
    rows = [row for row in rows if row.period.upper == moment]
    users = set(_users_of(rows))
    for row in rows:
        row.withdrawn_at = moment
        row.withdrawn_by_id = actor.user_id
        row.withdrawn_channel = channel
        row.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_channel"])
    by_recipient: dict[tuple[UUID, str, str], list[str]] = {}
    for row in rows:
        key = (row.person_id, row.purpose, row.recipient_key)
        by_recipient.setdefault(key, []).append(row.data_class)
    for person_id, purpose, _key in by_recipient:
        _end_merged(actor, person_id, purpose, users, at=moment)
    for (person_id, purpose, recipient_key), ended in by_recipient.items():
        audit.record_change(
            actor=actor,
            action="consent.withdraw",
            ref=f"{PERSON}/{person_id}",
            at=at,
            detail={"purpose": purpose, "classes": ended, "recipient": recipient_key},
        )
        bus.publish(
            events.ConsentWithdrawn(
                person_id=person_id,
                purpose=purpose,
                recipient_key=recipient_key,
                data_classes=ended,
            )
        )
    renew_streams(users)
    return [row.data_class for row in rows]


def _end_merged(
    actor: Actor, person_id: UUID, purpose: str, users: set[UUID], *, at: datetime
) -> None:
    """End grants that came with a merge while their words stayed with the other entry."""
    sources = {
        line.source
        for line in giving.grants_on(PERSON, person_id, at=at)
        if line.user_id in users
        and line.purpose == purpose
        and line.source.startswith("consent.Consent/")
    }
    own = Consent.objects.filter(
        pk__in=[UUID(one.rpartition("/")[2]) for one in sources], person_id=person_id
    )
    foreign = sources - {row.source for row in own}
    if foreign:
        giving.end_grants_of(actor=actor, sources=foreign, at=at)


def _users_of(rows: list[Consent]) -> list[UUID]:
    users = [row.recipient_user_id for row in rows if row.recipient_user_id is not None]
    for organization_id, role in {
        (row.recipient_organization_id, row.recipient_role)
        for row in rows
        if row.recipient_organization_id is not None
    }:
        lines = giving.roles_in(at=rows[0].period.lower, organization_id=organization_id)
        users += [line.user_id for line in lines if line.role == role]
    return users


def open_word(actor: Actor, row: Consent, holder: Holder, *, since: datetime | None = None) -> None:
    """Write the grant of one word to one account; until the word or the role ends."""
    begins = max(since or row.period.lower, row.period.lower)
    ends = row.period.upper
    if holder.until is not None:
        ends = holder.until if ends is None else min(ends, holder.until)
    access.grant(
        actor=actor,
        user=User.objects.get(pk=holder.user_id),
        subject_type=PERSON,
        subject_id=row.person_id,
        purpose=row.purpose,
        field_classes=[row.data_class],
        source=row.source,
        at=begins,
        until=ends,
    )
