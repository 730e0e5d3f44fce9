"""Ids, errors, time, wire structs and tickets."""

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from songhe.kernel import errors, ids, tickets, time, wire
from songhe.kernel.tests.make import CHEN, CUFF, T0, reading

SECRET = "a secret of the installation"


def test_new_ids_are_version_7_and_strictly_increasing() -> None:
    made = [ids.uuid7() for _ in range(5000)]
    assert all(one.version == 7 and one.variant == "specified in RFC 4122" for one in made)
    assert all(a < b for a, b in pairwise(made))


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="\x1f")), min_size=1))
def test_derived_ids_are_the_same_for_the_same_parts_only(parts: list[str]) -> None:
    one = ids.derived(*parts)
    assert one == ids.derived(*parts)
    assert one.version == 8
    assert one != ids.derived(*parts, "")
    assert one != ids.derived(*parts[:-1], parts[-1] + "x")


def test_an_error_says_its_sentence_with_its_parameters() -> None:
    class Taken(errors.Conflict):
        code = "dispatch.order_taken"
        message = "Order %(number)s is taken by %(worker)s."

    error = Taken(number=7, worker="小刘")
    assert str(error) == "Order 7 is taken by 小刘."
    assert (error.status, error.code, error.params["number"]) == (409, "dispatch.order_taken", 7)


MOMENTS = st.datetimes(
    datetime(1970, 1, 2),  # noqa: DTZ001
    datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.integers(-840, 840).map(lambda m: timezone(timedelta(minutes=m))),
)


@given(MOMENTS)
def test_instants_survive_the_way_to_microseconds_and_back(moment: datetime) -> None:
    moment_us = time.to_us(moment)
    assert time.from_us(moment_us) == moment
    assert time.parse_us(moment.isoformat()) == moment_us


@pytest.mark.parametrize("text", ["2026-11-20T20:00:00", "yesterday", "", "2026-13-01T00:00:00Z"])
def test_times_without_zone_or_sense_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        time.parse_us(text)


def test_business_days_are_the_regions() -> None:
    moment = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)
    assert time.business_day(moment, "Asia/Shanghai") == date(2026, 11, 21)
    start, end = time.day_bounds(date(2026, 11, 21), "Asia/Shanghai")
    assert start <= moment < end
    assert end - start == timedelta(days=1)
    assert time.minute_of_day(time.to_us(moment), "Asia/Shanghai") == 30


CODES = st.lists(st.integers(1, 80), min_size=1, max_size=6, unique=True)


@given(CODES, st.randoms(use_true_random=False))
def test_fingerprints_do_not_hang_on_order_and_fit_a_bigint(codes: list[int], random) -> None:
    mixed = list(codes)
    random.shuffle(mixed)
    found = wire.fingerprint(tuple(codes))
    assert found == wire.fingerprint(tuple(mixed))
    assert -(2**63) <= found < 2**63


@given(st.sets(st.integers(1, 80), min_size=1), st.sets(st.integers(1, 80), min_size=1))
def test_other_codes_have_another_fingerprint(a: set[int], b: set[int]) -> None:
    same = wire.fingerprint(tuple(a)) == wire.fingerprint(tuple(b))
    assert same == (a == b)


@pytest.mark.parametrize(
    "struct",
    [
        reading(0, sbp=120, dbp=80),
        wire.DeviceSnapshot(
            CUFF, "cuff-1", True, "bp", [("ab", None), ("cd", 5)], [wire.Binding(T0, None, 1, CHEN)]
        ),
        wire.RuleScope("*", [wire.RuleChange("bp-high", "1", params={"sbp_ge": 130})]),
        wire.LiveEvent(["alarm:1"], "alarm", "1", "2026-11-20T12:00:00Z"),
    ],
    ids=lambda struct: type(struct).__name__,
)
def test_wire_structs_survive_json(struct: msgspec.Struct) -> None:
    assert msgspec.json.decode(msgspec.json.encode(struct), type=type(struct)) == struct


TICKET = wire.LiveTicket(CHEN, ["region:990121", "alarm:1"], exp=1000)


def test_a_ticket_holds_until_it_expires_and_only_under_its_secret() -> None:
    text = tickets.sign(TICKET, SECRET)
    assert tickets.verify(text, SECRET, 1000) == TICKET
    with pytest.raises(tickets.BadTicket):
        tickets.verify(text, SECRET, 1000.1)
    with pytest.raises(tickets.BadTicket):
        tickets.verify(text, SECRET + "x", 900)


@given(st.data())
def test_no_altered_ticket_is_admitted(data: st.DataObject) -> None:
    text = tickets.sign(TICKET, SECRET)
    body = text.partition(".")[0]
    place = data.draw(st.integers(0, len(body) - 1))
    other = data.draw(st.sampled_from("ABCabc019-_").filter(lambda char: char != body[place]))
    with pytest.raises(tickets.BadTicket):
        tickets.verify(text[:place] + other + text[place + 1 :], SECRET, 0)


@given(st.text())
def test_no_text_breaks_the_check(text: str) -> None:
    with pytest.raises(tickets.BadTicket):
        tickets.verify(text, SECRET, 0)
