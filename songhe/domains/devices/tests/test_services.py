"""Devices: secrets shown once, bindings with dates, proof by steps, commands and answers."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import yaml
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.accounts.models import User
from songhe.base.audit.models import AuditEntry
from songhe.domains.devices import selectors, services, types
from songhe.domains.devices.models import Binding, Device, DeviceCommand, DeviceSeen, GatewayDevice
from songhe.domains.organizations import services as organizations
from songhe.domains.people import services as people
from songhe.engines.workflow.engine import ReasonNeeded, WrongState
from songhe.kernel.errors import NotFound
from songhe.kernel.time import to_us
from songhe.kernel.wire import DeviceSnapshot, SubjectKind

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
COMMUNITY = "990121001001"
CLASSES = Path(__file__).parents[5] / "shared/reference/11_smart_products.yaml"
pytestmark = pytest.mark.django_db


@pytest.fixture
def centre() -> object:
    return organizations.found_organization(
        actor=SYSTEM,
        name="x",
        kind="service-centre",
        region_code="990121",
        at=NOW,
        serves=["990121"],
    )


@pytest.fixture
def device(centre) -> Device:
    made, _ = services.register_device(
        actor=SYSTEM, type="smoke", organization_id=centre.pk, at=NOW
    )
    return made


def person_with_room():
    home = people.add_home(actor=SYSTEM, region_code=COMMUNITY, address="x", at=NOW)
    room = people.add_room(actor=SYSTEM, home=home, kind="kitchen", name="厨房")
    person = people.register_person(
        actor=SYSTEM,
        name="陈秀兰",
        sex="female",
        birth_on=date(1944, 3, 5),
        region_code=COMMUNITY,
        at=NOW,
    )
    people.move_in(actor=SYSTEM, person_id=person.pk, home=home, at=NOW - timedelta(days=9))
    return person, room


def snapshot(device: Device) -> DeviceSnapshot:
    return msgspec.convert(GatewayDevice.objects.get(device=device.pk).body, DeviceSnapshot)


def actor(role: str, prefix: str = "990121") -> Actor:
    user = User.objects.create_user(login=role, display_name=role, password="a long phrase")
    access.give_role(actor=SYSTEM, user=user, role=role, region_prefix=prefix, at=NOW)
    return access.actor_for(user, NOW)


def test_the_secret_is_kept_as_a_digest_only(centre) -> None:
    made, secret = services.register_device(
        actor=SYSTEM, type="bp-monitor", organization_id=centre.pk, at=NOW
    )
    [(digest, end)] = snapshot(made).secrets
    assert (digest, end) == (hashlib.sha256(secret.encode()).hexdigest(), None)
    assert len(secret) == 32
    assert secret not in str(GatewayDevice.objects.values())


def test_rotation_lets_both_secrets_live_for_a_while_and_revocation_none(device: Device) -> None:
    services.rotate_secret(actor=SYSTEM, device_id=device.pk, at=NOW)
    ends = [end for _, end in snapshot(device).secrets]
    assert ends == [to_us(NOW + timedelta(hours=24)), None]
    services.revoke_secrets(actor=SYSTEM, device_id=device.pk, at=NOW + timedelta(hours=1))
    ends = [end for _, end in snapshot(device).secrets]
    assert ends == [to_us(NOW + timedelta(hours=1))] * 2


def test_a_new_binding_ends_the_old_one_and_keeps_its_time(device: Device) -> None:
    _, kitchen = person_with_room()
    person, other = person_with_room()
    later = NOW + timedelta(days=1)
    services.bind_device(actor=SYSTEM, device_id=device.pk, at=NOW, room_id=kitchen.pk)
    services.bind_device(actor=SYSTEM, device_id=device.pk, at=later, room_id=other.pk)
    first, second = snapshot(device).bindings
    assert (first.subject, first.until_us) == (kitchen.pk, to_us(later))
    assert (second.subject, second.since_us, second.until_us) == (other.pk, to_us(later), None)
    assert second.subject_kind == SubjectKind.PLACE
    assert second.person == person.pk


def test_a_binding_changed_at_its_very_beginning_never_was(device: Device) -> None:
    _, kitchen = person_with_room()
    _, other = person_with_room()
    for room in (kitchen, other):
        services.bind_device(actor=SYSTEM, device_id=device.pk, at=NOW, room_id=room.pk)
    [only] = snapshot(device).bindings
    assert only.subject == other.pk


def test_two_bindings_of_one_time_cannot_be(device: Device) -> None:
    _, kitchen = person_with_room()
    services.bind_device(actor=SYSTEM, device_id=device.pk, at=NOW, room_id=kitchen.pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        Binding.objects.create(device=device, room=kitchen, period=DateTimeTZRange(NOW, None))


def test_use_is_proven_step_by_step(device: Device) -> None:
    _, kitchen = person_with_room()

    def take(step: str, proof: str = "") -> None:
        services.commission(actor=SYSTEM, device_id=device.pk, step=step, at=NOW, proof=proof)

    with pytest.raises(ReasonNeeded):
        take("install")
    take("install", "照片 1")
    with pytest.raises(services.NotBound):
        take("activate")
    services.bind_device(actor=SYSTEM, device_id=device.pk, at=NOW, room_id=kitchen.pk)
    with pytest.raises(WrongState):
        take("start_use")
    take("activate")
    take("pass_test", "试报警已接到")
    take("start_use")
    device.refresh_from_db()
    assert device.state == "in_use"
    assert snapshot(device).active
    take("retire", "损坏")
    assert not snapshot(device).active


def test_commands_are_those_of_the_type_and_end_unanswered(device: Device) -> None:
    command = services.issue_command(actor=SYSTEM, device_id=device.pk, name="silence", at=NOW)
    assert command.state == "queued"
    with pytest.raises(services.UnknownCommand):
        services.issue_command(actor=SYSTEM, device_id=device.pk, name="explode", at=NOW)
    with pytest.raises(services.UnknownCommand):
        services.issue_command(
            actor=SYSTEM, device_id=device.pk, name="silence", args={"x": 1}, at=NOW
        )
    assert DeviceCommand.objects.count() == 1
    assert services.expire_commands(at=NOW + timedelta(minutes=11)) == 1
    command.refresh_from_db()
    assert command.state == "expired"


def test_a_wish_is_sent_down_and_is_true_only_when_reported(centre) -> None:
    band, _ = services.register_device(actor=SYSTEM, type="band", organization_id=centre.pk, at=NOW)
    wish = {"report_interval_s": 300}
    command = services.set_desired(actor=SYSTEM, device_id=band.pk, settings=wish, at=NOW)
    assert (command.name, command.args) == ("configure", wish)
    band.refresh_from_db()
    assert selectors.unmet_wishes(band, None) == {"report_interval_s": (300, None)}
    seen = DeviceSeen(device=band.pk, reported={"report_interval_s": 300})
    assert selectors.unmet_wishes(band, seen) == {}
    for bad in ({"report_interval_s": 5}, {"colour": 1}):
        with pytest.raises(services.BadSetting):
            services.set_desired(actor=SYSTEM, device_id=band.pk, settings=bad, at=NOW)
    band.refresh_from_db()
    assert band.desired == wish
    assert DeviceCommand.objects.count() == 1


@pytest.mark.parametrize(("role", "prefix"), [("admin", "990122"), ("regulator", "990121")])
def test_refusals_change_nothing(device: Device, role: str, prefix: str) -> None:
    by = actor(role, prefix)
    before = (AuditEntry.objects.count(), snapshot(device))
    with pytest.raises(NotFound):
        services.rotate_secret(actor=by, device_id=device.pk, at=NOW)
    with pytest.raises(NotFound):
        services.issue_command(actor=by, device_id=device.pk, name="silence", at=NOW)
    assert (AuditEntry.objects.count(), snapshot(device)) == before
    assert not DeviceCommand.objects.exists()


def test_a_device_never_heard_is_silent_not_well(device: Device) -> None:
    [line] = selectors.lines([device], at=NOW)
    assert line.silent
    assert line.seen is None


def test_types_measure_known_codes_of_known_classes() -> None:
    assert len(types.all_types()) >= 15
    if not CLASSES.exists():
        pytest.skip("the reference is not beside this checkout")
    known = {row["id"] for row in yaml.safe_load(CLASSES.read_text("utf-8"))["device_classes"]}
    assert {kind.klass for kind in types.all_types().values()} <= known


def test_how_a_device_hangs_is_written_down_and_told_to_the_gateway(centre) -> None:
    made, _secret = services.register_device(
        actor=SYSTEM, type="infrared-array", organization_id=centre.pk, at=NOW
    )
    assert snapshot(made).mounting == {}
    hangs = {"mount": "wall", "height_m": 2.2, "view_deg": 90.0}
    services.set_mounting(actor=SYSTEM, device_id=made.pk, mounting=hangs, at=NOW)
    assert snapshot(made).mounting == hangs
    entry = AuditEntry.objects.filter(action="devices.mount_device").latest("at")
    assert entry.detail["after"] == hangs
    with pytest.raises(services.BadSetting):
        services.set_mounting(actor=SYSTEM, device_id=made.pk, mounting={"height_m": 40}, at=NOW)
    assert snapshot(made).mounting == hangs


def test_what_does_not_hang_is_not_asked_how(device: Device) -> None:
    with pytest.raises(services.NothingToMount):
        services.set_mounting(actor=SYSTEM, device_id=device.pk, mounting={}, at=NOW)
    assert snapshot(device).mounting == {}
