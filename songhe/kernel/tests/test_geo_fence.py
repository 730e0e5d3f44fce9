"""Distances, areas, the Chinese datum, and leaving a safe area."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from songhe.kernel import geo
from songhe.kernel.tests.make import at, evaluator, feed, person_scope, phases, reading
from songhe.kernel.wire import Reading

HOME = (30.0, 120.0)
M_LAT = 1 / 111_195.08
CIRCLE = {"fence": {"lat": HOME[0], "lon": HOME[1], "radius_m": 300}}
SQUARE = [[29.99, 119.99], [29.99, 120.01], [30.01, 120.01], [30.01, 119.99]]
CHINA = st.tuples(st.floats(18.0, 53.0), st.floats(74.0, 134.0))


def test_distances_that_are_known() -> None:
    assert geo.haversine_m((0, 0), (0, 180)) == pytest.approx(math.pi * geo.EARTH_M)
    assert geo.haversine_m((0, 0), (1, 0)) == pytest.approx(111_195.08, rel=1e-6)
    assert geo.haversine_m((39.9, 116.4), (31.2, 121.5)) == pytest.approx(1_068_000, rel=0.01)


@given(CHINA, CHINA)
def test_distance_is_symmetric_and_zero_only_for_itself(a: geo.Point, b: geo.Point) -> None:
    assert geo.haversine_m(a, b) == pytest.approx(geo.haversine_m(b, a))
    assert geo.haversine_m(a, a) == 0


@given(CHINA)
def test_the_datum_is_turned_back_to_less_than_a_centimetre(point: geo.Point) -> None:
    back = geo.gcj02_to_wgs84(geo.wgs84_to_gcj02(point))
    assert geo.haversine_m(point, back) < 0.01


@given(CHINA)
def test_the_datum_shifts_by_some_hundred_metres(point: geo.Point) -> None:
    assert 5 < geo.haversine_m(point, geo.wgs84_to_gcj02(point)) < 1500


def test_outside_the_box_the_datum_does_not_apply() -> None:
    assert geo.gcj02_to_wgs84((51.5, -0.12)) == (51.5, -0.12)


def test_polygon_with_a_bay() -> None:
    bay = [(0.0, 0.0), (0.0, 4.0), (4.0, 4.0), (4.0, 0.0), (2.0, 2.0)]
    assert geo.inside((1, 3.5), bay)
    assert not geo.inside((2, 1), bay)
    assert not geo.inside((5, 5), bay)


@given(st.floats(29.9, 30.1), st.floats(119.9, 120.1))
def test_edge_distance_has_the_sign_of_the_ray_cast(lat: float, lon: float) -> None:
    corners = [(a, b) for a, b in SQUARE]
    beyond = geo.beyond_polygon_m((lat, lon), corners)
    assert (beyond < 0) == geo.inside((lat, lon), corners) or beyond == pytest.approx(0, abs=1e-3)


def fix(clock: str, metres: float, accuracy: float | None = 10) -> Reading:
    values = {"lat": HOME[0] + metres * M_LAT, "lon": HOME[1]}
    if accuracy is not None:
        values["accuracy"] = accuracy
    return reading(at(clock), **values)


def test_left_after_two_sure_fixes_and_back_only_well_inside() -> None:
    judge = evaluator(person_scope(CIRCLE))
    assert not feed(judge, fix("15:00", 100), fix("15:01", 305), fix("15:02", 320))
    (raised,) = feed(judge, fix("15:03", 330))
    assert (raised.rule, raised.level) == ("fence", "urgent")
    assert raised.summary["since_us"] == at("15:02")
    assert (raised.summary["beyond_m"], len(raised.evidence)) == (30, 2)
    assert not feed(judge, fix("15:04", 290))
    (cleared,) = feed(judge, fix("15:05", 250))
    assert (cleared.phase, cleared.of) == ("cleared", raised.id)


def test_an_inaccurate_fix_is_no_proof() -> None:
    judge = evaluator(person_scope(CIRCLE))
    assert not feed(judge, *(fix(f"15:0{m}", 450, accuracy=200) for m in range(5)))
    assert not feed(judge, *(fix(f"16:0{m}", 4500, accuracy=600) for m in range(5)))


def test_polygon_fence_and_several_areas() -> None:
    judge = evaluator(person_scope({"fence": [CIRCLE["fence"], {"polygon": SQUARE}]}))
    assert not feed(judge, fix("15:00", 900), fix("15:01", 900))
    found = feed(judge, fix("15:02", 1300), fix("15:03", 1300), fix("15:04", 0))
    assert phases(found, "fence") == ["raised", "cleared"]


def test_without_a_fence_positions_say_nothing() -> None:
    assert not feed(evaluator(), fix("15:00", 9000), fix("15:01", 9000))


def test_an_episode_is_not_told_again_while_the_person_is_away() -> None:
    fixes = [(at("10:00") + n * 60_000_000, 30.01) for n in range(0, 60, 2)]
    away = {"away": [[at("10:10"), at("10:40")]]}
    judge = evaluator(person_scope(CIRCLE | away))
    found = [
        finding
        for when, lat in fixes
        for finding in feed(judge, reading(when, lat=lat, lon=120.0, accuracy=10))
    ]
    assert phases(found, "fence")[0] == "raised"
    assert not [f for f in found if at("10:10") <= f.onset_us < at("10:40")]
    assert [f for f in found if f.onset_us >= at("10:40")]
