"""What a radar's page says: presence, height where it is known how it hangs, never falls."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.utils.translation import override

from songhe.domains.telemetry.panels import radar
from songhe.domains.telemetry.selectors.waves import Chunk, WaveSource
from songhe.kernel import codes
from songhe.kernel.ids import uuid7
from songhe.kernel.signals.tests.test_radar import RATE_HZ, cloud, drop, walk

START = datetime(2026, 11, 22, 2, tzinfo=UTC)
SOURCE = WaveSource(uuid7(), uuid7(), codes.by_key("radar-points"), ("",), START, RATE_HZ, (24, 5))


def chunks(frames: np.ndarray) -> list[Chunk]:
    size = round(RATE_HZ)
    return [
        Chunk(
            START + timedelta(seconds=n), n, RATE_HZ,
            frames[n * size : (n + 1) * size].reshape(-1, 24 * 5), None, "", (24, 5),
        )
        for n in range(len(frames) // size)
    ]  # fmt: skip


def told(frames: np.ndarray, mounting: dict[str, float]) -> tuple[radar.Seen, str]:
    found = radar.seen(SOURCE, chunks(frames), mounting)
    assert found is not None
    with override("en"):
        return found, " ".join(radar.sentences(found, mounting))


def test_somebody_upright_is_there_as_high_as_the_radar_hangs() -> None:
    found, said = told(walk(12), {"height_m": 1.0})
    assert found.since is not None
    assert found.from_start
    assert found.height_m == pytest.approx(1.6, abs=0.2)
    assert "somebody is there, for a minute or longer" in said
    assert "reach about 1." in said
    assert ("Probably upright." in said) is not bool(found.activities)
    higher, _ = told(walk(12), {"height_m": 1.5})
    assert higher.height_m == pytest.approx(found.height_m + 0.5, abs=0.11)


def test_without_knowing_how_it_hangs_no_height_is_told() -> None:
    found, said = told(walk(12), {})
    assert found.height_m is None
    assert "nobody wrote down how it hangs" in said


def test_nobody_is_nobody_and_a_fall_is_not_claimed() -> None:
    nobody, said = told(cloud(np.full(400, np.nan), np.zeros(400), np.zeros(400)), {})
    assert nobody.since is None
    assert "nobody moves before the radar" in said
    _, lying = told(drop(), {"height_m": 1.0})
    assert "it is off unless somebody has switched it on" in lying
    assert "Its points reach about 0." in lying


def test_the_plan_shows_what_moves_in_the_last_second_and_says_where() -> None:
    held = chunks(walk(6))
    points = radar.last_points(held, held[-1].ends_at)
    assert len(points) == 20 * 20
    moving = int((points[:, 3] != 0).sum())
    drawn = str(radar.draw(points))
    assert drawn.count('r="4"') == moving
    with override("en"):
        assert f"{moving} points move" in radar.place_words(points)
    assert radar.last_points(held, START).shape == (0, 5)
    course = radar.moving(held)
    assert sum(float(c.values.sum()) for c in course[-1:]) == moving
    assert "nobody" not in str(radar.table(radar.seen(SOURCE, held, {})))


def test_half_a_second_is_counted_by_its_frames() -> None:
    held = chunks(walk(3))
    middle = START + timedelta(seconds=1.5)
    assert len(radar.last_points(held, middle)) == 20 * 20


@pytest.mark.parametrize(
    ("high", "words"),
    [(1.6, "Probably upright."), (1.0, "Perhaps sitting"), (0.4, "Low: perhaps lying.")],
)
def test_height_is_a_posture_only_while_no_movement_says_more(high: float, words: str) -> None:
    still = radar.Seen(START, START, from_start=False, height_m=high, activities=())
    walks = radar.Seen(START, START, from_start=False, height_m=high,
                       activities=(radar.Activity(START, "walk", 0.98),))  # fmt: skip
    with override("en"):
        assert words in " ".join(radar.sentences(still, {"height_m": 1.2}))
        said = " ".join(radar.sentences(walks, {"height_m": 1.2}))
    assert words not in said
    assert "Probably walks (98 %)" in said
