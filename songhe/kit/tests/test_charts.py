"""Charts: well-formed, inside their frame, gaps break the line, red for the alarm's reading."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from hypothesis import example, given
from hypothesis import strategies as st

from songhe.kit import charts
from songhe.kit.charts.scale import TimeScale, ValueScale, find_gaps, thin, value_scale

ZONE = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 11, 8, tzinfo=ZONE)
END = START + timedelta(days=14)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def parse(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def of(tree: ElementTree.Element, css: str) -> list[ElementTree.Element]:
    return [e for e in tree.iter() if css in e.get("class", "").split()]


def line(*points: charts.Point, **kwargs: object) -> charts.LineChart:
    fields = {"name": "Heart rate", "unit": "/min", "start": START, "end": END, "zone": ZONE}
    return charts.LineChart(**{**fields, "points": points, **kwargs})


def rods(*given_rods: charts.Rod, **kwargs: object) -> charts.RodChart:
    fields = {"name": "Blood pressure", "unit": "mmHg", "start": START, "end": END, "zone": ZONE}
    return charts.RodChart(**{**fields, "rods": given_rods, **kwargs})


def at(days: float) -> datetime:
    return START + timedelta(days=days)


def assert_inside(tree: ElementTree.Element, height: float) -> None:
    for element in tree.iter():
        for name in ("x", "x1", "x2", "cx"):
            value = element.get(name, "0")
            share = float(value.removesuffix("%"))
            assert 0 <= share <= 100
            if name == "x" and element.get("width", "").endswith("%"):
                assert share + float(element.get("width", "").removesuffix("%")) <= 100.01
        for name in ("y", "y1", "y2", "cy"):
            assert 0 <= float(element.get(name, "0")) <= height


values = st.floats(-1000, 1e6, allow_nan=False)
offsets = st.floats(-3, 17)


readings = st.lists(st.tuples(offsets, values, st.booleans()), max_size=40)


@given(readings, st.sampled_from([132, 232]))
def test_any_line_is_well_formed_and_inside(points, height: int) -> None:
    chart = line(*(charts.Point(at(d), v, a) for d, v, a in points), height=height, now=at(12),
                 gap_after=timedelta(days=1), bands=[charts.Band(40, 90)],
                 limits=[charts.Limit(120, "limit")], events=[charts.Event(at(3), "<moved>")])
    tree = parse(charts.line(chart))
    assert_inside(tree, height)
    inside = [(d, a) for d, _v, a in points if START <= at(d) <= END]
    assert len(of(tree, "alarm-dot")) == sum(a for _d, a in inside)


@given(st.lists(st.tuples(offsets, values, values, st.booleans()), max_size=30))
def test_any_rods_are_well_formed_and_inside(points) -> None:
    chart = rods(*(charts.Rod(at(d), a, b, alarm) for d, a, b, alarm in points))
    tree = parse(charts.rods(chart))
    assert_inside(tree, 232)
    shown = [p for p in points if START <= at(p[0]) <= END]
    assert len(of(tree, "bar")) == sum(not p[3] for p in shown)
    assert len(of(tree, "alarm-bar")) == sum(p[3] for p in shown)


def test_a_gap_breaks_the_line_and_is_a_dashed_box_with_words() -> None:
    chart = line(*(charts.Point(at(d), 70) for d in (0.1, 1, 2, 8, 9, 10, 13.9)),
                 gap_after=timedelta(days=3))
    tree = parse(charts.line(chart))
    assert len(of(tree, "trace")) == 4
    gaps = of(tree, "gap")
    assert len(gaps) == 2
    assert "no data" in {e.text for e in tree.iter()}
    ends = [float(e.get("x2", "").removesuffix("%")) for e in of(tree, "trace")]
    left = float(gaps[0].get("x", "").removesuffix("%"))
    assert not any(left < end < left + 30 for end in ends)
    assert "There are 2 stretches without data." in tree.get("aria-label", "")


def test_a_given_gap_breaks_the_line_too_and_is_not_drawn_twice() -> None:
    away = charts.Gap(at(3), at(6), "at her daughter's")
    chart = line(charts.Point(at(2), 70), charts.Point(at(7), 71), gaps=[away],
                 gap_after=timedelta(days=4))
    tree = parse(charts.line(chart))
    assert of(tree, "trace") == []
    assert "at her daughter's" in {e.text for e in tree.iter()}
    assert len(of(tree, "gap")) == 2


def test_only_the_reading_given_is_vermilion() -> None:
    calm = parse(charts.rods(rods(charts.Rod(at(1), 250, 140), limits=[charts.Limit(180, "x")])))
    assert [e for e in calm.iter() if "alarm" in e.get("class", "")] == []
    raised = parse(charts.rods(rods(charts.Rod(at(1), 120, 80), charts.Rod(at(2), 186, 112, True))))
    assert [e.text for e in of(raised, "alarm-text")] == ["186", "112"]
    assert "raised the alarm: 186/112 mmHg" in raised.get("aria-label", "")


@pytest.mark.parametrize("now", [None, at(10)])
def test_no_data_is_a_designed_state(now: datetime | None) -> None:
    for svg in (charts.line(line(now=now)), charts.rods(rods(now=now))):
        tree = parse(svg)
        assert len(of(tree, "gap")) == 1
        assert of(tree, "trace") == of(tree, "bar") == []
        assert tree.get("aria-label", "").endswith(": no data.")
        assert len(of(tree, "axis")) > 1


def test_the_future_is_blank() -> None:
    tree = parse(charts.line(line(charts.Point(at(1), 70), now=at(7), gap_after=timedelta(days=1))))
    later = of(tree, "later")[0]
    begins = float(later.get("x", "").removesuffix("%"))
    assert begins == pytest.approx(7 + 91 / 2, abs=0.1)
    for gap in of(tree, "gap"):
        end = float(gap.get("x", "0%")[:-1]) + float(gap.get("width", "0%")[:-1])
        assert end <= begins + 0.1


def test_text_is_escaped_everywhere() -> None:
    bad = '<script>"&'
    chart = line(charts.Point(at(1), 70), name=bad, unit=bad, limits=[charts.Limit(80, bad)],
                 events=[charts.Event(at(2), bad)], gaps=[charts.Gap(at(4), at(8), bad)])
    floor = charts.FloorPlan(bad, 320, 100, [charts.Room("a", bad, 0, 0, 320, 100, bad)],
                             sensors=[charts.Sensor("a", bad, lost=True)])
    places = charts.District(bad, [charts.Town("1", bad, [charts.Community("2", bad, href=bad)])])
    lanes = charts.DayPicture(date(2026, 11, 21), ZONE, [charts.Lane(bad)],
                              [charts.Event(START.replace(day=21), bad)])
    for html in (charts.line(chart), charts.table(chart), charts.plan(floor),
                 charts.district(places), charts.day(lanes), charts.day_table(lanes)):
        assert "<script" not in html
        ElementTree.fromstring(html)


def test_times_are_told_in_the_regions_zone() -> None:
    chart = line(charts.Point(datetime(2026, 11, 20, 18, 12, tzinfo=UTC), 70),
                 start=datetime(2026, 11, 20, 16, tzinfo=UTC),
                 end=datetime(2026, 11, 21, 16, tzinfo=UTC))
    texts = [e.text for e in parse(charts.line(chart)).iter() if e.text]
    assert "21 Nov" in texts
    assert "06:00" in texts
    assert "21 Nov 02:12" in charts.table(chart)


def test_the_table_is_newest_first_bounded_and_says_so() -> None:
    chart = line(*(charts.Point(START + n * HOUR, n) for n in range(300)))
    html = charts.table(chart)
    assert html.count("<tr>") == 201
    assert "The newest 200 of 300." in html
    assert html.index(">299<") < html.index(">298<")


@given(st.lists(st.floats(0, 300), min_size=1, max_size=3000))
def test_thinning_keeps_the_extremes_of_every_bucket(ys: list[float]) -> None:
    points = [(n / len(ys) * 91, y) for n, y in enumerate(ys)]
    kept = thin(points, 91, buckets=20)
    assert kept == sorted(set(kept))
    assert {0, len(ys) - 1} <= set(kept)
    assert len(kept) <= max(42, 40)
    for bucket in range(20):
        here = [i for i, (x, _y) in enumerate(points) if min(19, int(x / 91 * 20)) == bucket]
        if here:
            chosen = [ys[i] for i in here if i in set(kept)]
            assert min(ys[i] for i in here) in chosen
            assert max(ys[i] for i in here) in chosen


def test_the_alarm_survives_thinning() -> None:
    points = [charts.Point(START + timedelta(minutes=n), 70 + n % 3, n == 7777)
              for n in range(20_000)]
    tree = parse(charts.line(line(*points)))
    assert len(of(tree, "alarm-dot")) == 1
    assert len(of(tree, "trace")) < 700


def test_gaps_lie_between_and_at_both_ends() -> None:
    found = find_gaps([at(2), at(2.5), at(9)], at(0), at(10), timedelta(days=1))
    assert found == [(at(0), at(2)), (at(2.5), at(9))]
    assert find_gaps([], at(0), at(10), timedelta(days=1)) == [(at(0), at(10))]


@given(st.floats(-1e4, 1e4), st.floats(0.1, 1e4))
@example(16.2, 1.0)
def test_ticks_are_few_and_inside(low: float, width: float) -> None:
    scale = ValueScale(low, low + width, 36, 206)
    assert 1 <= len(scale.ticks(5)) <= 6
    assert all(low < tick < low + width for tick in scale.ticks(5))
    assert value_scale([5, 5], 0, 10).low < 5 < value_scale([5, 5], 0, 10).high


@pytest.mark.parametrize("hours", [3, 24, 30, 72, 24 * 14, 24 * 31, 24 * 400])
def test_time_ticks_are_round_and_few(hours: int) -> None:
    scale = TimeScale(START + timedelta(minutes=7), START + hours * HOUR, ZONE)
    ticks = scale.ticks(6)
    assert 1 <= len(ticks) <= 7
    assert all(t.minute == 0 and scale.holds(t) for t in ticks)


def test_a_window_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValueError, match="ends after it starts"):
        charts.line(line(start=END, end=START))


def test_bars_tell_zero_from_not_known() -> None:
    day = START + timedelta(days=3)
    bars = [charts.Bar(day, 0), charts.Bar(day + HOUR, None), charts.Bar(day + 2 * HOUR, 400),
            charts.Bar(day + 20 * HOUR, 300)]
    chart = charts.BarChart(name="Steps", unit="steps", start=day, end=day + 24 * HOUR, zone=ZONE,
                            bars=bars, now=day + 12 * HOUR)
    tree = parse(charts.bars(chart))
    assert_inside(tree, 132)
    heights = [float(e.get("height", "0")) for e in of(tree, "column")]
    assert heights[0] == 1
    assert heights[1] > 50
    assert len(heights) == 2
    assert len(of(tree, "column-none")) == 1
    assert "1 step is not known." in tree.get("aria-label", "")
    assert charts.table(chart).count("not known") == 1


def test_in_chinese_sentences_have_no_spaces_between() -> None:
    with translation.override("zh-hans"):
        label = parse(charts.rods(rods(charts.Rod(at(13.9), 186, 112, True),
                                       gap_after=timedelta(days=3)))).get("aria-label")
    assert label == ("Blood pressure，11-08 00:00 到 11-22 00:00：1 次，最近 186/112 mmHg。"
                     "有 1 段没有数据。11-21 21:36 的一次引起告警：186/112 mmHg。")
