"""The ledger: whatever is tried and in whatever order, it balances and nothing is changed."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from typing import cast
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from songhe.base.access.actor import SYSTEM
from songhe.base.audit.models import AuditEntry
from songhe.base.database.base import DatabaseWrapper
from songhe.base.database.roles import APP
from songhe.engines.ledger import sealing, selectors, services
from songhe.engines.ledger.models import Account, Entry, Posting, Seal
from songhe.engines.ledger.terms import Unit
from songhe.kernel.errors import NotFound, SongheError

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
ON = date(2026, 11, 21)


def account(kind: str = "due", *, least: int | None = None, unit: Unit = Unit.FEN) -> UUID:
    return services.open_account(
        ref=f"test.Holder/{uuid4()}", kind=kind, unit=unit, at=NOW, least=least
    )


def post(amounts: dict[UUID, int], key: str = "", **given) -> UUID:
    told = {"kind": "visit", "ref": "test.Order/1", "unit": Unit.FEN, "on": ON, "at": NOW}
    return services.post(actor=SYSTEM, key=key or str(uuid4()), amounts=amounts, **(told | given))


def balance(of: UUID) -> int:
    return selectors.balances([of])[of]


@pytest.mark.django_db
def test_an_entry_moves_and_is_reversed_once() -> None:
    person, provider = account(), account("income")
    entry = post({person: -3000, provider: 3000})
    assert (balance(person), balance(provider)) == (-3000, 3000)
    back = services.reverse(actor=SYSTEM, entry_id=entry, key="back", on=ON, at=NOW)
    assert (balance(person), balance(provider)) == (0, 0)
    assert services.reverse(actor=SYSTEM, entry_id=entry, key="back", on=ON, at=NOW) == back
    with pytest.raises(services.AlreadyReversed):
        services.reverse(actor=SYSTEM, entry_id=entry, key="again", on=ON, at=NOW)
    with pytest.raises(NotFound):
        services.reverse(actor=SYSTEM, entry_id=uuid4(), key="none", on=ON, at=NOW)
    assert [line.after for line in selectors.statement(person)] == [-3000, 0]
    assert Posting.objects.count() == 4


@pytest.mark.django_db
def test_the_same_key_is_the_same_entry_or_is_refused() -> None:
    person, provider = account(), account("income")
    first = post({person: -1, provider: 1}, "k")
    assert post({person: -1, provider: 1}, "k") == first
    with pytest.raises(services.KeyTaken):
        post({person: -2, provider: 2}, "k")
    assert (balance(person), Entry.objects.count()) == (-1, 1)


@pytest.mark.django_db
@pytest.mark.parametrize("amounts", [(5, -4), (0, 0), (5, 0), (2**60, -(2**60))])
def test_what_does_not_balance_is_refused(amounts: tuple[int, int]) -> None:
    one, other = account(), account("income")
    with pytest.raises(services.Unbalanced):
        post(dict(zip((one, other), amounts, strict=True)))
    assert not Entry.objects.exists()
    assert (balance(one), balance(other)) == (0, 0)


@pytest.mark.django_db
def test_units_do_not_mix_and_an_account_never_goes_under_its_least() -> None:
    money, hours = account(), account("hours", unit=Unit.MINUTES)
    with pytest.raises(services.Unbalanced):
        post({money: -60, hours: 60})
    purse, till = account("purse", least=0), account("till")
    with pytest.raises(services.TooLittle):
        post({purse: -1, till: 1})
    post({purse: 5, till: -5})
    post({purse: -5, till: 5})
    with pytest.raises(services.TooLittle):
        post({purse: -1, till: 1})
    assert (balance(purse), balance(till), Entry.objects.count()) == (0, 0, 2)


@pytest.mark.django_db
def test_the_database_refuses_what_no_service_does() -> None:
    one, other = account(), account("income")
    entry = post({one: -7, other: 7})
    wrong = [
        lambda: Posting.objects.filter(entry_id=entry).update(amount=8),
        lambda: Posting.objects.filter(entry_id=entry).delete(),
        lambda: Entry.objects.filter(pk=entry).update(ref="test.Order/2"),
        lambda: Account.objects.filter(pk=one).update(balance=0),
        lambda: Account.objects.filter(pk=other).delete(),
    ]
    for attempt in wrong:
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    added = Posting(entry_id=entry, account_id=account("third"), amount=1)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ledger_posting_whole IMMEDIATE")
    with pytest.raises(IntegrityError), transaction.atomic():
        added.save(force_insert=True)
    assert (balance(one), balance(other)) == (-7, 7)
    assert not list(sealing.verify())


@pytest.mark.django_db
def test_seals_make_a_chain_that_shows_any_change() -> None:
    one, other = account(), account("income")
    for amount in (1, 2, 3):
        post({one: -amount, other: amount})
    assert sealing.seal_all(at=NOW) == 3
    post({one: -4, other: 4})
    assert sealing.seal_all(at=NOW) == 1
    assert sealing.seal_all(at=NOW) == 0
    assert [seal.count for seal in Seal.objects.order_by("number")] == [3, 1]
    assert AuditEntry.objects.filter(action="ledger.seal").count() == 2
    assert not list(sealing.verify())
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE ledger_posting DISABLE TRIGGER USER")
        cursor.execute("UPDATE ledger_posting SET amount = amount * 10 WHERE abs(amount) = 2")
        cursor.execute("ALTER TABLE ledger_posting ENABLE TRIGGER USER")
    told = {fault.what for fault in sealing.verify()}
    assert told == {"entry", "balance"}


@pytest.mark.django_db
def test_who_may_not_see_an_account_may_still_be_the_one_who_posts() -> None:
    one, other = account(), account("income")
    database = cast(DatabaseWrapper, connection)
    database.wall(APP)
    try:
        assert not Account.objects.exists()
        entry = post({one: -7, other: 7}, "walled")
        assert post({one: -7, other: 7}, "walled") == entry
        services.reverse(actor=SYSTEM, entry_id=entry, key="back", on=ON, at=NOW)
        assert not Entry.objects.exists()
    finally:
        database.wall(None)
    assert (balance(one), Entry.objects.count()) == (0, 2)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_spend_what_is_there_once() -> None:
    till = account("till")
    purse = account("purse", least=0)
    post({purse: 500, till: -500})
    start, won, failed = threading.Barrier(8), [], []

    def spend(turn: int) -> None:
        try:
            start.wait(20)
            # Each twice with one key, and each pair of accounts in the other order.
            for _ in range(2):
                amounts = {purse: -100, till: 100} if turn % 2 else {till: 100, purse: -100}
                won.append(post(amounts, f"turn-{turn}"))
        except services.TooLittle:
            pass
        except SongheError as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=spend, args=(turn,)) for turn in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failed
    assert (balance(purse), balance(till)) == (0, 0)
    assert len(set(won)) == 5
    assert not list(sealing.verify())


class Books(RuleBasedStateMachine):
    """Posts, repeats, reversals and seals in any order, against a model of a few sums."""

    def __init__(self) -> None:
        super().__init__()
        self.free = [account(f"free-{n}") for n in range(3)]
        self.purses = [account(f"purse-{n}", least=0) for n in range(2)]
        self.sums = dict.fromkeys(self.free + self.purses, 0)
        self.made: dict[str, tuple[UUID, dict[UUID, int]]] = {}
        self.gone: set[UUID] = set()

    def _apply(self, amounts: dict[UUID, int]) -> bool:
        after = {of: self.sums[of] + amount for of, amount in amounts.items()}
        if any(of in self.purses and value < 0 for of, value in after.items()):
            return False
        self.sums |= after
        return True

    @rule(
        turn=st.integers(0, 5),
        parts=st.lists(st.tuples(st.integers(0, 4), st.integers(-50, 50)), min_size=1, max_size=4),
    )
    def move(self, turn: int, parts: list[tuple[int, int]]) -> None:
        every = self.free + self.purses
        amounts: dict[UUID, int] = {}
        for of, amount in parts:
            amounts[every[of]] = amounts.get(every[of], 0) + amount
        rest = sum(amounts.values())
        amounts[every[0]] = amounts.get(every[0], 0) - rest
        amounts = {of: amount for of, amount in amounts.items() if amount}
        key = f"{id(self)}-{turn}"
        try:
            found = post(amounts, key)
        except services.Unbalanced:
            assert len(amounts) < 2
        except services.KeyTaken:
            assert self.made[key][1] != amounts
        except services.TooLittle:
            assert key not in self.made or self.made[key][1] != amounts
            assert not self._apply(amounts)
        else:
            if key in self.made:
                assert self.made[key] == (found, amounts)
            else:
                assert self._apply(amounts)
                self.made[key] = (found, amounts)

    @rule(turn=st.integers(0, 5))
    def back(self, turn: int) -> None:
        entry, amounts = self.made.get(f"{id(self)}-{turn}", (None, {}))
        if entry is None:
            return
        key = f"{uuid4()}"
        try:
            services.reverse(actor=SYSTEM, entry_id=entry, key=key, on=ON, at=NOW)
        except services.AlreadyReversed:
            assert entry in self.gone
        except services.TooLittle:
            assert not self._apply({of: -amount for of, amount in amounts.items()})
        else:
            assert entry not in self.gone
            assert self._apply({of: -amount for of, amount in amounts.items()})
            self.gone.add(entry)

    @rule()
    def seal(self) -> None:
        sealing.seal_all(at=NOW)

    @invariant()
    def nothing_is_made_or_lost(self) -> None:
        assert selectors.balances(self.sums) == self.sums
        assert sum(self.sums.values()) == 0

    def teardown(self) -> None:
        assert not list(sealing.verify())


@pytest.mark.django_db
def test_the_books_balance_after_any_sequence() -> None:
    run_state_machine_as_test(Books, settings=settings(max_examples=25, stateful_step_count=25))
