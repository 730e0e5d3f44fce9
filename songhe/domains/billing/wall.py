"""Row-level security of billing: the provider's own, the payer's, the region's, a person's own."""

from __future__ import annotations

from songhe.base.access.wall import in_region, of_organization, of_ref, protect, serves, through
from songhe.domains.billing.terms import (
    CHECK,
    NOTE,
    PAY,
    REVERSE,
    SERVED_DAYS,
    SUBMIT,
    VIEW,
    VIEW_SETTLEMENTS,
)

_SEE = (VIEW, PAY, NOTE, REVERSE)


def _granted(column: str) -> str:
    """Return the condition that a grant opens the money of the person with this id."""
    return (
        "EXISTS (SELECT FROM access_grant g WHERE g.user_id = (SELECT wall_actor())"
        f" AND g.subject_type = 'people.Person' AND g.subject_id = {column}"
        " AND 'finance' = ANY(g.field_classes) AND g.period @> statement_timestamp())"
    )


_S = "billing_settlement"
_settled = (
    f"{in_region(f'{_S}.region_code', VIEW_SETTLEMENTS)}"
    f" OR {of_organization(f'{_S}.organization_id', SUBMIT)}"
    f" OR {of_organization(f'{_S}.funder_id', CHECK)}"
)
protect(_S, _settled)
for _table in ("billing_settlementline", "billing_dispute"):
    protect(_table, through(_S, f"{_table}.settlement_id"))
for _table in ("billing_charge", "billing_payment"):
    protect(
        _table,
        f"{in_region(f'{_table}.region_code', *_SEE)}"
        f" OR {of_organization(f'{_table}.organization_id', *_SEE)}"
        f" OR {_granted(f'{_table}.person_id')}",
    )
protect("billing_chargeshare", through("billing_charge", "billing_chargeshare.charge_id"))
protect("billing_paymentline", through("billing_payment", "billing_paymentline.payment_id"))
protect("billing_receipt", through("billing_payment", "billing_receipt.payment_id"))
protect("billing_receiptnumber", "false")
protect(
    "workflow_transition",
    of_ref("workflow_transition.ref", "billing.Settlement", _S),
    way="billing",
)
# What a person owes is seen as her charges are; what a provider has earned, by the provider.
_PERSON, _PROVIDER = "people.Person/", "organizations.Organization/"
_pk = "ledger_account.ref"
protect(
    "ledger_account",
    f"CASE WHEN ledger_account.kind = 'due' AND starts_with({_pk}, '{_PERSON}') THEN"
    f" {_granted(f'substr({_pk}, {len(_PERSON) + 1})::uuid')}"
    f" WHEN ledger_account.kind = 'earned' AND starts_with({_pk}, '{_PROVIDER}') THEN"
    f" {of_organization(f'substr({_pk}, {len(_PROVIDER) + 1})::uuid', SUBMIT)}"
    " ELSE false END",
    way="billing",
)
# Orders at the payment provider are opened by a service and told of by a job; no page reads them.
protect("outside_outsidepayment", "false")
# Until the month in which it was done is settled, disputed and answered: the next one's end.
serves(
    "billing_charge",
    f"organization_id = ANY (orgs) AND billing_charge.on >= current_date - {SERVED_DAYS}",
)
