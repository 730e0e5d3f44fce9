"""Pages of monitoring: an alarm and what is done with it, the history, scores, rules, messages."""

from songhe.domains.monitoring.views.acting import (
    Acknowledge,
    Assign,
    Call,
    Note,
    Resolve,
    Shelve,
    Tell,
)
from songhe.domains.monitoring.views.pages import AlarmPage, Fresh, History, Messages, Statistics
from songhe.domains.monitoring.views.rules import ChangeRule, PickRule, RulePage, Rules

__all__ = [
    "Acknowledge",
    "AlarmPage",
    "Assign",
    "Call",
    "ChangeRule",
    "Fresh",
    "History",
    "Messages",
    "Note",
    "PickRule",
    "Resolve",
    "RulePage",
    "Rules",
    "Shelve",
    "Statistics",
    "Tell",
]
