"""By when the next step of a rescue should be heard of. Pure but for the figures."""

from __future__ import annotations

from datetime import datetime, timedelta

from songhe.domains.dispatch.models import Visit
from songhe.domains.dispatch.params import params
from songhe.domains.dispatch.terms import VisitState


def quiet_since(visit: Visit) -> datetime | None:
    """Return when the last step of a visit was told."""
    return {
        VisitState.TOLD: visit.told_at,
        VisitState.ON_WAY: visit.set_off_at or visit.told_at,
        VisitState.ARRIVED: visit.arrived_at,
        VisitState.WORKING: visit.began_at or visit.arrived_at,
    }.get(VisitState(visit.state))


def due_at(visit: Visit, minutes: float | None) -> datetime | None:
    """Return by when the next step of a rescue should be told; None while it is not begun.

    minutes: how long its way was taken to be when it was sent, None where no place was known.
    """
    since, figures = quiet_since(visit), params()["rescue"]
    if since is None:
        return None
    if visit.state == VisitState.TOLD:
        return since + timedelta(seconds=figures["set_off_s"])
    if visit.state == VisitState.ON_WAY:
        if minutes is None:
            return since + timedelta(minutes=figures["way_unknown_minutes"])
        way = minutes * figures["way_factor"] + figures["way_more_minutes"]
        return since + timedelta(minutes=way)
    return since + timedelta(minutes=figures["minutes"])
