"""Tables of monitoring: findings and alarms, rules, absences, daily life."""

from songhe.domains.monitoring.models.absences import Absence, AbsenceEntry
from songhe.domains.monitoring.models.alarms import Alarm, AlarmEntry, AlarmFinding, Finding
from songhe.domains.monitoring.models.life import LifeDay, LifeRhythm
from songhe.domains.monitoring.models.rules import (
    GatewayRules,
    RuleOverride,
    RuleSuggestion,
    RuleTrial,
)

__all__ = [
    "Absence",
    "AbsenceEntry",
    "Alarm",
    "AlarmEntry",
    "AlarmFinding",
    "Finding",
    "GatewayRules",
    "LifeDay",
    "LifeRhythm",
    "RuleOverride",
    "RuleSuggestion",
    "RuleTrial",
]
