"""The life of an alarm in ISA-18.2's words; a storm lives the same life."""

from __future__ import annotations

from songhe.engines.alarms.terms import State
from songhe.engines.workflow.engine import step, workflow

ACKNOWLEDGE = "monitoring.acknowledge_alarm"
SHELVE = "monitoring.shelve_alarm"
RESOLVE = "monitoring.resolve_alarm"
SYSTEM = "monitoring.run_alarm"

ALARM_LIFE = workflow(
    "monitoring.alarm",
    initial=State.UNACKNOWLEDGED,
    states=[state.value for state in State],
    steps=[
        step("acknowledge", "unacknowledged returned shelved", "acknowledged", ACKNOWLEDGE),
        step("return", "unacknowledged", "returned", SYSTEM),
        step("ring_again", "returned shelved", "unacknowledged", SYSTEM),
        step("shelve", "unacknowledged acknowledged returned", "shelved", SHELVE, needs_note=True),
        step("resolve", "unacknowledged acknowledged returned shelved", "resolved", RESOLVE),
    ],
)
