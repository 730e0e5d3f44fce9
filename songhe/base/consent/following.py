"""Who takes up or leaves a role: what persons allowed everybody of it follows at once."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from songhe.base.access import giving, wall
from songhe.base.access.actor import Actor
from songhe.base.accounts.models import User
from songhe.base.consent import texts
from songhe.base.consent.locks import lock, renew_streams
from songhe.base.consent.models import Consent
from songhe.base.consent.recipients import Holder
from songhe.base.consent.services import end_words, open_word
from songhe.base.consent.terms import Decision


@transaction.atomic
def recipient_joined(
    *,
    actor: Actor,
    user: User,
    organization_id: UUID,
    role: str,
    at: datetime,
    until: datetime | None = None,
) -> int:
    """Open to who has taken up a role what persons allowed everybody of it; return how many.

    Whoever gives the role need not know the persons: the row-level security is lifted for this.
    """
    with wall.lifted():
        return _joined(actor, user, organization_id, role, at, until)


def _joined(
    actor: Actor,
    user: User,
    organization_id: UUID,
    role: str,
    at: datetime,
    until: datetime | None,
) -> int:
    rows = Consent.objects.filter(
        recipient_user=None,
        recipient_organization_id=organization_id,
        recipient_role=role,
        decision=Decision.GIVEN,
        period__contains=at,
    )
    for person_id in sorted(set(rows.values_list("person_id", flat=True))):
        lock("consent", person_id)
    opened = list(rows.all())  # asked anew: the locks may have waited for a withdrawal
    for row in opened:
        open_word(actor, row, Holder(user.pk, until), since=at)
    return len(opened)


@transaction.atomic
def recipient_left(
    *, actor: Actor, user_id: UUID, organization_id: UUID | None, role: str, at: datetime
) -> int:
    """End what was open to somebody because of a role that has ended; return how many consents.

    Also what persons allowed this one alone in that role: it does not come back with another
    post. Who still holds the role elsewhere keeps the latter. Row-level security is lifted: what
    ends must not hang on whom the actor may know of.
    """
    with wall.lifted():
        return _left(actor, user_id, organization_id, role, at)


def _left(
    actor: Actor, user_id: UUID, organization_id: UUID | None, role: str, at: datetime
) -> int:
    current = texts.texts_at(at)
    left = Consent.objects.filter(
        recipient_user=None, recipient_organization_id=organization_id, recipient_role=role
    )
    sources = [f"consent.Consent/{pk}" for pk in left.values_list("pk", flat=True)]
    giving.end_grants_of(actor=actor, sources=sources, at=at, user_id=user_id)
    held = {line.role for line in giving.roles_of_user(user_id, at=at)}
    purposes = [
        one.name
        for one in current.purposes.values()
        if role in one.recipient_roles and not held & one.recipient_roles
    ]
    own = Consent.objects.filter(
        recipient_user=user_id,
        purpose__in=purposes,
        decision=Decision.GIVEN,
        period__contains=at,
    )
    for person_id in sorted(set(own.values_list("person_id", flat=True))):
        lock("consent", person_id)
    ended = end_words(actor, list(own.select_for_update(of=("self",))), channel="", at=at)
    renew_streams([user_id])
    return len(ended)
