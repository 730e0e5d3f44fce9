"""Pages of monitoring: an alarm and what is done with it, the history, scores, rules, messages."""

from songhe.domains.monitoring.views.absences import (
    Absences,
    AddAbsence,
    EndAbsence,
    WithdrawAbsence,
)
from songhe.domains.monitoring.views.acting import (
    Acknowledge,
    Assign,
    Call,
    Note,
    Resolve,
    Shelve,
    Tell,
)
from songhe.domains.monitoring.views.life import DailyLife
from songhe.domains.monitoring.views.outdoors import PersonOutdoors
from songhe.domains.monitoring.views.pages import AlarmPage, Fresh, History, Messages, Statistics
from songhe.domains.monitoring.views.rules import (
    ChangeRule,
    PickRule,
    RevertRule,
    RulePage,
    Rules,
)
from songhe.domains.monitoring.views.suggestions import DecideSuggestion, Suggestions
from songhe.domains.monitoring.views.trends import PersonTrends
from songhe.domains.monitoring.views.trials import StopTrial, TrialPage, TryRule

__all__ = [
    "Absences",
    "Acknowledge",
    "AddAbsence",
    "AlarmPage",
    "Assign",
    "Call",
    "ChangeRule",
    "DailyLife",
    "DecideSuggestion",
    "EndAbsence",
    "Fresh",
    "History",
    "Messages",
    "Note",
    "PersonOutdoors",
    "PersonTrends",
    "PickRule",
    "Resolve",
    "RevertRule",
    "RulePage",
    "Rules",
    "Shelve",
    "Statistics",
    "StopTrial",
    "Suggestions",
    "Tell",
    "TrialPage",
    "TryRule",
    "WithdrawAbsence",
]
