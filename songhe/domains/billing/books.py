"""The accounts of billing: what a person and a programme owe, what a provider has earned.

`due` of a person is negative while she owes; `due` of a programme is what it has set apart for
charges less what was charged, so 0; `earned` of a provider is what it has not been paid yet.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from songhe.domains.subsidies.terms import budget_ref as budget_ref
from songhe.engines.ledger import services as ledger
from songhe.engines.ledger.terms import Unit


def person_due(person_id: UUID, at: datetime) -> UUID:
    """Return the account of what a person owes (fen)."""
    return _account(f"people.Person/{person_id}", "due", at)


def programme_due(code: str, at: datetime) -> UUID:
    """Return the account of what a programme has set apart for charges (fen)."""
    return _account(budget_ref(code), "due", at)


def budget(code: str, at: datetime) -> UUID:
    """Return the account of what a programme has given out and not paid (fen, negative)."""
    return _account(budget_ref(code), "budget", at)


def earned(organization_id: UUID, at: datetime) -> UUID:
    """Return the account of what a provider has earned and not been paid (fen)."""
    return _account(f"organizations.Organization/{organization_id}", "earned", at)


def _account(ref: str, kind: str, at: datetime) -> UUID:
    return ledger.open_account(ref=ref, kind=kind, unit=Unit.FEN, at=at)
