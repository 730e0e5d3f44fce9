"""Waveforms on pages: thinning keeps extremes, gaps stay gaps, and only who may see does."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from songhe.base.audit.models import AuditEntry
from songhe.domains.people import selectors as people
from songhe.domains.telemetry.panels import strip, thermal, waves
from songhe.domains.telemetry.selectors.waves import Chunk, wave_chunks, wave_sources
from songhe.domains.telemetry.testing import make_waveform
from songhe.domains.telemetry.tests.cast import Cast, make_cast
from songhe.domains.telemetry.tests.test_pages import client_of, get
from songhe.kernel.wire import SubjectKind

START = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
QUERIES_OF_PAGE = 20


def chunk(seconds: float, values: list[float], rate_hz: float = 10.0) -> Chunk:
    array = np.array(values, dtype=np.float32).reshape(-1, 1)
    return Chunk(START + timedelta(seconds=seconds), 0, rate_hz, array, None, "")


class TestThinning:
    @settings(max_examples=40, deadline=None)
    @given(st.integers(0, 2**32 - 1), st.integers(1, 9000))
    def test_every_column_keeps_its_lowest_and_highest(self, seed, count):
        values = np.random.default_rng(seed).normal(size=count)
        times = np.arange(count) / 300
        length = count / 300
        kept_t, kept_v = strip.thinned(times, values, length)
        assert len(kept_t) == len(kept_v) <= 2 * strip.COLUMNS
        assert (np.diff(kept_t) >= 0).all()
        columns = np.minimum((times / length * strip.COLUMNS).astype(int), strip.COLUMNS - 1)
        kept = np.minimum((kept_t / length * strip.COLUMNS).astype(int), strip.COLUMNS - 1)
        for column in np.unique(columns)[:: max(1, count // 300)]:
            of, kept_of = values[columns == column], kept_v[kept == column]
            assert (of.min(), of.max()) == (kept_of.min(), kept_of.max())

    def test_few_values_stay_as_they_are(self):
        times, values = np.arange(10) / 10, np.arange(10.0)
        assert strip.thinned(times, values, 1.0)[1].tolist() == values.tolist()


class TestLanes:
    def test_chunks_that_follow_each_other_are_one_run(self):
        lane = strip.lane_of("II", [chunk(0, [1] * 10), chunk(1, [2] * 10)], START, 10)
        assert [len(v) for _t, v in lane.runs] == [20]

    def test_a_gap_between_chunks_and_one_within_divide_runs(self):
        within = [1.0, math.nan, math.nan, *[1.0] * 7]
        lane = strip.lane_of("II", [chunk(0, within), chunk(3, [2] * 10)], START, 5)
        assert [len(v) for _t, v in lane.runs] == [1, 7, 10]
        drawn = strip.Strip("ECG", "mV", 3, START, 5.0, [lane])
        assert drawn.gaps == [
            pytest.approx((0.0, 0.3), abs=1e-6),
            pytest.approx((1.0, 3.0)),
            pytest.approx((4.0, 5.0)),
        ]
        assert str(strip.draw(drawn)).count('class="gap"') == 3

    def test_missing_at_the_seam_of_two_chunks_is_a_gap_as_well(self):
        first = chunk(0, [*[1.0] * 8, math.nan, math.nan])
        lane = strip.lane_of("", [first, chunk(1, [1] * 10)], START, 2)
        assert [len(v) for _t, v in lane.runs] == [8, 10]

    def test_only_what_is_inside_the_window_is_drawn(self):
        lane = strip.lane_of("", [chunk(-0.5, list(range(10)))], START, 0.3)
        assert lane.values.tolist() == [5.0, 6.0, 7.0]

    def test_without_any_data_it_says_so(self):
        drawn = strip.Strip("ECG", "mV", 3, START, 10.0, [strip.Lane("II", [])])
        assert drawn.gaps == [(0.0, 10.0)]
        assert "no data" in strip.sentence(drawn) or "没有数据" in strip.sentence(drawn)

    def test_the_table_gives_lowest_and_highest_of_each_step(self):
        values = [0.1, 0.5, -0.25, *[0.0] * 7]
        drawn = strip.Strip("ECG", "mV", 2, START, 2.0, [
            strip.lane_of("II", [chunk(0, values)], START, 2.0)
        ])  # fmt: skip
        cells = re.findall(r"<td[^>]*>([^<]*)</td>", str(strip.table(drawn)))
        assert cells[0] == "10:00:00.0"
        assert len(cells) == 2 * 20
        assert cells[3].startswith("0.50")  # the step from 0.1 s
        assert cells[5].startswith("-0.25")


class TestFrames:
    def test_warmest_and_scale_and_what_is_missing(self):
        frame = np.full((4, 4), 21.0, dtype=np.float32)
        frame[2, 1], frame[0, 0] = 30.2, math.nan
        assert thermal.warmest(frame) == (2, 1, pytest.approx(30.2))
        assert thermal.span_of(21.0, 30.2) == (21.0, 30.5)
        assert thermal.span_of(21.0, 21.2) == (19.25, 23.25)
        drawn = str(thermal.draw(frame, 21.0, 30.5))
        assert drawn.count('class="gap"') == 1
        assert "30.2" in drawn
        assert "21.0 °C" in drawn
        assert "30.5 °C" in drawn
        cells = re.findall(r"<td[^>]*>([^<]*)</td>", str(thermal.table(frame)))
        assert cells[:5] == ["1", "–", "21.0", "21.0", "21.0"]

    def test_the_frame_is_the_last_one_before_the_moment(self):
        values = np.arange(3 * 4, dtype=np.float32).reshape(3, 4) + 20
        held = {"": [Chunk(START, 0, 10.0, values, None, "", (2, 2))]}
        found = waves.frame_at(held, START + timedelta(milliseconds=150))
        assert found is not None
        assert found.at == START + timedelta(milliseconds=100)
        assert found.frame.tolist() == [[24.0, 25.0], [26.0, 27.0]]
        assert waves.frame_at(held, START) is None

    def test_sixty_four_values_may_be_two_rows(self):
        values = np.arange(64, dtype=np.float32).reshape(1, 64)
        held = {"": [Chunk(START, 0, 10.0, values, None, "", (2, 32))]}
        found = waves.frame_at(held, START + timedelta(seconds=1))
        assert found is not None
        assert found.frame.shape == (2, 32)
        assert found.frame[1, 0] == 32

    def test_pressure_has_its_own_unit_and_words(self):
        frame = np.array([[0.25, 1.5], [0.5, 4.75], [0.0, 0.0]], dtype=np.float32)
        pressure = thermal.Measured("kPa", 2, is_heat=False)
        said = thermal.sentence(frame, pressure)
        assert "kPa" in said
        assert "°C" not in str(thermal.draw(frame, 0.0, 5.0, pressure))
        assert "4.75" in str(thermal.table(frame, pressure))


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


def store_ecg(cast: Cast, ends_ago_s: int = 60) -> datetime:
    """Store 40 s of an ECG with a gap of 5 s; return when it begins."""
    begin = timezone.now().replace(microsecond=0) - timedelta(seconds=40 + ends_ago_s)
    for n in range(40):
        if 20 <= n < 25:
            continue
        values = [math.sin(i / 5) + n / 100 for i in range(100)]
        make_waveform(
            subject=cast.chen, device=cast.devices["band"], code="ecg", lead="II", seq=n,
            at=begin + timedelta(seconds=n), rate_hz=100, values=values, recording="r/1",
            quality=0.9 if n < 35 else 0.4,
        )  # fmt: skip
    return begin


def store_frames(cast: Cast) -> None:
    begin = timezone.now() - timedelta(seconds=30)
    for n in range(3):
        values = [22.0 + n + (i == 6) * 9 for i in range(16)] * 5
        make_waveform(
            subject=cast.rooms["living"], subject_kind=SubjectKind.PLACE, frame=(4, 4), rate_hz=5,
            device=cast.devices["pir"], code="thermal-array", seq=n, values=values,
            at=begin + timedelta(seconds=n),
        )  # fmt: skip


class TestReading:
    def test_sources_are_found_newest_first_and_as_far_as_open(self, cast):
        store_ecg(cast)
        store_frames(cast)
        now = timezone.now()
        person, sun = person_of(cast, "sun"), cast.actor("sun", now)
        with CaptureQueriesContext(connection) as queries:
            found = wave_sources(sun, person, cast.home, at=now)
        assert [(s.code.key, s.leads, s.frame) for s in found] == [
            ("thermal-array", ("",), (4, 4)), ("ecg", ("II",), (1, 1))
        ]  # fmt: skip
        assert len(queries) == 2
        for fields, seen in (
            ({"home"}, ["thermal-array"]),
            ({"health"}, ["ecg"]),
            ({"location"}, []),
        ):
            masked = replace(person, fields=frozenset(fields))
            sources = wave_sources(sun, masked, cast.home, at=now)
            assert [s.code.key for s in sources] == seen
        assert wave_sources(cast.actor("wu", now), person, cast.home, at=now) == []

    def test_a_stretch_begins_inside_a_chunk_and_is_bounded(self, cast):
        begin = store_ecg(cast)
        now = timezone.now()
        (source,) = wave_sources(cast.actor("sun", now), person_of(cast, "sun"), None, at=now)
        start = begin + timedelta(seconds=10.5)
        (leads,) = wave_chunks([(source, start, start + timedelta(seconds=2))])
        assert [c.seq for c in leads["II"]] == [10, 11, 12]
        assert leads["II"][0].values[0, 0] == pytest.approx(0.10, abs=1e-6)
        with pytest.raises(ValueError, match="10 minutes"):
            wave_chunks([(source, start, start + timedelta(seconds=601))])


def person_of(cast: Cast, name: str) -> people.PersonView:
    return people.get_person(cast.actor(name, timezone.now()), cast.chen, at=timezone.now())


class TestPages:
    def page(self, cast: Cast, wave: str = "ecg", device: str = "band") -> str:
        return f"/people/{cast.chen}/waveforms/{cast.devices[device]}/{wave}/"

    def test_the_person_page_shows_the_newest(self, cast):
        store_ecg(cast)
        store_frames(cast)
        text = get(cast, "sun", f"/people/{cast.chen}/")
        assert 'id="waves"' in text
        assert text.count("Look along</a>") == 2
        assert "signal quality, by the device: poor (40 %)" in text
        assert "warmest in row 2, column 3" in text
        assert "心电波形" in get(cast, "sun", f"/people/{cast.chen}/", language="zh-hans")
        assert 'id="waves"' not in get(cast, "liu", f"/people/{cast.chen}/")

    def test_one_looks_along_and_over_the_gap(self, cast):
        begin = store_ecg(cast)
        reads = AuditEntry.objects.filter(action="telemetry.view_readings")
        text = get(cast, "sun", self.page(cast))
        assert reads.count() == 1
        assert "Electrocardiogram" in text
        assert "100 values a second" in text
        assert "recording r/1" in text
        ways = dict(re.findall(r'<a href="([^"]*)">([^<]*)</a>', text))
        earlier = next(href for href, words in ways.items() if words == "Earlier")
        older = get(cast, "sun", earlier.replace("&amp;", "&"))
        assert "There is 1 stretch without data." in older
        inside = begin + timedelta(seconds=21)
        gap = get(cast, "sun", f"{self.page(cast)}?at={inside:%Y-%m-%dT%H:%M:%S}%2B00:00&seconds=2")
        assert "no data." in gap
        ways = {words: href for href, words in re.findall(r'<a href="([^"]*)">([^<]*)</a>', gap)}
        after = get(cast, "sun", ways["The stretch after"].replace("&amp;", "&"))
        assert "There is" not in after.split('class="chart"')[1][:400]

    def test_odd_addresses_show_the_newest_and_others_are_refused(self, cast):
        store_ecg(cast)
        for asked in (
            "at=noon",
            "at=2020-01-01T00:00:00",
            "seconds=9999",
            "at=9999-12-31T23:59:59%2B00:00",
        ):
            assert 'class="trace"' in get(cast, "sun", f"{self.page(cast)}?{asked}"), asked
        for name, status in (("wu", 403), ("far", 404), ("liu", 403), ("zhao", 200), ("wei", 200)):
            assert client_of(cast, name).get(self.page(cast)).status_code == status, name
        get(cast, "sun", self.page(cast, "acceleration"), status=404)
        client = client_of(cast, "sun")
        with CaptureQueriesContext(connection) as queries:
            client.get(self.page(cast))
        told = "\n".join(query["sql"][:110] for query in queries)
        assert len(queries) <= QUERIES_OF_PAGE, f"{len(queries)} queries\n{told}"

    def test_frames_have_numbers_and_ways(self, cast):
        store_frames(cast)
        text = get(cast, "sun", self.page(cast, "thermal-array", "pir"))
        assert (
            "Infrared frame of 4 by 4 points, 24.0 to 33.0 °C, warmest in row 2, column 3." in text
        )
        assert "Frame before</a>" in text
        before = re.findall(r'<a href="([^"]*)">1 s before</a>', text)[0].replace("&amp;", "&")
        assert "23.0 to 32.0 °C" in get(cast, "sun", before)

    def test_a_bed_of_two_rows_is_drawn_as_two_rows(self, cast):
        make_waveform(
            subject=cast.rooms["bedroom"], subject_kind=SubjectKind.PLACE, frame=(2, 8), rate_hz=1,
            device=cast.devices["mattress"], code="bed-pressure", at=timezone.now(),
            values=[0.5 + (i == 11) * 4 for i in range(16)],
        )  # fmt: skip
        text = get(cast, "sun", self.page(cast, "bed-pressure", "mattress"))
        assert "Frame of 2 by 8 points, 0.50 to 4.50 kPa, highest in row 2, column 4." in text
        assert "°C" not in text.split('id="wave"')[1].split("</section>")[0]

    def test_frames_stored_before_keep_the_shape_they_were_drawn_with(self, cast):
        begin = timezone.now()
        wanted = {768: [24, 32], 256: [16, 16], 7: [1, 7], 1: [1, 1], 32: [4, 8]}
        for n, count in enumerate(wanted):
            make_waveform(
                subject=cast.chen, device=cast.devices["band"], code="thermal-array", rate_hz=1,
                at=begin + timedelta(seconds=n), values=[20.0] * count, frame=(1, count),
            )  # fmt: skip
        migration = import_module("songhe.domains.telemetry.migrations.0009_frame_sides")
        with connection.cursor() as cursor:
            cursor.execute(migration.REVERSE)
            cursor.execute("SELECT frame FROM waveform ORDER BY started_at")
            assert [row[0] for row in cursor.fetchall()] == list(wanted)
            cursor.execute(migration.SQL)
            cursor.execute("SELECT frame FROM waveform ORDER BY started_at")
            assert [row[0] for row in cursor.fetchall()] == list(wanted.values())
