"""Acknowledgements: in order, a few a turn, and nobody's failure is another's."""

from __future__ import annotations

import asyncio

from songhe.gateway.batch import Batch
from songhe.gateway.tests.builders import Sender
from songhe.gateway.writer.settle import AT_ONCE, Settler


class Broken(Sender):
    """A source that is gone in the worst way."""

    def settle(self, tokens: bytes) -> None:
        raise RuntimeError


def batch(senders: list[Sender], tokens: bytes) -> Batch:
    one = Batch()
    one.receipts = {sender: bytearray(tokens) for sender in senders}
    return one


async def test_few_are_told_at_once_and_many_in_turns() -> None:
    senders = [Sender() for _ in range(3 * AT_ONCE)]
    settler = Settler()
    settler.put([batch(senders[:10], b"a")])
    assert [sender.settled for sender in senders[:10]] == [b"a"] * 10
    settler.put([batch(senders, b"b"), batch(senders, b"c")])
    told = sum(bool(sender.settled.strip(b"a")) for sender in senders)
    assert told == AT_ONCE
    await asyncio.sleep(0)
    settler.put([batch(senders[:1], b"d")])
    await settler.finish()
    assert {sender.settled for sender in senders[10:]} == {b"bc"}
    assert senders[0].settled == b"abcd"


async def test_a_source_that_fails_keeps_its_loss_to_itself() -> None:
    senders = [Sender() for _ in range(2 * AT_ONCE)]
    senders[0] = senders[AT_ONCE + 1] = Broken()
    settler = Settler()
    settler.put([batch(senders, b"a")])
    await settler.finish()
    settler.put([batch(senders, b"b")])
    await settler.finish()
    good = {sender.settled for sender in senders if not isinstance(sender, Broken)}
    assert good == {b"ab"}
