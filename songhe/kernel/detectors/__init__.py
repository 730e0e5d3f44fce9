"""Pure detectors: rules judged over readings, the same live and in replay; no clock, no I/O."""

from songhe.kernel.detectors.evaluator import Evaluator, Plan
from songhe.kernel.detectors.rulebook import RuleBook

__all__ = ["Evaluator", "Plan", "RuleBook"]
