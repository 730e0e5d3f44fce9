"""Bytes are handed on in their order, a little each turn, and nothing is put off without bound."""

from __future__ import annotations

import asyncio
import time

import pytest

from songhe.gateway.front import turns
from songhe.gateway.front.turns import Turns


class Slow:
    """Takes a millisecond for everything."""

    def __init__(self, name: str, taken: list[tuple[str, bytes, int]]) -> None:
        self.name = name
        self.taken = taken
        self.ended = ""

    def end(self, why: str) -> None:
        self.ended = why

    def take(self, data: bytes, received_us: int) -> None:
        end_s = time.monotonic() + 0.001
        while time.monotonic() < end_s:
            pass
        self.taken.append((self.name, data, received_us))


async def test_others_have_their_turn_between_and_the_order_stays() -> None:
    taken: list[tuple[str, bytes, int]] = []
    one, two = Slow("one", taken), Slow("two", taken)
    waiting, others = Turns(), 0
    for number in range(40):
        waiting.put(one if number % 2 else two, b"%d" % number, number)
    assert 1 <= len(taken) < 20
    while len(taken) < 40:
        await asyncio.sleep(0)
        others += 1
        waiting.put(one, b"more", 99) if others == 1 else None
    assert others >= 5
    while len(taken) < 41:
        await asyncio.sleep(0)
    assert [data for _, data, _ in taken] == [*(b"%d" % n for n in range(40)), b"more"]
    assert [at for *_, at in taken[:40]] == list(range(40))


async def test_what_waits_of_a_connection_that_ends_is_handed_on_at_once() -> None:
    taken: list[tuple[str, bytes, int]] = []
    one, two = Slow("one", taken), Slow("two", taken)
    waiting = Turns()
    for number in range(40):
        waiting.put(one if number % 2 else two, b"%d" % number, number)
    assert len(taken) < 20
    waiting.finish(one)
    assert [at for name, _, at in taken if name == "one"] == list(range(1, 40, 2))
    assert len(taken) < 40
    waiting.finish_all()
    assert [at for name, _, at in taken if name == "two"] == list(range(0, 40, 2))
    await asyncio.sleep(0)
    assert len(taken) == 40


async def test_not_more_waits_than_memory_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "MOST_BYTES", 4000)
    taken: list[tuple[str, bytes, int]] = []
    one, waiting = Slow("one", taken), Turns()
    for number in range(40):
        waiting.put(one, bytes(1000), number)
        assert number + 1 - len(taken) <= 4
    waiting.finish_all()
    assert [at for *_, at in taken] == list(range(40))


async def test_quiet_hours_wait_for_nothing() -> None:
    taken: list[tuple[str, bytes, int]] = []
    one, waiting = Slow("one", taken), Turns()
    for number in range(5):
        waiting.put(one, b"x", number)
        assert len(taken) == number + 1
        await asyncio.sleep(0)
        await asyncio.sleep(0)


class Faulty(Slow):
    """Meets an error of ours."""

    def take(self, data: bytes, received_us: int) -> None:
        raise ZeroDivisionError


async def test_an_error_of_ours_ends_only_the_connection_that_met_it() -> None:
    taken: list[tuple[str, bytes, int]] = []
    good, first, later = Slow("good", taken), Faulty("first", taken), Faulty("later", taken)
    waiting = Turns()
    waiting.put(first, b"x", 0)
    for number in range(30):
        waiting.put(later if number == 25 else good, b"x", number)
    assert (first.ended, later.ended) == ("fault", "")
    waiting.finish_all()
    assert (later.ended, good.ended, len(taken)) == ("fault", "", 29)
