"""Two towns, each with an organisation, a person, a device and an alarm; one user a role."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from songhe.base.access import giving
from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.access.roles import all_roles
from songhe.base.accounts.models import User
from songhe.base.files import testing as files_testing
from songhe.base.notify import testing as notify_testing
from songhe.domains.catalog.testing import make_item
from songhe.domains.devices import services as devices
from songhe.domains.dispatch import services as dispatch
from songhe.domains.dispatch.terms import About, OrderKind, Source
from songhe.domains.homecare import services as homecare
from songhe.domains.monitoring import services as monitoring
from songhe.domains.monitoring.models import Alarm
from songhe.domains.monitoring.testing import make_finding, make_suggestion
from songhe.domains.organizations import selectors as organization_list
from songhe.domains.organizations import services as organizations
from songhe.domains.people import services as people
from songhe.domains.telemetry.models import Run
from songhe.domains.telemetry.testing import make_waveform
from songhe.engines.exchange import services as exchange
from songhe.kernel import ids, wire
from tests.access import care, trust
from tests.access.money import Money, make_money

TOWNS = {"a": "990121001", "b": "990121002"}
NAMES = {"a": "陈秀兰", "b": "李桂芳"}
PERSONAL = ("陈秀兰", "李桂芳", "19911110001", "19911110002", "桂花里 3 号", "望河村 17 号")
files_testing.declare_kinds()
notify_testing.declare_kinds()
ALL_FIELDS = ("identity", "contact", "health", "home", "location", "devices", "finance")


@dataclass
class Town:
    """Everything of one town; ids for the routes."""

    organization: UUID
    person: UUID
    home: UUID
    room: UUID
    device: UUID
    alarm: UUID
    letter: UUID
    reading: str
    absence: UUID
    contact: UUID
    fact: UUID
    record: UUID
    order: UUID
    gone: UUID = field(default_factory=ids.uuid7)
    merge: UUID = field(default_factory=ids.uuid7)


@dataclass
class World:
    """trial: a rule that the operator of town a tried; suggestion: one for its person; run: work on
    old days that goes on.

    consented: the family account in the word of addresses, which guards the person of town a as
    well; paper: the guardian's; emergency: the clinician's; request: a copy that
    the person of town a asked for on paper, and that is ready; notice, browser: the worker's; file:
    a photograph of the person of town a;
    visit, offer: the worker's, told and asked; done_visit: one that is over. planned_order,
    planned_visit: a service next week; plan: what would change because its worker is away;
    leave: hers;
    series: the person's.
    home_bed: of the person of town a; home_return: what came of one before;
    refused_bed: hers too, with an objection; handover: of the ward.
    """

    trial: UUID = field(default_factory=ids.uuid7)
    suggestion: UUID = field(default_factory=ids.uuid7)
    run: UUID = field(default_factory=ids.uuid7)
    table: UUID = field(default_factory=ids.uuid7)
    tables: dict[str, UUID] = field(default_factory=dict)
    consented: str = ""
    guardianship: UUID = field(default_factory=ids.uuid7)
    paper: UUID = field(default_factory=ids.uuid7)
    emergency: UUID = field(default_factory=ids.uuid7)
    staff: UUID = field(default_factory=ids.uuid7)
    role: UUID = field(default_factory=ids.uuid7)
    qualification: UUID = field(default_factory=ids.uuid7)
    item: str = "test-bath"
    request: UUID = field(default_factory=ids.uuid7)
    hold: UUID = field(default_factory=ids.uuid7)
    file: UUID = field(default_factory=ids.uuid7)
    money: Money = field(init=False)
    notice: UUID = field(default_factory=ids.uuid7)
    browser: UUID = field(default_factory=ids.uuid7)
    complaint: UUID = field(default_factory=ids.uuid7)
    visit: UUID = field(default_factory=ids.uuid7)
    planned_order: UUID = field(default_factory=ids.uuid7)
    planned_visit: UUID = field(default_factory=ids.uuid7)
    plan: UUID = field(default_factory=ids.uuid7)
    leave: UUID = field(default_factory=ids.uuid7)
    series: UUID = field(default_factory=ids.uuid7)
    done_visit: UUID = field(default_factory=ids.uuid7)
    offer: UUID = field(default_factory=ids.uuid7)
    home_bed: UUID = field(default_factory=ids.uuid7)
    refused_bed: UUID = field(default_factory=ids.uuid7)
    home_return: UUID = field(default_factory=ids.uuid7)
    handover: UUID = field(default_factory=ids.uuid7)
    destruction: UUID = field(default_factory=ids.uuid7)
    towns: dict[str, Town] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)


def store_reading(
    *,
    subject: UUID,
    device: UUID,
    at: datetime,
    codes: tuple[int, ...],
    values: list[float],
    kind: int = 1,
) -> dict[str, Any]:
    """Store one reading as the gateway does; return its evidence key."""
    mark = wire.fingerprint(codes)
    with connection.cursor() as cursor:
        cursor.execute("SELECT ensure_reading_day(%s::date)", [at.date()])
        cursor.execute(
            "INSERT INTO reading_hot (subject_kind, subject, device, effective_at, fingerprint,"
            " received_at, codes, vals, flags, person) VALUES (%s,%s,%s,%s,%s,%s,%s,%s,0,%s)",
            [kind, subject, device, at, mark, at, list(codes), values, subject],
        )
    at_us = int(at.timestamp() * 1_000_000)
    return {
        "subject": str(subject),
        "device": str(device),
        "at_us": at_us,
        "fingerprint": str(mark),
    }


def make_town(key: str, now: datetime) -> Town:
    """Make one town with its person, device, readings, alarm and dead letter."""
    region = TOWNS[key] + "001"
    since = now - timedelta(days=30)
    centre = organizations.found_organization(
        actor=SYSTEM,
        name=f"服务中心{key}",
        kind="service-centre",
        region_code=TOWNS[key],
        at=since,
        serves=[TOWNS[key]],
    )
    home = people.add_home(
        actor=SYSTEM,
        region_code=region,
        at=since,
        address={"a": "桂花里 3 号", "b": "望河村 17 号"}[key],
    )
    room = people.add_room(
        actor=SYSTEM, home=home, kind="bedroom", name="卧室", rectangle=(0, 0, 4, 3)
    )
    person = people.register_person(
        actor=SYSTEM,
        name=NAMES[key],
        sex="female",
        birth_on=date(1944, 3, 5),
        region_code=region,
        at=since,
        living="alone",
        phone={"a": "19911110001", "b": "19911110002"}[key],
    )
    people.move_in(actor=SYSTEM, person_id=person.pk, home=home, at=since)
    fact = people.tell_fact(
        actor=SYSTEM, person_id=person.pk, kind="allergy", words="乳胶过敏", at=now
    )
    contact = people.add_contact(
        actor=SYSTEM,
        person_id=person.pk,
        name="家人",
        relation="son",
        phone="19911119999",
        at=since,
    )
    record = people.record_fact(
        actor=SYSTEM,
        person_id=person.pk,
        fact=people.Fact("living", "couple"),
        since=since + timedelta(days=1),
        at=now,
    )
    device, _ = devices.register_device(
        actor=SYSTEM, type="bp-monitor", organization_id=centre.pk, at=since, region_code=region
    )
    devices.bind_device(actor=SYSTEM, device_id=device.pk, at=since, person_id=person.pk)
    key_of_reading = store_reading(
        subject=person.pk,
        device=device.pk,
        at=now - timedelta(minutes=2),
        codes=(1, 2),
        values=[186.0, 112.0],
    )
    make_waveform(
        subject=person.pk,
        device=device.pk,
        code="ecg",
        lead="II",
        at=now - timedelta(minutes=3),
        rate_hz=250,
        values=[0.1, 0.9, -0.2] * 250,
    )
    make_finding(
        rule="bp-critical",
        subject=person.pk,
        at=now - timedelta(minutes=2),
        device=device.pk,
        summary={"code": 1, "value": 186.0, "value2": 112.0},
        evidence=[key_of_reading],
    )
    monitoring.take_findings(at=now)
    letter = ids.uuid7()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO dead_letter (id, received_at, device, device_key, topic, payload, reason,"
            " detail, state) VALUES (%s,%s,%s,%s,'x','{','not-json','','new')",
            [letter, now, device.pk, device.key],
        )
    alarm = Alarm.objects.get(person=person)
    reading = ".".join(str(part) for part in key_of_reading.values())
    absence = monitoring.make_absence(
        actor=SYSTEM,
        person_id=person.pk,
        kind="family",
        since=now - timedelta(days=9),
        until=now - timedelta(days=7),
        told_by="家人",
        at=now,
    )
    order = dispatch.make_order(
        actor=SYSTEM,
        kind=OrderKind.RESCUE,
        source=Source.CALL,
        person_id=person.pk,
        organization_id=centre.pk,
        at=now,
    )
    return Town(
        organization=centre.pk,
        person=person.pk,
        home=home.pk,
        room=room.pk,
        device=device.pk,
        alarm=alarm.pk,
        letter=letter,
        reading=reading,
        absence=absence.pk,
        contact=contact.pk,
        fact=fact.pk,
        record=record.pk,
        order=order.pk,
    )


def make_world(now: datetime) -> World:
    """Make both towns and one user a role in town a, an operator in town b, and Wu with none."""
    world = World()
    for key in TOWNS:
        world.towns[key] = make_town(key, now)
    Run.objects.create(id=world.run, work="regions", started_at=now, moved_at=now)
    since = now - timedelta(days=1)
    for role in all_roles():
        user = User.objects.create_user(login=role, display_name=role, password="a long phrase")
        access.give_role(
            actor=SYSTEM,
            user=user,
            role=role,
            region_prefix=TOWNS["a"],
            at=since,
            organization_id=world.towns["a"].organization,
        )
        world.users[role] = user
    for role in ("family", "elder", "clinician"):
        access.grant(
            actor=SYSTEM,
            user=world.users[role],
            subject_type="people.Person",
            subject_id=world.towns["a"].person,
            purpose="test",
            field_classes=ALL_FIELDS,
            source="test",
            at=since,
        )
    other = User.objects.create_user(login="other", display_name="other", password="a long phrase")
    access.give_role(
        actor=SYSTEM,
        user=other,
        role="operator",
        region_prefix=TOWNS["b"],
        at=since,
        organization_id=world.towns["b"].organization,
    )
    world.users["operator_b"] = other
    doctor = User.objects.create_user(
        login="doctor", display_name="doctor", password="a long phrase"
    )
    access.give_role(  # the same region, another organisation
        actor=SYSTEM,
        user=doctor,
        role="clinician",
        region_prefix=TOWNS["a"],
        at=since,
        organization_id=world.towns["b"].organization,
    )
    world.users["clinician_b"] = doctor
    world.users["wu"] = User.objects.create_user(
        login="wu", display_name="吴", password="a long phrase"
    )
    centre = world.towns["a"].organization
    world.staff = organizations.employ(
        actor=SYSTEM,
        organization=organization_list.get_organization(centre),
        user=world.users["worker"],
        title="护理员",
        at=since,
    ).pk
    world.qualification = organizations.add_qualification(
        actor=SYSTEM,
        staff_id=world.staff,
        code="bathing",
        number="19911119996",
        issued_on=since.date(),
        valid_until=None,
        at=now,
    ).pk
    make_item(at=since, code=world.item, region_prefix=TOWNS["a"])
    world.role = giving.roles_of_user(world.users["worker"].pk, at=now)[0].id
    care.make_home_beds(world, area=TOWNS["a"], now=now)
    care.make_work(world, now=now)
    trust.make_notices(world, name=NAMES["a"], now=now)
    trust.make_consents(world, region=TOWNS["a"] + "001", now=now)
    trust.make_request(world, now=now)
    elder = access.actor_for(world.users["elder"], now)
    homecare.object_to_refusal(actor=elder, bed_id=world.refused_bed, words="材料已交", at=now)
    world.complaint = dispatch.complain(
        actor=elder,
        order_id=world.towns["a"].order,
        about=About.LATE,
        words="等了很久",
        at=now,
    ).pk
    operator = access.actor_for(world.users["operator"], now)
    trial = monitoring.ask_trial(
        actor=operator, scope="*", rule="bp-critical", params={"sbp_ge": 185}, enabled=True, at=now
    )
    monitoring.run_trial(trial_id=trial.pk, clock=lambda: now, should_end=lambda: False)
    world.trial = trial.pk
    world.suggestion = make_suggestion(world.towns["a"].person, now)
    registrar = access.actor_for(world.users["registrar"], now)
    body = "姓名,公民身份号码,社区\n王芳,1,\n".encode()
    table = exchange.ask_import(actor=registrar, kind="people.persons", body=body, at=now)
    exchange.run_import(run_id=table.pk, clock=lambda: now, should_end=lambda: False)
    world.table = table.pk
    admin = access.actor_for(world.users["admin"], now)
    for name, kind, text in (
        ("organizations:import", "organizations.organizations", "Name,Kind,Region\nx,,\n"),
        ("organizations:import_staff", "organizations.staff",
         "Organisation,Sign-in name,Name,Post\nx,,,\n"),
    ):  # fmt: skip
        table = exchange.ask_import(actor=admin, kind=kind, body=text.encode(), at=now)
        exchange.run_import(run_id=table.pk, clock=lambda: now, should_end=lambda: False)
        world.tables[name] = table.pk
    world.money = make_money(
        person_id=world.towns["a"].person,
        organization_id=world.towns["a"].organization,
        region=TOWNS["a"],
        now=now,
    )
    return world
