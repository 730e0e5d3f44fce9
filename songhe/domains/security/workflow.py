"""The life of a request about personal data."""

from __future__ import annotations

from songhe.domains.security.terms import RequestState
from songhe.engines.workflow.engine import step, workflow

LIST = "security.list_requests"
HANDLE = "security.handle_requests"
RECORD = "security.record_requests"
MAKE = "security.make_requests"

REQUEST_LIFE = workflow(
    "security.request",
    initial=RequestState.MADE,
    states=[state.value for state in RequestState],
    steps=[
        step("take", "made", "working", HANDLE),
        step("finish", "made working", "done", HANDLE),
        step("refuse", "made working", "refused", HANDLE),
        step("serve", "made", "done", MAKE),
        step("take_back", "made working", "withdrawn", MAKE),
    ],
)
