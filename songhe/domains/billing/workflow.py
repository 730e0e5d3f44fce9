"""The life of a settlement. Nothing leads back from confirmed: a correction comes in the next."""

from __future__ import annotations

from songhe.domains.billing.terms import CHECK, SUBMIT, SettlementState
from songhe.engines.workflow.engine import step, workflow

SETTLEMENT_LIFE = workflow(
    "billing.settlement",
    initial=SettlementState.DRAFT,
    states=[state.value for state in SettlementState],
    steps=[
        step("submit", "draft", "submitted", SUBMIT),
        step("dispute", "submitted disputed", "disputed", CHECK),
        step("answer", "disputed", "submitted", SUBMIT),
        step("confirm", "submitted", "confirmed", CHECK),
        step("pay", "confirmed", "paid", CHECK),
    ],
)
