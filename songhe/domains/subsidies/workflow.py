"""The life of an entitlement."""

from __future__ import annotations

from songhe.domains.subsidies.terms import KEEP, RUN, EntitlementState
from songhe.engines.workflow.engine import step, workflow

ENTITLEMENT_LIFE = workflow(
    "subsidies.entitlement",
    initial=EntitlementState.GRANTED,
    states=[state.value for state in EntitlementState],
    steps=[
        step("begin", "granted", "active", RUN),
        step("pause", "granted active", "paused", KEEP, needs_note=True),
        step("resume", "paused", "active", KEEP),
        step("end", "granted active paused", "ended", KEEP, needs_note=True),
        step("run_out", "granted active paused", "ended", RUN),
    ],
)
