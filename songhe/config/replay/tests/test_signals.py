"""Signals become chunks of a second at most, and joined they are the signal again."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songhe.config.replay.infrared import Small, steadied
from songhe.config.replay.play import BYTES_MOST, MESSAGES_MOST, payloads
from songhe.config.replay.recording import Line, encoded, finish
from songhe.config.replay.signals import MISSING, Signal, axes, chunks, steady_runs
from songhe.gateway import decoders

START = datetime(2026, 11, 22, 10)  # noqa: DTZ001 (a recording's wall clock has no zone)


def signal_of(leads: dict[str, np.ndarray], rate_hz: float) -> Signal:
    return Signal("s", "songhe:acceleration", "m/s2", rate_hz, 0.01, START, leads, "set/one")


@settings(max_examples=60, deadline=None)
@given(
    data=st.lists(st.integers(-2000, 2000) | st.just(MISSING), min_size=1, max_size=300),
    rate_hz=st.sampled_from([0.5, 8.77, 9.05, 20.0, 50.0, 360.0]),
)
def test_chunks_joined_are_the_signal_with_its_gaps(data, rate_hz):
    column = np.array(data, dtype=np.int16)
    signal = signal_of(
        axes(np.stack([column, column[::-1], np.zeros_like(column)], axis=1), 0), rate_hz
    )
    size = max(1, int(rate_hz))
    got = {name: [None] * len(data) for name in ("x", "y", "z")}
    for line in chunks(signal):
        seq = line.body["seq"]
        assert line.at == signal.at(seq * size)
        assert line.lasts <= timedelta(seconds=1) or size == 1
        message = msgspec.json.decode(encoded(line, line.at))
        assert {len(lead["samples"]) for lead in message["leads"]} <= set(range(1, size + 1))
        for lead in message["leads"]:
            begin = seq * size
            got[lead["lead"]][begin : begin + len(lead["samples"])] = lead["samples"]
    wanted = [None if value == MISSING else value for value in data]
    assert got["x"] == wanted
    assert got["y"] == wanted[::-1]
    assert got["z"] == [0] * len(data)


def test_a_chunk_without_any_value_is_no_message_and_its_number_is_left_out():
    column = np.array([1] * 4 + [MISSING] * 4 + [2] * 4, dtype=np.int16)
    signal = signal_of(axes(np.stack([column] * 3, axis=1), 0), 4.0)
    lines = list(chunks(signal))
    assert [line.body["seq"] for line in lines] == [0, 2]
    assert lines[1].at - lines[0].at == timedelta(seconds=2)


def test_frames_keep_their_shape():
    frames = np.arange(3 * 2 * 4).reshape(3, 2, 4)
    (line, last) = chunks(signal_of({"": frames}, 2.5))
    (item,) = decoders.decode("waveforms", b"[%s]" % encoded(line, line.at.astimezone()))
    assert item.frame == (2, 4)
    assert item.samples == list(range(16))
    assert last.body["samples"].tolist() == list(range(16, 24))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(20, 400), min_size=1, max_size=60))
def test_every_instant_of_a_steady_run_lies_near_its_place(steps):
    times = np.cumsum(steps).tolist()
    runs = steady_runs(times, 100.0)
    assert [i for a, b in runs for i in range(a, b)] == list(range(len(times)))
    for a, b in runs:
        for i in range(a, b):
            assert abs(times[a] + 100 * (i - a) - times[i]) <= 50
    for (_, a), (b, _) in pairwise(runs):
        assert a == b


def test_a_gap_of_an_array_stays_a_gap():
    assert steady_runs([0, 100, 201, 299, 700, 800], 100.0) == [(0, 4), (4, 6)]


def test_a_clock_that_falls_back_or_stops_is_carried_on():
    assert steadied([2123, 2224, 0, 2425]) == [2123, 2224, 2224 + Small.USUAL_MS, 2425]
    found = steadied([32600, 32700, 32767, 32767])
    assert found == [32600, 32700, 32700 + Small.USUAL_MS, 32700 + 2 * Small.USUAL_MS]
    assert steadied([32767, 32767]) == [0, Small.USUAL_MS]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 30_000), max_size=80))
def test_payloads_hold_all_messages_in_order_and_stay_small(sizes):
    messages = [msgspec.json.encode({"n": n, "x": "a" * size}) for n, size in enumerate(sizes)]
    found = list(payloads(messages))
    parts = []
    for payload, count in found:
        held = msgspec.json.decode(payload)
        held = held if isinstance(held, list) else [held]
        assert len(held) == count <= MESSAGES_MOST
        assert len(payload) <= BYTES_MOST + 2 or count == 1
        parts += [one["n"] for one in held]
    assert parts == list(range(len(sizes)))


def test_truth_counts_from_the_first_line():
    line = Line(START, "s", "events", {})
    second = timedelta(seconds=1)
    marks = [(START + second, START + 2 * second, "fall/F01"), (START - second, START, "daily/D01")]
    recording = finish("set", "one", [], [line], marks)
    assert recording.truth == ((-1_000_000, 0, "daily/D01"), (1_000_000, 2_000_000, "fall/F01"))


@pytest.mark.parametrize("size", [MESSAGES_MOST, MESSAGES_MOST + 1])
def test_an_array_holds_what_the_interface_takes(size):
    assert [count for _, count in payloads([b"1"] * size)] == [500, 1][: size - 499]
