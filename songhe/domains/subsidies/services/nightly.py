"""When a day or month turns: purses are filled, rests fall back, old holds go."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from songhe.base.access.actor import SYSTEM
from songhe.base.regions.days import day_of
from songhe.domains.subsidies import purses, selectors
from songhe.domains.subsidies.models import Entitlement, Hold
from songhe.domains.subsidies.services.entitlements import advance
from songhe.domains.subsidies.services.holding import NothingHeld, release
from songhe.domains.subsidies.services.programmes import facts
from songhe.domains.subsidies.terms import EntitlementState, HoldState
from songhe.engines.ledger import selectors as ledger


def fill_all(*, at: datetime) -> int:
    """Fill the purses of this month that were not yet; return how many. Repeating is harmless."""
    on, filled = day_of(at), 0
    people = Entitlement.objects.filter(state=EntitlementState.ACTIVE, period__contains=on)
    for person in people.order_by("person").values_list("person", flat=True).distinct():
        for purse in selectors.entitled(person, on):
            filled += purses.fill(purse, on=on, at=at)
    return filled


def fall_back_all(*, at: datetime) -> int:
    """Give what is left of past months back to the budgets; return how many purses had some."""
    on, done = day_of(at), 0
    month = f"{on:%Y-%m}"
    for ref, kind in ledger.with_rest("people.Person/", "entitlement:"):
        if kind.rsplit(":", 1)[1] < month:
            done += purses.fall_back(ref.split("/", 1)[1], kind, on=on, at=at)
    return done


def release_old(*, at: datetime) -> int:
    """Give back what was set aside and never used within its days; return how many."""
    before = at - timedelta(days=facts()["holds"]["days"])
    refs = Hold.objects.filter(
        state=HoldState.HELD, since_at__lt=before, on__lt=day_of(before)
    ).values_list("ref", flat=True)
    done = 0
    for ref in list(refs):
        try:
            with transaction.atomic():
                release(actor=SYSTEM, ref=ref, on=day_of(at), at=at)
        except NothingHeld:
            continue  # used at this moment
        done += 1
    return done


def turn(*, at: datetime) -> None:
    """Do all of it, in order: entitlements, then purses, then what is over."""
    advance(at=at)
    fill_all(at=at)
    release_old(at=at)
    fall_back_all(at=at)
