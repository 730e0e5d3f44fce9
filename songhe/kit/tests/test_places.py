"""Who is where, drawn to scale: marks never lie on each other, ways join what they should."""

from __future__ import annotations

import re

from songhe.kit.charts import Places, Spot, Way, places
from songhe.kit.charts.ground import around, metres
from songhe.kit.charts.plans import width_of

HERE = (30.64, 119.68)


def north(m: float) -> tuple[float, float]:
    """Return a point so many metres north of HERE."""
    return HERE[0] + m / 111_195, HERE[1]


def test_nothing_placed_is_nothing_drawn() -> None:
    assert places(Places("x", [])) == ""


def test_a_way_leads_from_the_helper_to_the_home_and_is_said() -> None:
    home = Spot("home", HERE, "calls", "陈", "陈秀兰的家")
    liu = Spot("liu", north(1000), "helper", "刘", "小刘")
    drawn = places(Places("云岭镇", [home, liu], [Way("liu", "home", "4 分钟")]))
    [(x1, y1, x2, y2)] = re.findall(r'class="way way-sure" d="M(\S+) (\S+)L(\S+) (\S+)"', drawn)
    assert x1 == x2
    assert float(y1) < float(y2)  # north is up
    assert "小刘" in drawn
    assert "4 分钟" in drawn
    assert 'role="img"' in drawn


def test_marks_at_one_place_stand_side_by_side() -> None:
    spots = [Spot(str(n), HERE, "helper", str(n), str(n)) for n in range(30)]
    drawn = places(Places("x", spots))
    at = re.findall(r'<circle class="helper" cx="(\S+)" cy="(\S+)"', drawn)
    assert len(at) == len(set(at)) == 30


def test_a_hostile_name_stays_text_and_links_make_a_group() -> None:
    spot = Spot("a", HERE, "home", "<", "<script>", label="<script>", href="/orders/1/")
    drawn = places(Places("x", [spot], areas=[("<b>", north(200))]))
    assert "<script>" not in drawn
    assert "<b>" not in drawn
    assert 'role="group"' in drawn
    assert 'href="/orders/1/"' in drawn


def test_the_ground_is_to_scale_and_holds_every_point() -> None:
    points = [HERE, north(2000), (HERE[0], HERE[1] + 0.03)]
    ground = around(points, width=400, height=200, edge=20)
    for point in points:
        x, y = ground.at(point)
        assert 19.9 <= x <= 380.1
        assert 19.9 <= y <= 180.1
    (x1, y1), (x2, y2) = ground.at(HERE), ground.at(north(2000))
    east, up = metres(HERE, north(2000))
    assert abs((y1 - y2) / ground.scale - up) < 1
    assert abs(x1 - x2 - east * ground.scale) < 0.1


def test_names_and_times_lie_on_nothing_else() -> None:
    """The nearest helper stands beside the home: the name of each is read all the same."""
    home = Spot("home", HERE, "calls", "董", "董永山", label="董永山")
    near = [
        Spot(str(n), (HERE[0], HERE[1] + 0.0004 * (n + 1)), "helper", "何", f"小何{n}", f"小何{n}")
        for n in range(3)
    ]
    far = Spot("far", north(900), "helper", "刘", "小刘", label="小刘")
    drawn = places(Places("云岭镇", [home, *near, far], [Way("far", "home", "7 分钟")]))
    found = re.findall(
        r'<text class="strong" x="(\S+)" y="(\S+)" text-anchor="(\w+)">([^<]+)</text>', drawn
    )
    assert [words for *_at, words in found] == [
        "董永山",
        "小何0",
        "小何1",
        "小何2",
        "小刘",
        "7 分钟",
    ]
    boxes = []
    for x, y, anchor, words in found:
        long = width_of(words, 12)
        left = float(x) - {"start": 0, "middle": long / 2, "end": long}[anchor]
        boxes.append((left, float(y) - 12, left + long, float(y) + 3))
    for n, one in enumerate(boxes):
        for other in boxes[n + 1 :]:
            apart = one[2] <= other[0] or other[2] <= one[0]
            assert apart or one[3] <= other[1] or other[3] <= one[1]
