"""To whom a person opens something: one account, or everybody of a role in an organisation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from songhe.base.access import giving
from songhe.base.accounts.models import User
from songhe.base.consent.terms import PERSON, SELF, RecipientKind
from songhe.base.consent.texts import Purpose
from songhe.kernel.errors import Invalid


class NoSuchRecipient(Invalid):
    code = "consent.no_such_recipient"
    message = "Nobody of this name can be given this. Choose again."


@dataclass(frozen=True, slots=True)
class Recipient:
    """user_id, or organization_id with role."""

    user_id: UUID | None = None
    organization_id: UUID | None = None
    role: str = ""

    @property
    def kind(self) -> RecipientKind:
        return RecipientKind.USER if self.user_id is not None else RecipientKind.ROLE

    @property
    def key(self) -> str:
        """Return the recipient in one word, as it stands in the table and in addresses."""
        if self.user_id is not None:
            return f"user.{self.user_id}"
        return f"role.{self.organization_id}.{self.role}"


def from_key(key: str) -> Recipient:
    """Return the recipient that a word names. Raises NoSuchRecipient."""
    kind, _, rest = key.partition(".")
    try:
        if kind == RecipientKind.USER:
            return Recipient(user_id=UUID(rest))
        if kind == RecipientKind.ROLE:
            organization, _, role = rest.partition(".")
            return Recipient(organization_id=UUID(organization), role=role)
    except ValueError:
        pass
    raise NoSuchRecipient(field="recipient")


@dataclass(frozen=True, slots=True)
class Holder:
    """One account that a recipient means now, and until when its role holds."""

    user_id: UUID
    until: datetime | None


def holders_of(
    recipient: Recipient, purpose: Purpose, *, person_id: UUID, at: datetime
) -> list[Holder]:
    """Return the accounts that a recipient means now. Raises NoSuchRecipient for a forged one.

    An account must be open and hold one of the purpose's roles; nobody is the person herself.
    """
    if recipient.kind not in purpose.recipients:
        raise NoSuchRecipient(field="recipient")
    if recipient.user_id is not None:
        return _one(recipient.user_id, purpose, person_id, at)
    if recipient.organization_id is None or recipient.role not in purpose.recipient_roles:
        raise NoSuchRecipient(field="recipient")
    lines = [
        line
        for line in giving.roles_in(at=at, organization_id=recipient.organization_id)
        if line.role == recipient.role
    ]
    if not lines:
        raise NoSuchRecipient(field="recipient")
    return _longest(lines)


def _one(user_id: UUID, purpose: Purpose, person_id: UUID, at: datetime) -> list[Holder]:
    user = User.objects.filter(pk=user_id, is_active=True).first()
    lines = giving.roles_of_user(user_id, at=at) if user else []
    fit = [line for line in lines if line.role in purpose.recipient_roles]
    own = giving.holds_grant(
        user_id, subject_type=PERSON, subject_id=person_id, purpose=SELF, at=at
    )
    if not fit or own:
        raise NoSuchRecipient(field="recipient")
    return _longest(fit)


def _longest(lines: list[giving.RoleLine]) -> list[Holder]:
    """Return each account once, with the latest end of its roles."""
    found: dict[UUID, datetime | None] = {}
    for line in lines:
        before = found.get(line.user_id, line.until)
        found[line.user_id] = (
            None if before is None or line.until is None else max(before, line.until)
        )
    return [Holder(user_id, until) for user_id, until in found.items()]
