"""What tests of pages share: the county at the wall clock, clients signed in, stored readings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test import Client
from django.utils import timezone

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.access.models import RoleAssignment
from songhe.base.accounts.models import User
from songhe.base.audit.models import AuditEntry
from songhe.base.events.models import OutboxEvent
from songhe.base.regions import services as regions
from songhe.domains.devices import services as devices
from songhe.domains.devices.models import Device
from songhe.domains.monitoring import services
from songhe.domains.monitoring.models import Alarm, AlarmEntry, RuleOverride
from songhe.domains.monitoring.testing import make_finding
from songhe.domains.monitoring.tests.conftest import County
from songhe.domains.organizations.models import Staff
from songhe.domains.people import services as people
from songhe.kernel import codes, wire
from songhe.kernel.time import to_us

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
HTMX = {"HX-Request": "true"}
BP = {"code": 1, "value": 186, "code2": 2, "value2": 112, "unit": "mmHg", "count": 1}


def settle(county: County) -> County:
    """Let the cast hold their roles at the wall clock, add Qian, the administrator, a contact."""
    for login, name, role in (("qian", "钱科长", "regulator"), ("admin", "管理员", "admin")):
        county.users[login] = User.objects.create_user(
            login=login, display_name=name, password="a long passphrase"
        )
        access.give_role(
            actor=SYSTEM, user=county.users[login], role=role, region_prefix="990121", at=LONG_AGO
        )
    RoleAssignment.objects.update(period=DateTimeTZRange(LONG_AGO, None))
    Staff.objects.update(period=DateTimeTZRange(LONG_AGO, None))
    for code, name in (
        ("99", "松鹤省"),
        ("9901", "松鹤市"),
        ("990121", "松鹤示范县"),
        ("990121001", "云岭镇"),
        ("990121001001", "桂花里"),
    ):
        regions.add_region(code=code, name=name)
    people.add_contact(
        actor=SYSTEM,
        person_id=county.chen.pk,
        name="陈伟",
        relation="son",
        phone="19900000007",
        at=timezone.now(),
    )
    return county


def client(county: County, login: str) -> Client:
    """Return a browser in which somebody of the cast is signed in."""
    found = Client()
    found.force_login(county.users[login])
    return found


def monitor(county: County) -> Device:
    """Register Grandma Chen's blood pressure monitor."""
    device, _secret = devices.register_device(
        actor=SYSTEM,
        type="bp-monitor",
        organization_id=county.centre.pk,
        at=LONG_AGO,
        region_code="990121001001",
    )
    return device


def store(
    subject: UUID, device: UUID, at: datetime, values: dict[str, float], *, kind: int = 1
) -> dict[str, Any]:
    """Store a reading as the gateway does; return its evidence key."""
    numbers = [codes.by_key(key).number for key in values]
    fingerprint = wire.fingerprint(tuple(numbers))
    with connection.cursor() as cursor:
        cursor.execute("SELECT ensure_reading_day(%s)", [at.astimezone(UTC).date()])
        cursor.execute(
            "INSERT INTO reading_hot VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 0, %s)",
            [kind, subject, device, at, fingerprint, at, numbers, [*map(float, values.values())],
             subject if kind == 1 else None],
        )  # fmt: skip
    return {
        "subject": str(subject),
        "device": str(device),
        "at_us": to_us(at),
        "fingerprint": str(fingerprint),
    }


def forget(key: dict[str, Any]) -> None:
    """Delete the stored reading of a key."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM reading_hot WHERE subject = %s AND device = %s AND fingerprint = %s"
            " AND effective_at = to_timestamp(%s / 1000000.0)",
            [key["subject"], key["device"], int(key["fingerprint"]), key["at_us"]],
        )
        assert cursor.rowcount == 1


def ring(county: County, rule: str = "bp-critical", *, ago_s: int = 28, **more: Any) -> Alarm:
    """Let an alarm of Grandma Chen ring, `ago_s` seconds ago by the wall clock."""
    at = timezone.now().replace(microsecond=0) - timedelta(seconds=ago_s)
    summary = more.pop("summary", BP)
    make_finding(rule=rule, subject=county.chen.pk, at=at, summary=summary, **more)
    services.take_findings(at=at)
    return Alarm.objects.get(person=county.chen, rule=rule)


def standing() -> dict[str, Any]:
    """Return what a refusal must leave as it was; reads may be recorded."""
    alarms = Alarm.objects.order_by("pk").values_list("pk", "state", "assigned_to", "outcome")
    return {
        "alarms": list(alarms),
        "entries": AlarmEntry.objects.count(),
        "events": OutboxEvent.objects.count(),
        "changes": AuditEntry.objects.filter(kind="change").count(),
        "overrides": RuleOverride.objects.count(),
    }
