"""The road of a home care bed, with what each step asks for (`readiness`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from songhe.domains.homecare import readiness, terms
from songhe.domains.homecare.terms import BedState
from songhe.engines.workflow.engine import step, workflow
from songhe.kernel.errors import Conflict


class NotReady(Conflict):
    code = "homecare.not_ready"
    message = "This cannot be done yet: %(missing)s."


def _asks(name: str) -> Callable[[Any], None]:
    def guard(bed: Any) -> None:
        if bed.as_of is None:
            raise RuntimeError("the service says by which moment a bed is judged")
        found = readiness.missing(bed, name, at=bed.as_of)
        if found:
            raise NotReady(missing="; ".join(one.words for one in found))

    return guard


_MOVE = terms.MOVE
_BEGUN = "assessed fitting fitted agreed active paused"

BED_LIFE = workflow(
    "homecare.bed",
    initial=BedState.APPLIED,
    states=[state.value for state in BedState],
    steps=[
        step("assess", "applied", "assessed", terms.ASSESS, guard=_asks("assess")),
        step("refuse", "applied assessed", "refused", _MOVE, needs_note=True),
        step("reopen", "refused", "applied", terms.ANSWER),
        step("start_fitting", "assessed", "fitting", terms.ASSESS, guard=_asks("start_fitting")),
        step("finish_fitting", "fitting", "fitted", terms.FIT, guard=_asks("finish_fitting")),
        step("agree", "fitted", "agreed", terms.AGREE, guard=_asks("agree")),
        step("activate", "agreed", "active", _MOVE, guard=_asks("activate")),
        step("pause", "active paused", "paused", _MOVE, needs_note=True),
        step("resume", "paused", "active", _MOVE, guard=_asks("resume")),
        step("end", _BEGUN, "ended", _MOVE, needs_note=True),
    ],
)
