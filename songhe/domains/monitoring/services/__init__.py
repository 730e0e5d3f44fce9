"""Writing monitoring: findings to alarms, people acting on them, escalation, rules."""

from songhe.domains.monitoring.services.absences import (
    make_absence,
    run_due_absences,
    set_absence_end,
    withdraw_absence,
)
from songhe.domains.monitoring.services.acting import (
    AlarmClosed,
    NotOnStaff,
    acknowledge_alarm,
    assign_alarm,
    note_alarm,
    resolve_alarm,
    shelve_alarm,
    take_back,
    tell_help,
)
from songhe.domains.monitoring.services.calling import (
    RungAlready,
    call_for_help,
    ring_now,
    take_back_call,
)
from songhe.domains.monitoring.services.deaths import close_for_the_dead
from songhe.domains.monitoring.services.escalating import clock_set_back, run_due_steps
from songhe.domains.monitoring.services.findings import AT_ONCE, take_findings
from songhe.domains.monitoring.services.life import learn_life, learn_lives
from songhe.domains.monitoring.services.outdoors import (
    Watched,
    may_set_outdoors,
    set_outdoors,
)
from songhe.domains.monitoring.services.rules import (
    override_rule,
    revert_rule,
    write_person_scope,
)
from songhe.domains.monitoring.services.second_look import run_due_looks
from songhe.domains.monitoring.services.suggesting import (
    accept_suggestion,
    make_suggestions,
    refuse_suggestion,
)
from songhe.domains.monitoring.services.trends import watch_trend, watch_trends
from songhe.domains.monitoring.services.trials import (
    Interrupted,
    ask_trial,
    cancel_trial,
    run_trial,
)

__all__ = [
    "AT_ONCE",
    "AlarmClosed",
    "Interrupted",
    "NotOnStaff",
    "RungAlready",
    "Watched",
    "accept_suggestion",
    "acknowledge_alarm",
    "ask_trial",
    "assign_alarm",
    "call_for_help",
    "cancel_trial",
    "clock_set_back",
    "close_for_the_dead",
    "learn_life",
    "learn_lives",
    "make_absence",
    "make_suggestions",
    "may_set_outdoors",
    "note_alarm",
    "override_rule",
    "refuse_suggestion",
    "resolve_alarm",
    "revert_rule",
    "ring_now",
    "run_due_absences",
    "run_due_looks",
    "run_due_steps",
    "run_trial",
    "set_absence_end",
    "set_outdoors",
    "shelve_alarm",
    "take_back",
    "take_back_call",
    "take_findings",
    "tell_help",
    "watch_trend",
    "watch_trends",
    "withdraw_absence",
    "write_person_scope",
]
