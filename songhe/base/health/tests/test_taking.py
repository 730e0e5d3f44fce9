"""Samples: rates from counters, what is unknown stays unknown, peaks outlive the thinning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from songhe.base.health import machine, selectors, services
from songhe.base.health.figures import FIGURES, text_of
from songhe.base.health.models import Sample
from songhe.base.health.scrape import Measures, grown, grown_buckets, quantile, read
from songhe.base.health.taking import Heard, Taken, make
from songhe.kernel.processes import ProcessRecord, ProcessRecords

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def gateway(messages: float, *, lag: tuple[float, float, float], oldest_s: float = 0) -> Measures:
    """Return what a gateway says: messages stored, counts of lag up to 0.1 s, 1 s, and all."""
    fast, slow, every = lag
    return read(
        f"songhe_gateway_messages_total {messages}\n"
        'songhe_gateway_dead_letters_total{reason="future"} 3\n'
        f"songhe_gateway_oldest_waiting_seconds {oldest_s}\n"
        "songhe_gateway_waiting_messages 30\n"
        "songhe_gateway_waiting_limit_messages 40\n"
        "songhe_gateway_database_up 1\n"
        'songhe_gateway_faults_total{where="judge"} 2\n'
        'songhe_gateway_faults_total{where="store"} 9\n'
        f'songhe_gateway_lag_seconds_bucket{{le="0.1"}} {fast}\n'
        f'songhe_gateway_lag_seconds_bucket{{le="1.0"}} {slow}\n'
        f'songhe_gateway_lag_seconds_bucket{{le="+Inf"}} {every}\n'
    )


def heard(said: Measures | None = None, **more: object) -> Heard:
    known: dict[str, object] = {
        "gateway": said, "web": None, "live": None, "database": None, "records": None,
        "disks": [], "backup_at": None, "installed_at": None, "certificate_ends_at": None,
        "clock_step_s": 0.0,
    }  # fmt: skip
    return Heard(**(known | more))  # type: ignore[arg-type]


def sample(said: Measures | None, before: Taken | None = None, *, s: float = 0) -> Taken:
    return make(heard(said), before, at=NOW + timedelta(seconds=s), own_start=NOW)


def test_rates_are_what_happened_since_the_sample_before() -> None:
    first = sample(gateway(1000, lag=(90, 100, 100)))
    assert first.figures["messages_per_s"] is None
    second = sample(gateway(1150, lag=(90, 110, 110)), first, s=15)
    assert second.figures["messages_per_s"] == 10
    assert second.figures["queue_pct"] == 75
    assert second.figures["detector_errors"] == 0
    # The ten messages of these 15 s all took between 0.1 and 1 s.
    assert second.figures["lag_p99_s"] == pytest.approx(0.991)


def test_a_process_that_began_anew_does_not_count_backwards() -> None:
    first = sample(gateway(1000, lag=(90, 100, 100)))
    second = sample(gateway(30, lag=(1, 2, 2)), first, s=15)
    assert second.figures["messages_per_s"] == 2


def test_a_message_that_waits_is_lag_though_nothing_is_stored() -> None:
    first = sample(gateway(1000, lag=(90, 100, 100)))
    second = sample(gateway(1000, lag=(90, 100, 100), oldest_s=42), first, s=15)
    assert second.figures["lag_p99_s"] == 42


def test_who_does_not_answer_is_down_and_its_figures_are_not_known() -> None:
    taken = sample(None)
    assert taken.figures["gateway_up"] == 0
    assert taken.figures["lag_p99_s"] is None
    assert taken.figures["messages_per_s"] is None
    assert taken.processes["gateway"]["state"] == "down"
    later = sample(None, taken, s=15)
    assert later.processes["gateway"]["since"] == NOW.isoformat()
    assert set(taken.figures) == set(FIGURES)


def test_restarts_are_those_of_the_worst_process_within_ten_minutes() -> None:
    epoch_s = NOW.timestamp()
    looping = ProcessRecord(starts=[epoch_s - 900, epoch_s - 700, epoch_s - 60, epoch_s - 30])
    calm = ProcessRecord(starts=[epoch_s - 20])
    records = ProcessRecords(1, epoch_s, {"gateway": looping, "web": calm})
    taken = make(heard(records=records), None, at=NOW, own_start=NOW)
    assert taken.figures["restarts"] == 2
    assert taken.processes["gateway"]["restarts"] == 3


def test_backup_and_certificate_are_told_in_days(tmp_path: Path) -> None:
    machine.note_backup(tmp_path, file=tmp_path / "b", size_bytes=1, at=NOW - timedelta(days=3))
    taken = make(
        heard(
            backup_at=machine.last_backup_at(tmp_path),
            certificate_ends_at=NOW + timedelta(days=9),
        ),
        None,
        at=NOW,
        own_start=NOW,
    )
    assert taken.figures["backup_age_days"] == 3
    assert taken.figures["certificate_days_left"] == 9
    assert machine.last_backup_at(tmp_path / "nowhere") is None


def test_a_clock_that_was_set_is_remembered_for_ten_minutes() -> None:
    watch = machine.ClockWatch(1_000.0, 0.0)
    assert watch.look(1_015.0, 15.0) == 0
    assert watch.look(4_630.0, 30.0) == 3_600
    assert watch.look(4_645.0, 45.0) == 3_600
    assert watch.look(4_600.0 + 645.0, 645.0) == 0


def test_quantiles_and_growth() -> None:
    assert grown(5, None) is None
    assert grown(5, 3) == 2
    assert grown(2, 30) == 2
    assert quantile([(0.1, 0), (1.0, 10), (float("inf"), 10)], 0.5) == pytest.approx(0.55)
    assert quantile([(0.1, 0), (float("inf"), 4)], 0.99) == 0.1
    assert quantile([(0.1, 0.0)], 0.5) is None
    assert grown_buckets([(0.1, 4.0)], [(0.1, 9.0)]) == [(0.1, 4.0)]


def test_figures_are_shown_with_their_units() -> None:
    assert text_of("disk_free_bytes", 3.5 * 1024**3) == "3.5 GB"
    assert text_of("messages_per_s", None) == "—"
    assert text_of("gateway_up", 0) == ""
    assert text_of("messages_per_s", 1234.5) == "1,234.5/秒"


@pytest.mark.django_db
def test_thinning_keeps_the_worst_and_never_the_last_two_hours() -> None:
    begin = NOW - timedelta(hours=3)
    for number in range(8):  # two minutes, four samples each
        Sample.objects.create(
            at=begin + timedelta(seconds=15 * number),
            figures={"lag_p99_s": 9.0 if number == 2 else 0.1, "gateway_up": float(number != 5)},
        )
    fresh = Sample.objects.create(at=NOW - timedelta(minutes=1), figures={"lag_p99_s": 1.0})
    old = Sample.objects.create(at=NOW - timedelta(days=15), figures={})
    assert services.thin_samples(at=NOW) == 7
    kept = list(Sample.objects.order_by("at"))
    assert [row.at for row in kept] == [begin, begin + timedelta(minutes=1), fresh.at]
    assert [row.figures["lag_p99_s"] for row in kept] == [9.0, 0.1, 1.0]
    assert [row.figures.get("gateway_up") for row in kept] == [1.0, 0.0, None]
    assert not Sample.objects.filter(at=old.at).exists()
    assert services.thin_samples(at=NOW) == 0


@pytest.mark.django_db
def test_a_series_shows_the_peak_of_each_step_and_no_step_that_nobody_saw() -> None:
    for minute, value in ((0, 1.0), (4, 7.0), (21, 2.0)):
        Sample.objects.create(at=NOW + timedelta(minutes=minute), figures={"lag_p99_s": value})
    rows = selectors.series(["lag_p99_s"], since=NOW, until=NOW + timedelta(hours=1), every_s=600)[
        "lag_p99_s"
    ]
    assert rows == [(NOW, 7.0), (NOW + timedelta(minutes=20), 2.0)]
