"""Pure detectors: rules judged over readings, the same live and in replay; no clock, no I/O."""

from songhe.kernel.detectors.evaluator import Evaluator
from songhe.kernel.detectors.news2 import Score, news2
from songhe.kernel.detectors.plan import Plan, StalePlan
from songhe.kernel.detectors.rulebook import Profile, RuleBook
from songhe.kernel.detectors.rules import (
    BadParameter,
    Rule,
    Spec,
    UnknownRule,
    catalogue,
    check_params,
)

__all__ = [
    "BadParameter",
    "Evaluator",
    "Plan",
    "Profile",
    "Rule",
    "RuleBook",
    "Score",
    "Spec",
    "StalePlan",
    "UnknownRule",
    "catalogue",
    "check_params",
    "news2",
]
