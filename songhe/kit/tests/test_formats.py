"""Times and numbers in both languages."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from songhe.kit import formats

NOW = datetime(2026, 11, 21, 18, 14, 16, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("past", "zh", "en"),
    [
        (timedelta(seconds=3), "刚刚", "just now"),
        (timedelta(seconds=40), "40 秒前", "40 seconds ago"),
        (timedelta(minutes=1), "1 分钟前", "1 minute ago"),
        (timedelta(hours=26), "1 天前", "1 day ago"),
        (timedelta(seconds=-9), "刚刚", "just now"),
    ],
)
def test_how_long_ago(past: timedelta, zh: str, en: str) -> None:
    with translation.override("zh-hans"):
        assert formats.ago(NOW - past, NOW) == zh
    with translation.override("en"):
        assert formats.ago(NOW - past, NOW) == en


def test_a_day_is_written_the_way_of_the_language_and_the_zone() -> None:
    with translation.override("zh-hans"):
        assert formats.long_date(date(2026, 11, 21)) == "2026年11月21日 星期六"
        assert formats.moment(NOW, SHANGHAI) == "11-22 02:14"
        assert formats.clock_or_day(NOW - timedelta(hours=3), NOW, SHANGHAI) == "11-21"
    with translation.override("en"):
        assert formats.long_date(date(2026, 11, 21)) == "Saturday, 21 Nov 2026"
        assert formats.clock_or_day(NOW - timedelta(hours=1), NOW, SHANGHAI) == "01:14"


@pytest.mark.parametrize(
    ("day", "said"),
    [(date(2026, 11, 23), "农历十月十五"), (date(2026, 2, 17), "农历正月初一"),
     (date(2026, 2, 16), "农历腊月廿九"), (date(2025, 7, 25), "农历闰六月初一"),
     (date(2024, 2, 9), "农历腊月三十"), (date(2026, 9, 25), "农历八月十五"),
     (date(2033, 12, 22), "农历闰冬月初一")],
)  # fmt: skip
def test_the_day_of_the_lunar_calendar(day: date, said: str) -> None:
    with translation.override("zh-hans"):
        assert formats.lunar_day(day) == said
    with translation.override("en"):
        assert formats.lunar_day(day) == ""


def test_the_clock_of_an_alarm_row() -> None:
    with translation.override("zh-hans"):
        assert formats.since(NOW - timedelta(seconds=88), NOW) == "01:28"
        assert formats.since(NOW - timedelta(hours=7, minutes=59), NOW) == "7 小时"
        assert formats.since(NOW - timedelta(days=2), NOW) == "2 天"
        assert formats.span(timedelta(hours=7, minutes=10)) == "7 小时 10 分钟"


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [(1204, 0, "1,204"), (5.6, 1, "5.6"), (5.0, 1, "5.0"), (-0.04, 1, "0.0"), (-12.5, 1, "-12.5")],
)
def test_a_number_keeps_its_decimals(value: float, decimals: int, text: str) -> None:
    assert formats.number(value, decimals) == text
