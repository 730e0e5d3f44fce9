"""Real processes move from the same purses at the same time: nothing is made, lost or overspent."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from django.db.models import Sum

from songhe.base.access.actor import SYSTEM
from songhe.engines.ledger import sealing, selectors, services
from songhe.engines.ledger.models import Account, Entry, Posting
from songhe.engines.ledger.terms import Unit
from tests.support.racing import race

AT, ON = datetime(2026, 11, 21, 8, tzinfo=UTC), date(2026, 11, 21)


@pytest.mark.django_db(transaction=True)
def test_processes_that_race_leave_the_sums_as_they_were() -> None:
    holder = f"test.Holder/{uuid4()}"
    opened = [
        services.open_account(
            ref=holder, kind=kind, unit=Unit.FEN, at=AT, least=0 if kind != "till" else None
        )
        for kind in ("till", "one", "two")
    ]
    till, purses = opened[0], opened[1:]
    for number, purse in enumerate(purses):
        services.post(
            actor=SYSTEM,
            key=f"fill {number}",
            kind="fill",
            ref="test.Order/1",
            unit=Unit.FEN,
            amounts={till: -1000, purse: 1000},
            on=ON,
            at=AT,
        )
    given = {"purses": [str(pk) for pk in purses], "till": str(till), "times": 40, "amount": 70}
    turned = {**given, "purses": given["purses"][::-1]}
    told = race(
        "songhe.engines.ledger.tests.rival:move",
        [{**given, "name": "a"}, {**turned, "name": "b"}, {**given, "name": "c"}],
    )
    done, undone = sum(one["done"] for one in told), sum(one["undone"] for one in told)
    refused = sum(one["refused"] for one in told)
    assert done + refused == 120
    assert refused > 0
    assert Entry.objects.count() == 2 + done + undone
    left = selectors.balances(opened)
    assert sum(left.values()) == 0
    assert left[till] == -2000 + 70 * (done - undone)
    assert all(left[purse] >= 0 for purse in purses)
    assert sum(left[purse] for purse in purses) < 2 * 70 + 70 * undone
    assert Posting.objects.aggregate(Sum("amount"))["amount__sum"] == 0
    assert Account.objects.filter(pk__in=opened).aggregate(Sum("balance"))["balance__sum"] == 0
    assert not list(sealing.verify())
