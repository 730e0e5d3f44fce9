"""What repeats: which rules are read, on which days they come, and how one says them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from songhe.engines.booking.recurrence import (
    WEEK,
    BadEnd,
    BadPart,
    BadRule,
    NoSuchDay,
    Recurrence,
    parts_of,
)
from songhe.engines.booking.terms import Calendar
from songhe.engines.booking.words import rule_of, rule_words

FIRST = date(2026, 9, 1)  # a Tuesday


def days(rule: str, since: date, until: date, **given) -> list[str]:
    return [f"{day:%m%d}" for day in Recurrence(rule, FIRST, **given).days(since, until)]


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("FREQ=DAILY;INTERVAL=3", ["0901", "0904", "0907", "0910", "0913"]),
        ("FREQ=WEEKLY;BYDAY=MO,TH", ["0903", "0907", "0910", "0914"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", ["0901"]),
        ("FREQ=MONTHLY;BYDAY=2TU", ["0908"]),
        ("FREQ=MONTHLY;BYMONTHDAY=10,-1", ["0910"]),
        ("FREQ=MONTHLY", ["0901"]),
    ],
)
def test_days_are_those_of_the_rule(rule: str, found: list[str]) -> None:
    assert days(rule, FIRST, date(2026, 9, 15)) == found


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        ("", BadRule),
        ("FREQ=SECONDLY", BadRule),
        ("FREQ=YEARLY", BadRule),
        ("RSCALE=CHINESE;FREQ=MONTHLY", BadPart),
        ("DTSTART:20260901T000000\nRRULE:FREQ=DAILY", BadRule),
        ("FREQ=DAILY;BYHOUR=9", BadPart),
        ("FREQ=DAILY;COUNT=3", BadPart),
        ("FREQ=DAILY;INTERVAL=0", BadPart),
        ("FREQ=DAILY;INTERVAL=-1", BadPart),
        ("FREQ=DAILY;INTERVAL=1,2", BadPart),
        ("FREQ=DAILY;INTERVAL=²", BadPart),
        ("FREQ=WEEKLY;BYDAY=", BadPart),
        ("FREQ=WEEKLY;BYDAY=2TU", BadPart),
        ("FREQ=WEEKLY;BYMONTHDAY=3", BadPart),
        ("FREQ=MONTHLY;BYDAY=6MO", BadPart),
        ("FREQ=MONTHLY;BYMONTHDAY=32", BadPart),
        ("FREQ=DAILY;FREQ=DAILY", BadRule),
        ("FREQ=DAILY;INTERVAL=1;BYDAY=" + ",".join(WEEK * 9), BadRule),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=MO", NoSuchDay),
    ],
)
def test_a_rule_that_cannot_be_is_refused(rule: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        Recurrence(rule, FIRST).check()


def test_what_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(BadEnd):
        Recurrence("FREQ=DAILY", FIRST, FIRST).check()
    assert days("FREQ=DAILY", FIRST, date(2026, 10, 1), end=date(2026, 9, 3)) == ["0901", "0902"]


def test_holidays_rest_and_what_makes_up_for_them_is_worked() -> None:
    # 1 to 7 October 2026 are free; Sunday 20 September and Saturday 10 October are worked.
    weekdays, span = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", (date(2026, 9, 28), date(2026, 10, 12))
    every = ["0928", "0929", "0930", "1001", "1002", "1005", "1006", "1007", "1008", "1009"]
    rests = ["0928", "0929", "0930", "1008", "1009"]
    assert days(weekdays, *span) == every
    assert days(weekdays, *span, calendar=Calendar.RESTS) == rests
    assert days(weekdays, *span, calendar=Calendar.WORKS) == [*rests, "1010"]
    # An ordinary weekend is no holiday, and of a year that is not announced nothing is.
    assert "1011" in days("FREQ=DAILY", *span, calendar=Calendar.RESTS)
    later = (date(2040, 10, 1), date(2040, 10, 3))
    assert days("FREQ=DAILY", *later, calendar=Calendar.WORKS) == ["1001", "1002"]


@given(
    chosen=st.sets(st.sampled_from(WEEK), min_size=1),
    every=st.integers(1, 4),
    calendar=st.sampled_from(Calendar),
    since=st.integers(0, 90),
    parts=st.lists(st.integers(0, 40), max_size=5),
)
def test_days_asked_in_pieces_are_those_asked_at_once(
    chosen: set[str], every: int, calendar: Calendar, since: int, parts: list[int]
) -> None:
    one = Recurrence(rule_of(chosen, every=every), FIRST, calendar=calendar)
    one.check()
    begin = FIRST + timedelta(days=since)
    found, at = [], begin
    for part in parts:
        found += list(one.days(at, at + timedelta(days=part)))
        at += timedelta(days=part)
    assert found == list(one.days(begin, at))
    assert found == sorted(set(found))
    if calendar != Calendar.WORKS:
        assert {WEEK[day.weekday()] for day in found} <= chosen


@pytest.mark.parametrize(
    ("rule", "english", "chinese"),
    [
        ("FREQ=DAILY", "every day", "每天"),
        ("FREQ=DAILY;INTERVAL=2", "every 2 days", "每 2 天"),
        ("FREQ=WEEKLY;BYDAY=MO,TH", "Mon, Thu", "周一、周四"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "Mon, every 2 weeks", "周一，每 2 周一次"),
        ("FREQ=WEEKLY", "every week", "每周"),
        ("FREQ=MONTHLY", "monthly", "每月"),
        ("FREQ=MONTHLY;BYDAY=2TU", "monthly: Tue no. 2", "每月：第 2 个周二"),
        ("FREQ=MONTHLY;BYDAY=-1FR", "monthly: last Fri", "每月：最后一个周五"),
        ("FREQ=MONTHLY;BYMONTHDAY=15,-1", "monthly: day 15, last day", "每月：15 日、最后一天"),
    ],
)
def test_a_rule_is_said_as_one_says_it(rule: str, english: str, chinese: str) -> None:
    with translation.override("en"):
        assert rule_words(rule) == english
    with translation.override("zh-hans"):
        assert rule_words(rule) == chinese


def test_chosen_days_make_a_rule() -> None:
    assert rule_of([]) == ""
    assert rule_of(["TH", "MO"]) == "FREQ=WEEKLY;BYDAY=MO,TH"
    assert rule_of(WEEK) == "FREQ=DAILY"
    assert parts_of(rule_of(WEEK, every=2))["INTERVAL"] == "2"
