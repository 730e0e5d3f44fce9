"""Nothing rings for the dead, and the home goes on for who lives there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from songhe.base.access.actor import SYSTEM
from songhe.base.events import bus
from songhe.base.events.models import OutboxEvent
from songhe.base.regions import days
from songhe.domains.devices import services as devices
from songhe.domains.devices.models import Binding, Device, GatewayDevice
from songhe.domains.monitoring import services
from songhe.domains.monitoring.models import Alarm
from songhe.domains.monitoring.testing import make_finding
from songhe.domains.monitoring.tests.conftest import NOW, County
from songhe.domains.people import services as people

DIED = (NOW - timedelta(days=30)).date()


def deliver() -> None:
    """Let every handler hear of what was published, as the jobs process does."""
    for row in OutboxEvent.objects.order_by("published_at"):
        for name, handler in bus._handlers.items():
            if handler.event.event_name == row.name:
                bus.hear(str(row.pk), name)


def device(county: County, kind: str, **whom) -> Device:
    made, _ = devices.register_device(
        actor=SYSTEM, type=kind, organization_id=county.centre.pk, at=NOW - timedelta(days=80)
    )
    devices.bind_device(actor=SYSTEM, device_id=made.pk, at=NOW - timedelta(days=80), **whom)
    return made


def die(county: County):
    row = people.record_fact(
        actor=SYSTEM,
        person_id=county.chen.pk,
        fact=people.Fact("death", "died"),
        since=days.begin_of(DIED),
        at=NOW,
    )
    deliver()
    return row


def body(of: Device) -> dict:
    return GatewayDevice.objects.get(device=of.pk).body["bindings"][-1]


@pytest.fixture
def things(county: County) -> dict[str, Device]:
    return {
        "band": device(county, "band", person_id=county.chen.pk),
        "pir": device(county, "pir", room_id=county.bedroom.pk),
    }


def test_what_is_open_of_the_dead_is_closed_and_nothing_new_rings(county, things) -> None:
    make_finding(rule="bp-critical", subject=county.chen.pk, at=NOW - timedelta(minutes=9))
    make_finding(
        rule="smoke", subject=county.bedroom.pk, subject_kind=2, person=county.chen.pk,
        at=NOW - timedelta(minutes=8),
    )  # fmt: skip
    services.take_findings(at=NOW - timedelta(minutes=5))
    assert Alarm.objects.exclude(state="resolved").count() == 2
    die(county)
    still = Alarm.objects.exclude(state="resolved").get()
    assert still.rule == "smoke", "the room burns whoever lived there"
    closed = Alarm.objects.get(state="resolved")
    assert (closed.rule, closed.next_step_at) == ("bp-critical", None)
    assert closed.entries.filter(kind="resolved", data={"died": True}).exists()
    make_finding(rule="fall", subject=county.chen.pk, at=NOW)
    make_finding(rule="bp-critical", subject=county.chen.pk, at=NOW)
    services.take_findings(at=NOW)
    assert Alarm.objects.exclude(state="resolved").get() == still


def test_worn_devices_end_with_the_death_and_those_of_the_room_go_on(county, things) -> None:
    assert body(things["pir"])["person"] == str(county.chen.pk)
    die(county)
    band = Binding.objects.get(device=things["band"])
    assert band.period.upper == days.end_of(DIED), "with the death, not with our hearing of it"
    assert body(things["band"])["until_us"] is not None
    room = Binding.objects.get(device=things["pir"])
    assert room.period.upper is None
    assert body(things["pir"])["person"] is None


def test_the_home_goes_on_for_the_one_who_stays(county, things) -> None:
    husband = people.register_person(
        actor=SYSTEM, name="陈福生", sex="male", birth_on=county.chen.birth_on,
        region_code=county.chen.region_code, at=NOW,
    )  # fmt: skip
    people.move_in(
        actor=SYSTEM, person_id=husband.pk, home=county.home, at=NOW - timedelta(days=60)
    )
    deliver()
    assert body(things["pir"])["person"] is None, "two live there"
    row = die(county)
    assert body(things["pir"])["person"] == str(husband.pk)
    people.withdraw_record(actor=SYSTEM, record_id=row.pk, reason="同名", at=NOW)
    deliver()
    assert body(things["pir"])["person"] is None


def test_who_moves_out_is_not_counted_in_the_old_home(county, things) -> None:
    people.record_fact(
        actor=SYSTEM, person_id=county.chen.pk, fact=people.Fact("home", "elsewhere"),
        since=NOW - timedelta(days=2), at=NOW,
    )  # fmt: skip
    deliver()
    assert body(things["pir"])["person"] is None
