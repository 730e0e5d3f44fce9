"""A day as it was spent: what the sensors can tell, nothing where nothing was heard."""

from datetime import timedelta

import pytest

from songhe.kernel.rhythm.doing import DOINGS, UNKNOWN, done, tellable
from songhe.kernel.rhythm.sensing import Fired, in_order
from songhe.kernel.rhythm.tests.home import FIRST, at, fired
from songhe.kernel.time import HOUR_US

CHANNELS = ("bed", "bathroom", "kitchen", "living", "front")
NEXT = FIRST + timedelta(days=1)


def lived(visits: tuple[float, ...] = (130, 260)) -> list[Fired]:
    """Return an evening and the day after: nights in bed, two visits, meals, an outing."""
    found = [fired(FIRST, 1260 + k * 6, "living", 3) for k in range(7)]
    began = 1320 - 1440.0
    for minute in (*visits, 400):
        found.append(fired(NEXT, began, "bed", minute - began))
        if minute != 400:
            found += [fired(NEXT, minute + 1, "bathroom", 2)]
        began = minute + 5
    found += [fired(NEXT, 403, "bathroom", 4)]
    for start in (420, 690, 1050):
        found += [fired(NEXT, start + k * 3, "kitchen", 1) for k in range(8)]
    found += [fired(NEXT, 540, "front"), fired(NEXT, 620, "front")]
    found += [fired(NEXT, 630 + k * 7, "living", 4) for k in range(8)]
    found += [fired(NEXT, 1110 + k * 7, "living", 4) for k in range(26)]
    found += [fired(NEXT, 1310, "bed", 120)]
    return in_order(found)


def told(events: list[Fired], until: float = 2000, **given):
    return done(events, CHANNELS, at(NEXT, 0), at(NEXT, 1440), at(NEXT, until), 480, **given)


def test_sensors_say_what_can_be_told() -> None:
    assert tellable(CHANNELS) == ("sleep", "bath", "meal", "leisure", "out")
    assert tellable(("flush", "bathroom", "fridge")) == ("toilet", "meal")
    assert tellable(("hall", "other")) == ()
    assert set(tellable(CHANNELS)) <= set(DOINGS)


def test_a_day_has_its_breakfast_its_visits_at_night_and_its_outing() -> None:
    day = told(lived())
    assert at(NEXT, 400) < day.meals["breakfast"].from_us < at(NEXT, 450)
    assert day.at_night is not None
    assert [round((s.from_us - at(NEXT, 0)) / 60e6) for s in day.at_night] == [
        pytest.approx(131, abs=5), pytest.approx(261, abs=5)
    ]  # fmt: skip
    out = [s for s in day.stretches if s.doing == "out"]
    assert any(s.from_us < at(NEXT, 580) < s.until_us for s in out)
    starts = [s.from_us for s in day.stretches]
    assert starts == sorted(starts)
    assert all(at(NEXT, 0) <= s.from_us < s.until_us <= at(NEXT, 1440) for s in day.stretches)
    assert all(0 < s.certainty <= 1 for s in day.stretches)


def test_a_night_without_a_visit_has_none() -> None:
    assert told(lived(visits=())).at_night == ()


def test_where_nothing_was_heard_nothing_is_suggested() -> None:
    blind = (at(NEXT, 60), at(NEXT, 300))
    day = told(lived(), unknown=(blind,))
    assert day.at_night is None
    inside = [s for s in day.stretches if s.from_us < blind[1] and s.until_us > blind[0]]
    assert [s.doing for s in inside] == [UNKNOWN]


def test_a_day_under_way_tells_nothing_of_what_is_to_come() -> None:
    now = 700
    day = told(lived(), until=now)
    assert max(s.until_us for s in day.stretches) <= at(NEXT, now)
    assert "dinner" not in day.meals
    assert told(lived(), until=200).at_night is None


def test_a_home_without_sensors_or_words_is_not_told() -> None:
    assert told([]).stretches == ()
    none = done(lived(), ("hall",), at(NEXT, 0), at(NEXT, 0) + 24 * HOUR_US, at(NEXT, 2000), 480)
    assert none.doings == ()
    assert none.stretches == ()


def test_a_sensor_that_never_says_off_keeps_nobody_awake() -> None:
    mute = [fired(FIRST, 1300, "living", 600)]
    day = told(in_order([*lived(), *mute]))
    night = [s for s in day.stretches if s.doing == "leisure" and s.until_us < at(NEXT, 380)]
    assert night == []
