"""What staff who record consents read: words now and before with how they came, and guardians."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from songhe.base.access.actor import Actor
from songhe.base.consent import selectors, texts
from songhe.base.consent.acting import RECORD
from songhe.base.consent.selectors import GuardianLine, Word
from songhe.base.consent.terms import Channel, Decision
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView
from songhe.domains.security.consent_reads import names_of, sees
from songhe.kit import formats


@dataclass(frozen=True, slots=True)
class RecordLine:
    """One word in the list of staff: sentence, how it came, whether it has ended."""

    sentence: str
    reason: str
    how: str
    paper_id: UUID | None
    purpose: str
    key: str
    is_open: bool


def records(
    actor: Actor, person_id: UUID, *, at: datetime
) -> tuple[PersonView, list[RecordLine], list[RecordLine], list[GuardianLine]]:
    """Return a person's words now and before, and her guardians, for staff who record them.

    Raises NoSuchPerson outside the reach.
    """
    person = people.choose_person(actor, RECORD, person_id)
    now, before = selectors.words_now(person_id, at=at), selectors.words_before(person_id, at=at)
    names = names_of([*now, *before], at=at)
    return (
        person,
        [_record(word, names, at, is_open=True) for word in now],
        [_record(word, names, at, is_open=False) for word in before],
        selectors.guardians_of(person_id, at=at),
    )


def _record(word: Word, names: dict[str, str], at: datetime, *, is_open: bool) -> RecordLine:
    shown = texts.version_of(word.text_version)
    who = names[word.recipient.key]
    refused = word.decision == Decision.REFUSED
    given = _("by %(name)s, guardian") % {"name": word.guardian_name} if word.guardian_name else ""
    facts = [
        _("%(day)s") % {"day": formats.short_date(timezone.localdate(word.since))},
        str(Channel(word.channel).label),
        given,
        _("witness %(name)s") % {"name": word.witness} if word.witness else "",
        _("text %(version)s") % {"version": word.text_version},
        _("recorded by %(name)s") % {"name": word.recorded_by} if word.recorded_by else "",
    ]
    if not is_open and word.until is not None:
        ended = formats.short_date(timezone.localdate(word.until))
        facts.append(
            _("withdrawn on %(day)s") % {"day": ended}
            if word.withdrawn_at
            else _("ended on %(day)s") % {"day": ended}
        )
    return RecordLine(
        sentence=_("%(who)s: refused.") % {"who": who}
        if refused
        else sees(who, word.classes, word.until if is_open else None),
        reason=shown.purposes[word.purpose].words.name,
        how=pgettext("listed words", ", ").join(one for one in facts if one),
        paper_id=word.paper_id,
        purpose=word.purpose,
        key=word.recipient.key,
        is_open=is_open and not refused,
    )
