"""The summary of a night and its words, on nights made by rule."""

from __future__ import annotations

import string
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from songhe.kernel.night.sleep import EPOCH_US, Epoch
from songhe.kernel.night.summary import NightSummary, Usual, summarise, usual
from songhe.kernel.night.words import lines, one_line, sentence, templates
from songhe.kernel.time import HOUR_US, MINUTE_US, parse_us
from songhe.kernel.wire import Reading

SINCE = parse_us("2026-01-05T18:00:00+08:00")
UNTIL = parse_us("2026-01-06T10:00:00+08:00")
ZONE = "Asia/Shanghai"
BED, HEART, BREATH, COUNTS, SLEEP = 30, 4, 5, 45, 15


def said(clock: str, value: float, code: int = BED, device: int = 2) -> Reading:
    day = "05" if clock >= "12:00" else "06"
    at_us = parse_us(f"2026-01-{day}T{clock}:00+08:00")
    return Reading(1, UUID(int=1), UUID(int=device), at_us, at_us, (code,), (value,))


def bed(*pairs: str) -> list[Reading]:
    """bed("21:30-23:00", …) with an empty bed before."""
    found = [said("18:00", 0)]
    for pair in pairs:
        on, off = pair.split("-")
        found.append(said(on, 1))
        if off:
            found.append(said(off, 0))
    return found


def pulses(first: str, count: int, value: float, code: int = HEART) -> list[Reading]:
    start = said(first, 0).effective_us
    return [
        Reading(1, UUID(int=1), UUID(int=3), at, at, (code,), (value,))
        for at in range(start, start + count * 5 * MINUTE_US, 5 * MINUTE_US)
    ]


def ordered(*parts: list[Reading]) -> list[Reading]:
    return sorted((r for part in parts for r in part), key=lambda r: r.effective_us)


def test_a_night_with_two_exits() -> None:
    night = summarise(bed("21:30-00:10", "00:25-03:00", "03:05-06:40"), SINCE, UNTIL)
    assert night.bed_us == said("21:30", 0).effective_us
    assert night.up_us == said("06:40", 0).effective_us
    assert [e.minutes for e in night.exits] == [15, 5]
    assert night.in_bed_min == 9 * 60 + 10 - 20
    assert night.asleep_min is None
    text = one_line(lines(night), "en", ZONE)
    assert text.startswith("In bed from 21:30 to 06:40. How long the sleep was is not known.")
    assert "Got up 2 times, 20 min in all; the longest at 00:10 for 15 min." in text
    assert "The heart rate in bed is not known." in text
    assert one_line(lines(night), "zh", ZONE).startswith("21:30上床，06:40起床。睡了多久不清楚。")


def test_a_flicker_is_no_exit_and_a_nap_is_no_night() -> None:
    flicker = [said("18:00", 0), said("22:00", 1)]
    blink = said("02:00", 0)
    back = Reading(1, UUID(int=1), UUID(int=2), blink.effective_us + 30_000_000, 0, (BED,), (1,))
    night = summarise([*flicker, blink, back, said("06:00", 0)], SINCE, UNTIL)
    assert night.exits == ()
    nap = summarise(bed("18:30-19:00", "22:00-06:00"), SINCE, UNTIL)
    assert nap.bed_us == said("22:00", 0).effective_us


def test_what_the_bed_does_not_say_is_said_to_be_unknown() -> None:
    silent = summarise(pulses("22:00", 60, 60), SINCE, UNTIL)
    assert [line.key for line in lines(silent)] == ["bed_unknown"]
    empty = summarise(bed(), SINCE, UNTIL)
    assert [line.key for line in lines(empty)] == ["bed_empty"]
    still = summarise(bed("22:00-"), SINCE, UNTIL)
    assert still.up_us is None
    assert lines(still)[0].key == "in_bed_still"
    before = Reading(1, UUID(int=1), UUID(int=2), SINCE - HOUR_US, 0, (BED,), (1,))
    early = summarise([before, said("05:00", 0)], SINCE, UNTIL)
    assert early.bed_us == SINCE
    assert early.up_us == said("05:00", 0).effective_us


def test_two_people_s_mats_are_one_bed_while_either_feels_somebody() -> None:
    readings = ordered(bed("22:00-06:00"), [said("23:00", 1, device=9), said("06:30", 0, device=9)])
    night = summarise(readings, SINCE, UNTIL)
    assert night.up_us == said("06:30", 0).effective_us
    assert night.exits == ()


def test_asleep_comes_from_epochs_first_then_from_the_device_and_needs_most_of_the_night() -> None:
    readings = bed("22:00-06:00")
    start = readings[1].effective_us
    epochs = [Epoch(start + i * EPOCH_US, 0, i % 4 == 0, 0.5) for i in range(960)]
    night = summarise(readings, SINCE, UNTIL, epochs)
    assert (night.asleep_min, night.asleep_from) == (360.0, "epochs")
    told = [*readings, said("06:10", 401, SLEEP)]
    few = summarise(told, SINCE, UNTIL, epochs[:300])
    assert (few.asleep_min, few.asleep_from) == (401, "device")
    assert "6 h 41 min, as the device itself says" in one_line(lines(few), "en", ZONE)


def test_values_are_held_against_the_person_s_own_nights() -> None:
    def night(heart: float, breath: float) -> NightSummary:
        return summarise(
            ordered(
                bed("22:00-06:00"),
                pulses("22:10", 90, heart),
                pulses("22:10", 90, breath, BREATH),
            ),
            SINCE,
            UNTIL,
        )

    earlier = [night(58 + day % 3, 15) for day in range(7)]
    keys = [line.key for line in lines(night(70, 15), earlier)]
    assert "heart_higher" in keys
    assert "breathing_usual" in keys
    keys = [line.key for line in lines(night(70, 11), earlier[:6])]
    assert "heart_new" in keys
    text = one_line(lines(night(70, 11), earlier), "zh", ZONE)
    assert "心率比平常快：约每分钟70次（平常56到62次）。" in text
    assert "呼吸比平常慢" in text


def test_readings_outside_the_bed_are_not_the_night_s() -> None:
    readings = ordered(bed("22:00-06:00"), pulses("18:10", 30, 120), pulses("22:10", 60, 55))
    night = summarise(readings, SINCE, UNTIL)
    assert night.heart is not None
    assert night.heart.high == 55


def test_stirs_need_counts_for_most_of_the_night() -> None:
    readings = bed("22:00-06:00")
    start = readings[1].effective_us
    counts = [
        Reading(1, UUID(int=1), UUID(int=4), start + i * EPOCH_US, 0, (COUNTS,),
                (20.0 if i % 120 < 2 else 0.0,))
        for i in range(960)
    ]  # fmt: skip
    night = summarise(ordered(readings, counts), SINCE, UNTIL)
    assert night.stirs_per_h == pytest.approx(1.0)
    assert summarise(ordered(readings, counts[:400]), SINCE, UNTIL).stirs_per_h is None


def test_one_odd_night_does_not_widen_what_is_usual() -> None:
    nights = [
        summarise(ordered(bed("22:00-06:00"), pulses("22:10", 90, v)), SINCE, UNTIL)
        for v in (60, 60, 61, 59, 60, 61, 110)
    ]
    known = usual("heart", nights)
    assert known is not None
    assert known.high < 64
    assert usual("breathing", nights) is None
    assert Usual(1, 2, 6).against(9) == "new"


def test_every_sentence_has_both_languages_and_the_same_fields() -> None:
    fields = string.Formatter().parse
    for key, words in templates().items():
        found = {lang: {f for _, f, _, _ in fields(words[lang]) if f} for lang in ("en", "zh")}
        assert found["en"] == found["zh"], key


@given(st.lists(st.tuples(st.integers(0, 960), st.integers(0, 1), st.integers(2, 4)), max_size=40))
def test_whatever_the_bed_says_the_night_adds_up(events: list[tuple[int, int, int]]) -> None:
    readings = [
        Reading(1, UUID(int=1), UUID(int=device), SINCE + at * MINUTE_US, 0, (BED,), (float(on),))
        for at, on, device in sorted(events)
    ]
    night = summarise(readings, SINCE, UNTIL)
    if night.bed_us is None:
        assert night.exits == ()
    else:
        end = UNTIL if night.up_us is None else night.up_us
        assert SINCE <= night.bed_us < end <= UNTIL
        assert night.in_bed_min is not None
        assert night.in_bed_min > 0
        edges = [night.bed_us, *(x for e in night.exits for x in (e.left_us, e.back_us)), end]
        assert edges == sorted(edges)
    for line in lines(night):
        for language in ("en", "zh"):
            assert "{" not in sentence(line, language, ZONE)  # type: ignore[arg-type]
