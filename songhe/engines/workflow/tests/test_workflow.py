"""The engine of life cycles: only the table's steps, each with history, or nothing at all."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from songhe.base.access.actor import ANONYMOUS, SYSTEM
from songhe.base.audit.models import AuditEntry
from songhe.domains.devices.terms import DeviceState
from songhe.domains.devices.workflow import COMMISSIONING
from songhe.domains.monitoring.workflow import ALARM_LIFE
from songhe.engines.workflow import engine
from songhe.engines.workflow.models import Transition
from songhe.kernel.errors import Denied

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)


def make_device():
    from songhe.domains.devices.models import Device
    from songhe.domains.organizations.models import Organization

    home = Organization.objects.create(name="x", kind="other", region_code="990121")
    return Device.objects.create(key="abcdefghjk", type="bp-monitor", organization=home)


@pytest.mark.django_db
def test_a_step_changes_state_and_writes_history_and_audit() -> None:
    device = make_device()
    with transaction.atomic():
        COMMISSIONING.advance(device, "install", actor=SYSTEM, at=NOW, note="照片在案")
    device.refresh_from_db()
    assert device.state == "installed"
    [row] = engine.history(device)
    assert (row.source, row.target, row.note) == ("delivered", "installed", "照片在案")
    assert AuditEntry.objects.filter(ref=f"devices.Device/{device.pk}").count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("step", "note", "actor", "error"),
    [
        ("activate", "x", SYSTEM, engine.WrongState),
        ("install", " ", SYSTEM, engine.ReasonNeeded),
        ("install", "x", ANONYMOUS, Denied),
    ],
)
def test_a_refused_step_changes_nothing(step, note, actor, error) -> None:
    device = make_device()
    with pytest.raises(error), transaction.atomic():
        COMMISSIONING.advance(device, step, actor=actor, at=NOW, note=note)
    device.refresh_from_db()
    assert device.state == "delivered"
    assert not Transition.objects.exists()
    assert not AuditEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_step_needs_the_row_locked_in_a_transaction() -> None:
    with pytest.raises(RuntimeError):
        COMMISSIONING.advance(make_device(), "install", actor=SYSTEM, at=NOW, note="x")


@pytest.mark.parametrize("life", [COMMISSIONING, ALARM_LIFE], ids=lambda life: life.name)
def test_every_state_is_reached_and_every_life_ends(life: engine.Workflow) -> None:
    reached, frontier = {life.initial}, [life.initial]
    while frontier:
        for step in life.allowed(frontier.pop()):
            if step.target not in reached:
                reached.add(step.target)
                frontier.append(step.target)
    assert reached == life.states
    assert life.final()


@given(st.lists(st.sampled_from(sorted(COMMISSIONING.steps)), max_size=8))
def test_no_sequence_of_steps_skips_the_proofs(names: list[str]) -> None:
    state = COMMISSIONING.initial
    taken: list[str] = []
    for name in names:
        step = COMMISSIONING.steps[name]
        if state in step.sources:
            state, taken = step.target, [*taken, name]
    if state == DeviceState.IN_USE:
        assert taken == ["install", "activate", "pass_test", "start_use"]


def test_a_table_with_an_unknown_state_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown state"):
        engine.workflow("x", initial="a", states=["a"], steps=[engine.step("s", "a", "b", "x.y")])


@pytest.mark.django_db
def test_many_rows_take_a_step_together_or_not_at_all() -> None:
    devices = [make_device_named(key) for key in ("aaaaaaaaaa", "bbbbbbbbbb", "cccccccccc")]
    with transaction.atomic():
        COMMISSIONING.advance_all(devices[:2], "activate", at=NOW)
    for device in devices[:2]:
        device.refresh_from_db()
        assert device.state == "activated"
        [row] = engine.history(device)
        assert (row.source, row.target, row.user_name) == ("installed", "activated", "system")
        assert AuditEntry.objects.filter(ref=f"devices.Device/{device.pk}").count() == 1
    with pytest.raises(engine.WrongState), transaction.atomic():
        COMMISSIONING.advance_all([devices[2], devices[0]], "activate", at=NOW)
    devices[2].refresh_from_db()
    assert devices[2].state == "installed"
    assert Transition.objects.count() == 2
    with pytest.raises(ValueError, match="one row at a time"), transaction.atomic():
        COMMISSIONING.advance_all(devices[2:], "retire", at=NOW)


def make_device_named(key: str):
    from songhe.domains.devices.models import Device
    from songhe.domains.organizations.models import Organization

    home = Organization.objects.create(name=key, kind="other", region_code="990121")
    return Device.objects.create(key=key, type="bp-monitor", organization=home, state="installed")
