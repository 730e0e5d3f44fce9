"""Row-level security of subsidies: rules are public, entitlements and purses where money is.

What is set aside is seen through the price alone: nobody reads `hold` rows on a page.
"""

from __future__ import annotations

from songhe.base.access.wall import in_region, of_ref, protect
from songhe.domains.subsidies.terms import KEEP, VIEW

_PERSON = "people.Person/"


def money_of(column: str) -> str:
    """Return the condition that the money of the person with this id is open to who asks.

    By a region role that carries the view, or by a grant with the class `finance`; which classes a
    role opens for a purpose alone is the policies' (the regulator).
    """
    return (
        f"({in_region(f'wall_person_region({column})', VIEW, KEEP)}"
        " OR EXISTS (SELECT FROM access_grant g WHERE g.user_id = (SELECT wall_actor())"
        f" AND g.subject_type = 'people.Person' AND g.subject_id = {column}"
        " AND 'finance' = ANY(g.field_classes) AND g.period @> statement_timestamp()))"
    )


_E = "subsidies_entitlement"
protect(_E, money_of(f"{_E}.person_id"))
protect("subsidies_hold", "false")
protect(
    "workflow_transition",
    of_ref("workflow_transition.ref", "subsidies.Entitlement", _E),
    way="subsidies",
)
_pk = f"substr(ledger_account.ref, {len(_PERSON) + 1})::uuid"
protect(
    "ledger_account",
    f"CASE WHEN starts_with(ledger_account.ref, '{_PERSON}')"
    " AND (starts_with(ledger_account.kind, 'entitlement:')"
    f" OR starts_with(ledger_account.kind, 'held:')) THEN {money_of(_pk)} ELSE false END",
    way="subsidies",
)
