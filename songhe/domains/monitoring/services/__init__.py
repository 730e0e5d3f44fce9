"""Writing monitoring: findings to alarms, people acting on them, escalation, rules."""

from songhe.domains.monitoring.services.acting import (
    acknowledge_alarm,
    assign_alarm,
    note_alarm,
    resolve_alarm,
    shelve_alarm,
)
from songhe.domains.monitoring.services.escalating import clock_set_back, run_due_steps
from songhe.domains.monitoring.services.findings import take_findings
from songhe.domains.monitoring.services.rules import override_rule, write_person_scope

__all__ = [
    "acknowledge_alarm",
    "assign_alarm",
    "clock_set_back",
    "note_alarm",
    "override_rule",
    "resolve_alarm",
    "run_due_steps",
    "shelve_alarm",
    "take_findings",
    "write_person_scope",
]
