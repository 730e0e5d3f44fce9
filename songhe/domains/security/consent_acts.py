"""What staff and families do about consents: one call each, with the reach asked of people."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from songhe.base.access import giving, sign_ins
from songhe.base.access import services as access
from songhe.base.access.actor import Actor
from songhe.base.consent import guardians, papers, recipients, selectors, services, texts
from songhe.base.consent.acting import RECORD, Told
from songhe.base.consent.recipients import NoSuchRecipient
from songhe.base.consent.terms import PERSON, SELF, Channel, PaperKind
from songhe.domains.people import selectors as people
from songhe.domains.security import consent_reads
from songhe.kernel.errors import Conflict


class HasAccount(Conflict):
    code = "security.has_account"
    message = "This person has an account of her own already."


@transaction.atomic
def record(
    *,
    actor: Actor,
    person_id: UUID,
    choice: str,
    login: str,
    classes: Iterable[str],
    until: datetime,
    channel: str,
    guardianship_id: UUID | None,
    paper: bytes | None,
    witness: str,
    at: datetime,
) -> None:
    """Enter what a person said to staff, with the paper; choice is "purpose/recipient".

    Without a choice the family account of this sign-in name is meant. Raises NoSuchPerson and
    what consent.services.give raises.
    """
    told = _told(
        actor,
        person_id,
        channel=channel,
        guardianship_id=guardianship_id,
        paper=paper,
        witness=witness,
        at=at,
    )
    purpose, _slash, key = choice.partition("/")
    if not choice:
        named = consent_reads.choice_by_login(login, at=at)
        purpose, key = named.purpose, named.key
    services.give(
        actor=actor,
        person_id=person_id,
        purpose=purpose,
        classes=classes,
        recipient=recipients.from_key(key),
        text_version=texts.texts_at(at).version,
        told=told,
        until=until,
        at=at,
    )


@transaction.atomic
def record_end(
    *,
    actor: Actor,
    person_id: UUID,
    purpose: str,
    key: str,
    channel: str,
    guardianship_id: UUID | None,
    paper: bytes | None,
    witness: str,
    at: datetime,
) -> None:
    """Enter that a person withdrew everything from a recipient. Raises as `record`."""
    told = _told(
        actor,
        person_id,
        channel=channel,
        guardianship_id=guardianship_id,
        paper=paper,
        witness=witness,
        at=at,
    )
    services.withdraw(
        actor=actor,
        person_id=person_id,
        purpose=purpose,
        recipient=recipients.from_key(key),
        told=told,
        at=at,
    )


def _told(
    actor: Actor,
    person_id: UUID,
    *,
    channel: str,
    guardianship_id: UUID | None,
    paper: bytes | None,
    witness: str,
    at: datetime,
) -> Told:
    person = people.choose_person(actor, RECORD, person_id)
    kept = None
    if paper is not None and channel == Channel.PAPER:
        kept = papers.keep_paper(
            actor=actor, person_id=person_id, kind=PaperKind.CONSENT, body=paper, at=at
        )
    return Told(
        channel=channel,
        region_code=person.region_code,
        guardianship_id=guardianship_id,
        paper_id=kept.pk if kept is not None else None,
        witness=witness if channel == Channel.PHONE else "",
    )


@transaction.atomic
def appoint_guardian(
    *,
    actor: Actor,
    person_id: UUID,
    login: str,
    paper_kind: str,
    paper_number: str,
    paper_from: date,
    paper_until: date | None,
    paper: bytes,
    at: datetime,
) -> None:
    """Enter a guardian with the paper's scan. Raises NoSuchPerson, NoSuchRecipient and others."""
    person = people.choose_person(actor, RECORD, person_id)
    guardian = selectors.account_named(login)
    if guardian is None:
        raise NoSuchRecipient(field="guardian")
    kept = papers.keep_paper(
        actor=actor, person_id=person_id, kind=PaperKind.GUARDIANSHIP, body=paper, at=at
    )
    guardians.appoint(
        actor=actor,
        person_id=person_id,
        region_code=person.region_code,
        guardian=guardian,
        paper_kind=paper_kind,
        paper_number=paper_number,
        paper_from=paper_from,
        paper_until=paper_until,
        paper_id=kept.pk,
        at=at,
    )


@transaction.atomic
def open_own_account(
    *,
    actor: Actor,
    person_id: UUID,
    is_own: bool,
    login: str,
    display_name: str,
    phone: str,
    at: datetime,
) -> str:
    """Open an account for a person herself, or for one of her family; return its first secret.

    Hers is her own from the beginning; one of the family sees nothing until she allows it. Raises
    NoSuchPerson, HasAccount, and what base.access.sign_ins raises.
    """
    person = people.choose_person(actor, RECORD, person_id)
    if is_own and giving.has_grant_for(
        subject_type=PERSON, subject_id=person_id, purpose=SELF, at=at
    ):
        raise HasAccount
    user, secret = sign_ins.open_account(
        actor=actor,
        login=login,
        display_name=person.name if is_own else display_name,
        at=at,
    )
    access.give_role(
        actor=actor,
        user=user,
        role="elder" if is_own else "family",
        region_prefix=person.region_code,
        at=at,
    )
    if phone:
        sign_ins.set_phone(actor=actor, user=user, phone=phone, at=at)
    if is_own:
        guardians.make_own(actor=actor, user=user, person_id=person_id, at=at)
    return secret


def end_guardian(*, actor: Actor, person_id: UUID, guardianship_id: UUID, at: datetime) -> None:
    """End a guardianship. Raises NoSuchPerson, NoSuchGuardianship."""
    person = people.choose_person(actor, RECORD, person_id)
    guardians.end_guardianship(
        actor=actor,
        person_id=person_id,
        region_code=person.region_code,
        guardianship_id=guardianship_id,
        at=at,
    )


def read_paper(*, actor: Actor, paper_id: UUID, at: datetime) -> tuple[str, bytes]:
    """Return a scanned paper to staff of the region. Raises NoSuchPaper, also where not open."""
    try:
        people.choose_person(actor, RECORD, papers.person_of(paper_id))
    except people.NoSuchPerson:
        raise papers.NoSuchPaper from None
    return papers.open_paper(actor=actor, paper_id=paper_id, at=at)
