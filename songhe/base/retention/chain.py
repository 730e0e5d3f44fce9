"""Old records of the audit and of the history: they go day by day behind a signed cut."""

from __future__ import annotations

from django.db import transaction

from songhe.base.audit import cutting
from songhe.base.retention.handlers import Ask, Due, Handler, Work


def find(ask: Ask) -> Due:
    """Count the records of closed days that are out of time."""
    return Due(*cutting.count_due(ask.before))


def destroy(ask: Ask, work: Work) -> None:
    """Destroy the records of one closed day after the other; those of who is held stay."""
    with transaction.atomic():
        work.count(cutting.cut_again(holders=ask.held.ids, at=ask.at))
    for piece in cutting.due(ask.before):
        if not work.goes_on():
            return
        with transaction.atomic():
            work.count(cutting.cut(piece, holders=ask.held.ids, at=ask.at))


HANDLER = Handler("chain", find, destroy)
