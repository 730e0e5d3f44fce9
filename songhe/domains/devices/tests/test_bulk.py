"""A load of devices obeys the same rules as one device, and stores all of it or nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from songhe.base.access.actor import SYSTEM
from songhe.base.audit.models import AuditEntry
from songhe.domains.devices import selectors, services, types
from songhe.domains.devices.bulk import NewDevice, Proof, put_into_use
from songhe.domains.devices.models import Device, GatewayDevice
from songhe.domains.devices.services import NotBound
from songhe.domains.devices.testing import STEPS, make_device
from songhe.domains.organizations.testing import make_actor, make_organization
from songhe.domains.people.models import Person
from songhe.domains.people.selectors import PersonHasDied
from songhe.domains.people.testing import COMMUNITY, make_home, make_person
from songhe.engines.workflow.engine import ReasonNeeded, WrongState, history
from songhe.kernel.errors import Denied

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
AT = NOW - timedelta(days=3)
PROOFS = [Proof(step, AT, note) for step, note in STEPS]
pytestmark = pytest.mark.django_db


@pytest.fixture
def centre():
    return make_organization(at=AT)


@pytest.fixture
def person():
    home, _ = make_home(at=AT)
    return make_person(at=AT, home=home)


def new(centre, **more) -> NewDevice:
    fields = {"type": "bp-monitor", "organization_id": centre.pk, "region_code": COMMUNITY}
    return NewDevice(**fields | more)


def put(*devices, actor=SYSTEM):
    return put_into_use(actor=actor, devices=devices, at=AT, now=NOW)


def test_a_load_leaves_what_the_single_steps_leave(centre, person):
    ((many, _),) = put(new(centre, person_id=person.pk, steps=PROOFS))
    one, _ = make_device(at=AT, organization=centre, person_id=person.pk)

    def left(device):
        body = GatewayDevice.objects.get(device=device.pk).body
        told = {key: body[key] for key in ("active", "type", "bindings", "wellness")}
        steps = [(s.name, s.source, s.target, s.at, s.note) for s in history(device)]
        actions = sorted(
            AuditEntry.objects.filter(ref=f"devices.Device/{device.pk}").values_list(
                "action", flat=True
            )
        )
        return device.state, told, steps, actions

    assert left(Device.objects.get(pk=many.pk)) == left(Device.objects.get(pk=one.pk))
    assert many.pk in selectors.bindings_of([many.pk], at=NOW)


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"type": "no-such-type"}, types.UnknownDeviceType),
        ({"steps": PROOFS}, NotBound),
        ({"steps": PROOFS[1:]}, WrongState),
        ({"steps": [Proof("install", AT)]}, ReasonNeeded),
    ],
)
def test_one_bad_device_stops_the_whole_load(centre, person, more, error):
    good = new(centre, person_id=person.pk, steps=PROOFS)
    with pytest.raises(error):
        put(good, new(centre, **more))
    assert not Device.objects.exists()
    assert not GatewayDevice.objects.exists()


def test_who_may_not_register_there_loads_nothing(centre):
    actor = make_actor(at=AT, login="keeper", role="device_keeper", region_prefix="990121002")
    with pytest.raises(Denied):
        put(new(centre), actor=actor)
    assert not Device.objects.exists()
    elsewhere = new(centre, region_code="990121002001")
    assert len(put(elsewhere, actor=actor)) == 1


def test_the_dead_are_not_measured(centre, person):
    ((device, _),) = put(new(centre))
    Person.objects.filter(pk=person.pk).update(died_on=AT.date())
    with pytest.raises(PersonHasDied):
        put(new(centre), new(centre, person_id=person.pk))
    assert Device.objects.count() == 1
    with pytest.raises(PersonHasDied):
        services.bind_device(actor=SYSTEM, device_id=device.pk, at=NOW, person_id=person.pk)
