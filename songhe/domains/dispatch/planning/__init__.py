"""A week planned: what it holds, and the task that is made of it for the planner."""

from songhe.domains.dispatch.planning.aims import priced
from songhe.domains.dispatch.planning.making import Task, hold, new_week, standing_week
from songhe.domains.dispatch.planning.options import Option, firsts, options
from songhe.domains.dispatch.planning.weeks import (
    DAYS,
    Week,
    mark_of,
    midnight,
    newer_repair,
    order_rows,
    orders_of,
    stand_of,
    week_of,
)

__all__ = [
    "DAYS",
    "Option",
    "Task",
    "Week",
    "firsts",
    "hold",
    "mark_of",
    "midnight",
    "new_week",
    "newer_repair",
    "options",
    "order_rows",
    "orders_of",
    "priced",
    "stand_of",
    "standing_week",
    "week_of",
]
