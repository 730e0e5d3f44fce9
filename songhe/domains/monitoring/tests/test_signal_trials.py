"""A rule on signals tried on stored waves: by the gateway's detector, as far as is affordable."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from evaluation.streaming import waves
from songhe.base.access.actor import SYSTEM
from songhe.domains.devices import services as devices
from songhe.domains.monitoring import services, signal_trials, tuning
from songhe.domains.monitoring.models import RuleOverride, RuleTrial
from songhe.domains.monitoring.services import trials
from songhe.domains.monitoring.tests.conftest import County
from songhe.domains.monitoring.tests.surfaces import client, settle
from songhe.domains.telemetry.selectors import stored
from songhe.kernel.signals.stored import COLUMNS
from songhe.kernel.signals.tests.made import WAIST, fall
from songhe.kernel.signals.worn import ACCELERATION
from songhe.kernel.time import from_us, to_us

RATE_HZ = 50.0


@pytest.fixture
def house(county: County) -> County:
    settle(county)
    services.write_person_scope(person_id=county.chen.pk, at=timezone.now())
    return county


@pytest.fixture
def belt(house: County) -> UUID:
    device, _secret = devices.register_device(
        actor=SYSTEM, type="motion-unit", organization_id=house.centre.pk, at=timezone.now()
    )
    since = timezone.now() - timedelta(days=60)
    devices.bind_device(actor=SYSTEM, device_id=device.pk, person_id=house.chen.pk, at=since)
    return device.pk


def felt(house: County, belt: UUID, at: datetime, **how: Any) -> None:
    """Store the waves of one fall, as the gateway writes them."""
    made = waves(fall(RATE_HZ, **how), RATE_HZ, ACCELERATION, leads=WAIST, start_us=to_us(at))
    values = ", ".join(["%s"] * 14)
    with connection.cursor() as cursor:
        for number, wave in enumerate(made):
            for place, lead in enumerate(wave.leads):
                part = np.ascontiguousarray(wave.samples[:, place], dtype="<f4").tobytes()
                started_at = from_us(wave.started_us)
                cursor.execute(
                    f"INSERT INTO waveform ({COLUMNS}) VALUES ({values})",
                    [house.chen.pk, 1, belt, wave.code, started_at, number, RATE_HZ, part,
                     house.chen.pk, started_at, lead, "", None, [1, 1]],
                )  # fmt: skip


def tried(house: County, params: dict[str, Any], **how: Any) -> RuleTrial:
    now = timezone.now()
    trial = services.ask_trial(
        actor=house.actor("leader", now), scope=f"person:{house.chen.pk}", rule="fall-worn",
        params=params, enabled=True, at=now,
    )  # fmt: skip
    services.run_trial(
        trial_id=trial.pk, clock=timezone.now, should_end=how.get("should_end", lambda: False)
    )
    trial.refresh_from_db()
    return trial


def test_stored_falls_are_judged_with_and_without_the_change(house: County, belt: UUID) -> None:
    for days in (2, 9):
        felt(house, belt, timezone.now() - timedelta(days=days))
    same = tried(house, {})
    assert same.state == "done"
    assert same.result["counts"] == {"tried": 2, "present": 2, "real": 0}
    assert same.result["kinds"] == {"both": 2}
    assert same.result["signal_s"] == pytest.approx(2 * len(fall(RATE_HZ)) / RATE_HZ, abs=2)
    surer = tried(house, {"least": 1.0})
    assert surer.result["counts"] == {"tried": 0, "present": 2, "real": 0}
    assert surer.result["kinds"] == {"gone": 2}
    assert not RuleOverride.objects.exists()


def test_the_result_page_says_how_much_was_judged(house: County, belt: UUID) -> None:
    felt(house, belt, timezone.now() - timedelta(days=2))
    trial = tried(house, {"least": 1.0})
    page = client(house, "leader").get(reverse("monitoring:trial", args=[trial.pk]))
    text = page.content.decode()
    assert "信号" in text
    assert "仅判断了" not in text


def test_what_would_take_too_long_is_judged_from_later_on(house: County, belt: UUID) -> None:
    for days in (2, 9):
        felt(house, belt, timezone.now() - timedelta(days=days))
    seconds = len(fall(RATE_HZ)) / RATE_HZ
    one = seconds * (signal_trials.READ_COST + 2 * signal_trials.STEP_COST["worn-fall"])
    now = timezone.now()
    trial = services.ask_trial(
        actor=house.actor("leader", now), scope=f"person:{house.chen.pk}", rule="fall-worn",
        params={}, enabled=True, at=now,
    )  # fmt: skip
    asked = trial.since
    trials.judge(trial, SYSTEM, timezone.now, lambda share: None, 1.5 * one)
    assert trial.result["counts"]["present"] == 1
    assert asked < trial.since < now - timedelta(days=2)
    assert trial.since > now - timedelta(days=9)
    trial.state = "done"
    trial.save()
    page = client(house, "leader").get(reverse("monitoring:trial", args=[trial.pk]))
    assert "仅判断了" in page.content.decode()


def test_the_budget_is_used_from_the_newest_day_back(house: County, belt: UUID) -> None:
    now = timezone.now()
    felt(house, belt, now - timedelta(days=2))
    keys = stored.wave_keys([house.chen.pk], {ACCELERATION})
    assert [key.leads for key in keys] == [tuple(sorted(WAIST))]
    since = now - timedelta(days=30)
    assert signal_trials.begins(keys, "worn-fall", since, now) == since
    assert signal_trials.begins(keys, "worn-fall", since, now, 0.0) > now - timedelta(days=3)
    assert signal_trials.begins([], "worn-fall", since, now, 0.0) == since


def test_a_trial_that_is_stopped_ends(house: County, belt: UUID) -> None:
    felt(house, belt, timezone.now() - timedelta(days=2))
    now = timezone.now()
    trial = services.ask_trial(
        actor=house.actor("leader", now), scope=f"person:{house.chen.pk}", rule="fall-worn",
        params={}, enabled=True, at=now,
    )  # fmt: skip
    services.cancel_trial(actor=house.actor("leader", now), trial_id=trial.pk, at=now)
    services.run_trial(trial_id=trial.pk, clock=timezone.now, should_end=lambda: False)
    trial.refresh_from_db()
    assert trial.state == "cancelled"
    assert trial.result == {}


def test_more_certainty_is_a_change_that_may_be_suggested() -> None:
    asked = tuning.candidates("fall-worn", {"least": 0.55, "sure_from": 0.0})
    assert asked == [{"least": 0.6}, {"least": 0.7}, {"least": 0.8}, {"least": 0.9}]
