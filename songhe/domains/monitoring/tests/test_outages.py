"""Jobs outlive a database that is away for minutes: every one is tried again."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone
from procrastinate.contrib.django import app

from songhe.domains.monitoring import services
from songhe.domains.monitoring.models import RuleTrial
from songhe.domains.monitoring.tests.conftest import County
from songhe.domains.monitoring.tests.surfaces import settle

AWAY_S = 120  # the drill that stops PostgreSQL
OURS = sorted(name for name in app.tasks if name.split(".")[0] not in ("builtin", "drill")
              and not name.startswith(("builtin:", "procrastinate.")))  # fmt: skip


def patience_s(name: str, error: Exception) -> float:
    """Return how many seconds a job is tried again for one kind of error."""
    retry: Any = app.tasks[name].retry_strategy
    waited, attempts = 0.0, 0
    while retry is not None and attempts < 100:
        job = SimpleNamespace(attempts=attempts)
        now = timezone.now()
        decision = retry.get_retry_decision(exception=error, job=job)
        if decision is None:
            break
        waited += (decision.retry_at - now).total_seconds()
        attempts += 1
    return waited


def asked_of(county: County) -> RuleTrial:
    """Return a trial that waits, asked by the leader for Grandma Chen."""
    settle(county)
    now = timezone.now()
    return services.ask_trial(
        actor=county.actor("leader", now), scope=f"person:{county.chen.pk}", rule="bp-critical",
        params={}, enabled=True, at=now,
    )  # fmt: skip


def test_the_jobs_are_found() -> None:
    assert {"telemetry.seal", "telemetry.roll_up", "security.destroy_expired",
            "monitoring.run_trial", "events.deliver"} <= set(OURS)  # fmt: skip


@pytest.mark.parametrize("error", [OperationalError("away"), InterfaceError("away")])
@pytest.mark.parametrize("name", OURS)
def test_each_job_is_tried_again_for_longer_than_an_outage(name: str, error: Exception) -> None:
    assert patience_s(name, error) > AWAY_S


@pytest.mark.django_db
def test_a_trial_that_loses_the_database_begins_anew(county: County) -> None:
    asked = asked_of(county)

    def away(execute: Any, statement: str, *rest: Any) -> Any:
        if "gateway_device" in statement:
            raise OperationalError("the connection is closed")
        return execute(statement, *rest)

    with connection.execute_wrapper(away), pytest.raises(OperationalError):
        services.run_trial(trial_id=asked.pk, clock=timezone.now, should_end=lambda: False)
    asked.refresh_from_db()
    assert asked.state == "running"
    services.run_trial(trial_id=asked.pk, clock=timezone.now, should_end=lambda: False)
    asked.refresh_from_db()
    assert asked.state == "done"


@pytest.mark.django_db
def test_a_trial_that_loses_it_once_too_often_has_failed(county: County) -> None:
    """Not "running" for ever: the job that ran it is not tried again."""
    asked = asked_of(county)
    task, states = app.tasks["monitoring.run_trial"], []
    retry: Any = task.retry_strategy
    for attempts in range(100):
        job: Any = SimpleNamespace(attempts=attempts)
        context: Any = SimpleNamespace(job=job, should_abort=lambda: True)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(services.trials, "TELLS_EVERY", timedelta(seconds=-1))
            with pytest.raises(services.Interrupted) as raised:
                task(context, str(asked.pk))
        asked.refresh_from_db()
        states.append(asked.state)
        if retry.get_retry_decision(exception=raised.value, job=job) is None:
            break
    assert states == ["running"] * (len(states) - 1) + ["failed"]
    assert len(states) > 2
