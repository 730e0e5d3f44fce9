"""The lives of an order and of a visit.

A visit goes by what phones tell, and phones tell late: a step may skip those before it, never go
back, and what is told afterwards of an earlier one fills its clock without moving anything.
"""

from __future__ import annotations

from songhe.domains.dispatch import terms
from songhe.domains.dispatch.terms import OrderState, VisitState
from songhe.engines.workflow.engine import step, workflow

_RUN, _WORK = terms.RUN, terms.WORK

ORDER_LIFE = workflow(
    "dispatch.order",
    initial=OrderState.ASKED,
    states=[state.value for state in OrderState],
    steps=[
        step("accept", "asked", "accepted", terms.SEND),
        step("plan", "asked accepted", "planned", _RUN),
        step("unplan", "planned under_way", "accepted", _RUN),
        step("set_out", "asked accepted planned", "under_way", _RUN),
        step("finish", "asked accepted planned under_way", "done", _RUN),
        step("fail", "asked accepted planned under_way", "failed", _RUN, needs_note=True),
        step("close", "done", "closed", _RUN),
        step("cancel", "asked accepted planned", "cancelled", terms.CANCEL, needs_note=True),
    ],
)

VISIT_LIFE = workflow(
    "dispatch.visit",
    initial=VisitState.PLANNED,
    states=[state.value for state in VisitState],
    steps=[
        step("tell", "planned", "told", _RUN),
        step("set_off", "planned told", "on_way", _WORK),
        step("arrive", "planned told on_way", "arrived", _WORK),
        step("begin", "planned told on_way arrived", "working", _WORK),
        step("finish", "planned told on_way arrived working", "done", _WORK),
        step("give_up", "planned told on_way arrived working", "not_done", _WORK),
        step("cancel", "planned told on_way", "cancelled", _RUN, needs_note=True),
    ],
)

COMPLAINT_LIFE = workflow(
    "dispatch.complaint",
    initial="open",
    states=["open", "answered"],
    steps=[step("answer", "open", "answered", terms.ANSWER)],
)
