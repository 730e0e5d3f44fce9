"""Who goes when and where: a week of visits for workers on their way; see README.md.

`propose` a plan, `greedy` as the baseline, `check` what somebody moved by hand, `settle` it into a
plan with times and figures, `replan` when the day turns out otherwise, `travel_lower_bound`.
"""

from songhe.engines.routing.bound import travel_lower_bound
from songhe.engines.routing.checking import check
from songhe.engines.routing.proposing import Progress, greedy, propose
from songhe.engines.routing.replanning import (
    CannotChange,
    Change,
    Changed,
    Replanned,
    VisitAdded,
    VisitCancelled,
    WorkerAway,
    replan,
)
from songhe.engines.routing.settling import PlanHasConflicts, settle
from songhe.engines.routing.terms import (
    Assignment,
    Break,
    Code,
    Conflict,
    Explanation,
    Figures,
    Instance,
    Mode,
    Placement,
    Plan,
    Reason,
    Shift,
    Tour,
    Unserved,
    Visit,
    Weights,
    Why,
    Worker,
    usual_modes,
    usual_weights,
)
from songhe.engines.routing.travel import Travel, as_the_crow_flies

__all__ = [
    "Assignment", "Break", "CannotChange", "Change", "Changed", "Code", "Conflict", "Explanation",
    "Figures", "Instance", "Mode", "Placement", "Plan", "PlanHasConflicts", "Progress", "Reason",
    "Replanned", "Shift", "Tour", "Travel", "Unserved", "Visit", "VisitAdded", "VisitCancelled",
    "Weights", "Why", "Worker", "WorkerAway", "as_the_crow_flies", "check", "greedy", "propose",
    "replan", "settle", "travel_lower_bound", "usual_modes", "usual_weights",
]  # fmt: skip
