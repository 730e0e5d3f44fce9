"""The day picture, the night, floor plans and the district."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from songhe.kit import charts

ZONE = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 11, 21)
MIDNIGHT = datetime(2026, 11, 21, tzinfo=ZONE)


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def of(tree: ElementTree.Element, css: str) -> list[ElementTree.Element]:
    return [e for e in tree.iter() if css in e.get("class", "").split()]


def span(a: float, b: float, kind: str) -> charts.Span:
    return charts.Span(MIDNIGHT + timedelta(hours=a), MIDNIGHT + timedelta(hours=b), kind)


def draw(*spans: charts.Span, now: float | None = None) -> ElementTree.Element:
    at = None if now is None else MIDNIGHT + timedelta(hours=now)
    return ElementTree.fromstring(
        charts.day(charts.DayPicture(DAY, ZONE, [charts.Lane("Bedroom", spans)], now=at))
    )


def test_each_kind_has_its_own_look_and_its_own_words() -> None:
    tree = draw(span(0, 6, "soft"), span(7, 8, "in"), span(9, 10, "out"), span(14, 15, "unknown"))
    for css in ("soft", "in", "out", "gap"):
        assert len(of(tree, css)) == 1, css
    assert of(tree, "lane")[0].get("aria-label") == (
        "Bedroom: in bed 00:00 to 06:00; active in the room 07:00 to 08:00; "
        "out of the home 09:00 to 10:00; not known 14:00 to 15:00.")
    assert of(tree, "soft")[0].get("width") == "25.00%"


def test_after_now_there_is_nothing_even_when_data_say_otherwise() -> None:
    tree = draw(span(10, 20, "in"), span(21, 22, "in"), now=12)
    shown = of(tree, "in")
    assert len(shown) == 1
    assert shown[0].get("width") == "8.33%"
    assert of(tree, "later")[0].get("x") == "50.00%"
    assert [e.text for e in of(tree, "now")] == ["now"]


def test_a_span_over_midnight_is_cut_at_the_day() -> None:
    tree = draw(span(-3, 2, "soft"), span(23, 30, "soft"))
    assert [e.get("x") for e in of(tree, "soft")] == ["0.00%", "95.83%"]


def test_the_hours_around_a_night_begin_where_they_are_told_to() -> None:
    start = MIDNIGHT - timedelta(hours=14)  # ten in the morning of the day before
    lanes = [charts.Lane("Bedroom", [span(-3, 2, "soft"), span(-20, -16, "in")])]
    picture = charts.DayPicture(
        DAY, ZONE, lanes, now=MIDNIGHT + timedelta(hours=4), start=start,
        events=[charts.Event(MIDNIGHT + timedelta(hours=3), "SOS")],
    )  # fmt: skip
    tree = ElementTree.fromstring(charts.day(picture))
    assert [e.get("x") for e in of(tree, "soft")] == ["45.83%"]  # 21:00, whole over midnight
    assert of(tree, "in") == []
    (lane, _events) = of(tree, "lane")
    assert lane.get("aria-label") == "Bedroom: in bed 21:00 to 02:00."
    nights = [(e.get("x"), e.get("width")) for e in of(lane, "night")]
    assert nights == [("45.83%", "29.17%")]  # from 21:00 to now
    hours = [e.text for e in of(tree, "hours")[0].iter("text")]
    assert hours == ["12", "15", "18", "21", "0", "6", "9", "now"]
    assert "Events" in charts.day_table(picture)


def test_a_lane_without_anything_says_so() -> None:
    assert of(draw(), "lane")[0].get("aria-label") == "Bedroom: nothing seen."


@given(st.lists(st.tuples(st.floats(-30, 50), st.floats(0, 30),
                          st.sampled_from(["soft", "in", "out", "unknown"])), max_size=30))
def test_any_day_stays_inside(spans) -> None:
    tree = draw(*(span(a, a + length, kind) for a, length, kind in spans), now=18)
    for rect in tree.iter("rect"):
        x, width = (float(rect.get(n, "0").removesuffix("%")) for n in ("x", "width"))
        assert 0 <= x <= 100
        assert x + width <= 100.3


def test_the_night_counts_what_it_does_not_know() -> None:
    start = MIDNIGHT + timedelta(hours=19)
    spans = [span(21, 23, "soft"), span(23, 23.2, "in"), span(23.2, 26, "soft"),
             span(26, 27, "unknown")]
    tree = ElementTree.fromstring(charts.night(spans, start, start + timedelta(hours=12), ZONE))
    assert tree.get("aria-label") == (
        "Out of bed 1 time since 19:00. Part of the night is not known.")
    assert len(of(tree, "gap")) == 1


HOME = {"width": 320, "height": 176, "doors": [[144, 62, 144, 88]],
        "rooms": [{"key": "bedroom", "label": "卧室", "x": 8, "y": 8, "width": 136, "height": 92},
                  {"key": "kitchen", "x": 8, "y": 100, "width": 80, "height": 68}]}


def test_a_floor_plan_shows_where_the_alarm_is_and_which_sensors_are_lost() -> None:
    floor = charts.floor_plan_from(HOME, "Room 402", {"bedroom": "Bedroom", "kitchen": "Kitchen"})
    calm = ElementTree.fromstring(charts.plan(floor))
    assert of(calm, "spot") == of(calm, "room-alarm") == []
    sensors = [charts.Sensor("kitchen", "smoke", lost=True), charts.Sensor("bedroom", "bed")]
    tree = ElementTree.fromstring(
        charts.plan(replace(floor, alarm_room="kitchen", person_room="bedroom", sensors=sensors)))
    assert len(of(tree, "room-alarm")) == len(of(tree, "spot")) == 1
    assert len(of(tree, "sensor-lost")) == 1
    assert tree.get("aria-label") == (
        "Floor plan, Room 402: Bedroom, Kitchen. The alarm is in: Kitchen. "
        "Last seen in: Bedroom. Lost sensors: Kitchen smoke.")


@pytest.mark.parametrize(("width", "down"), [(54.0, 34.0), (90.0, 18.0)])
def test_the_alarm_lies_on_no_name(width: float, down: float) -> None:
    room = charts.Room("bath", "卫生间", 0.0, 0.0, width, 80.0)
    floor = charts.FloorPlan("home", 100.0, 100.0, [room], alarm_room="bath")
    (spot,) = of(ElementTree.fromstring(charts.plan(floor)), "spot")
    assert float(spot.get("cy", "0")) == down


@pytest.mark.parametrize("body", [
    {}, {"width": 1, "height": 1, "rooms": [{"key": "a"}]},
    {"width": "x", "height": 1, "rooms": []},
    {**HOME, "rooms": [{**HOME["rooms"][0], "x": 300}]}, {**HOME, "doors": [[1, 2]]},
])
def test_a_malformed_plan_is_refused(body: dict) -> None:
    with pytest.raises(ValueError, match=r"plan|float"):
        charts.floor_plan_from(body, "x")


def test_a_home_without_rooms_says_that_there_is_no_plan() -> None:
    svg = charts.plan(charts.FloorPlan("Room 402", 320, 96, ()))
    assert "No floor plan yet" in svg
    assert "Room 402: no floor plan yet." in svg


def test_the_district_links_and_says_what_is_wrong() -> None:
    spots = [charts.Spots("unknown", 14), charts.Spots("high", 1), charts.Spots("low", 0)]
    places = [charts.Community("1", "Guihuali", spots, href="/c/1/"),
              charts.Community("2", "Dongguan", href="/c/2/"), charts.Community("3", "Nanqiao")]
    town = charts.Town("t", "Yunling", places)
    tree = ElementTree.fromstring(charts.district(charts.District("the county", [town], columns=2)))
    assert tree.get("role") == "group"
    assert [a.get("aria-label") for a in tree.iter("a")] == [
        "Guihuali: 1 high, 14 unknown", "Dongguan: no alarms"]
    assert [s.get("data-priority") for s in of(tree, "sign")] == ["high", "unknown"]
    assert "14" in [e.text for e in of(tree, "sign-count")]
    assert tree.get("viewBox", "").split()[2] == "236"
    nothing = ElementTree.fromstring(charts.district(charts.District("the county", [])))
    assert nothing.get("role") == "img"
    assert "No communities yet" in [e.text for e in nothing.iter()]
