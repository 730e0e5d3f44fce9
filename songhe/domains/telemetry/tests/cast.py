"""The cast at home, made by the real services, and stored readings for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import connection

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.accounts.models import User
from songhe.base.regions import services as regions
from songhe.domains.devices import services as devices
from songhe.domains.organizations import services as organizations
from songhe.domains.people import services as people
from songhe.kernel import codes
from songhe.kernel.time import to_us
from songhe.kernel.wire import EvidenceKey, SubjectKind, fingerprint

NOW = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)  # 16:30 in Shanghai, a Saturday
BEFORE = NOW - timedelta(days=120)
TOWN, OTHER_TOWN = "990121001", "990121002"
HERE = "990121001002"
PASSWORD = "pine and crane 1"
NOBODY = UUID(int=0)
ALL = ("identity", "contact", "health", "home", "location", "devices")

PEOPLE = {
    "admin": ("孙县长", "admin", "990121"),
    "sun": ("小孙", "operator", TOWN),
    "far": ("远方", "operator", OTHER_TOWN),
    "zhao": ("赵医生", "clinician", ""),
    "keeper": ("设备员", "device_keeper", TOWN),
    "qian": ("钱科长", "regulator", "990121"),
    "liu": ("小刘", "worker", ""),
    "wei": ("陈伟", "family", ""),
    "chen": ("陈秀兰", "elder", ""),
    "wu": ("吴先生", "", ""),
}


@dataclass
class Cast:
    """Who and what there is: users and devices by name, Grandma Chen, her home and rooms."""

    users: dict[str, User] = field(default_factory=dict)
    devices: dict[str, UUID] = field(default_factory=dict)
    rooms: dict[str, UUID] = field(default_factory=dict)
    chen: UUID = NOBODY
    other: UUID = NOBODY
    home: UUID = NOBODY
    organization: UUID = NOBODY

    def actor(self, name: str, at: datetime = NOW) -> Actor:
        """Return the actor of one of the cast at a moment."""
        return access.actor_for(self.users[name], at)


@cache
def _hash() -> str:
    """Return the hash of the cast's password, made once: it is slow on purpose."""
    return make_password(PASSWORD)


def make_cast() -> Cast:
    """Make the cast, one home with four rooms, six devices, and one person in another town."""
    cast = Cast()
    for code, name in (
        ("99", "松鹤示范省"),
        ("9901", "松鹤示范市"),
        ("990121", "松鹤示范县"),
        (TOWN, "云岭镇"),
        (OTHER_TOWN, "清河镇"),
        (HERE, "石桥社区"),
        ("990121002001", "清河社区"),
    ):
        regions.add_region(code=code, name=name, name_en=name)
    centre = organizations.found_organization(
        actor=SYSTEM,
        name="云岭镇养老服务中心",
        name_en="Yunling service centre",
        kind="service-centre",
        region_code=TOWN,
        at=BEFORE,
        serves=[TOWN],
        phone="0990-1234567",
    )
    cast.organization = centre.pk
    for login, (name, role, region) in PEOPLE.items():
        user = User.objects.create(login=login, display_name=name, password=_hash())
        cast.users[login] = user
        if role:
            access.give_role(
                actor=SYSTEM,
                user=user,
                role=role,
                region_prefix=region,
                at=BEFORE,
                organization_id=centre.pk if login in {"sun", "keeper"} else None,
            )
    _chen(cast)
    other = people.register_person(
        actor=SYSTEM,
        name="李大山",
        sex="male",
        birth_on=date(1941, 3, 1),
        region_code="990121002001",
        at=BEFORE,
    )
    cast.other = other.pk
    return cast


def _chen(cast: Cast) -> None:
    chen = people.register_person(
        actor=SYSTEM,
        name="陈秀兰",
        sex="female",
        birth_on=date(1944, 5, 17),
        region_code=HERE,
        at=BEFORE,
        phone="13900000001",
        living="alone",
        care_level=2,
    )
    cast.chen = chen.pk
    home = people.add_home(actor=SYSTEM, region_code=HERE, address="松柏里 3 号楼 201", at=BEFORE)
    cast.home = home.pk
    plan = {
        "bedroom": (0, 0, 4, 3),
        "living": (4, 0, 5, 3),
        "kitchen": (0, 3, 4, 3),
        "hall": (4, 3, 5, 3),
    }
    names = {"bedroom": "卧室", "living": "客厅", "kitchen": "厨房", "hall": "门厅"}
    for kind, (x, y, w, h) in plan.items():
        room = people.add_room(
            actor=SYSTEM,
            home=home,
            kind=kind,
            name=names[kind],
            rectangle=(float(x), float(y), float(w), float(h)),
        )
        cast.rooms[kind] = room.pk
    people.move_in(actor=SYSTEM, person_id=chen.pk, home=home, at=BEFORE)
    for rank, (kind, code, zh, en) in enumerate(
        (
            ("allergy", "penicillin", "青霉素过敏", "Penicillin allergy"),
            ("condition", "hypertension", "高血压 3 级", "Hypertension, grade 3"),
            ("risk", "fall", "跌倒高风险", "High risk of falling"),
            ("scheme", "home-bed", "家庭养老床位", "Home care bed"),
        )
    ):
        people.add_fact(
            actor=SYSTEM,
            person_id=chen.pk,
            kind=kind,
            code=code,
            text_zh=zh,
            text_en=en,
            rank=rank,
            at=BEFORE,
        )
    people.add_contact(
        actor=SYSTEM, person_id=chen.pk, name="陈伟", relation="son", phone="13900000002", at=BEFORE
    )
    for login, classes in (
        ("wei", ALL),
        ("chen", ALL),
        ("liu", ("identity", "home")),
        ("zhao", ALL[:4]),
    ):
        access.grant(
            actor=SYSTEM,
            user=cast.users[login],
            subject_type="people.Person",
            subject_id=chen.pk,
            purpose="care",
            field_classes=classes,
            source=f"test/{login}",
            at=BEFORE,
        )
    for name, kind, room in (
        ("bp", "bp-monitor", None),
        ("band", "band", None),
        ("mattress", "sleep-mattress", "bedroom"),
        ("pir", "pir", "living"),
        ("door", "door-magnet", "hall"),
        ("tracker", "tracker", None),
    ):
        device, _ = devices.register_device(
            actor=SYSTEM,
            type=kind,
            organization_id=cast.organization,
            at=BEFORE,
            key=f"key{name}",
            region_code=HERE,
        )
        cast.devices[name] = device.pk
        devices.bind_device(
            actor=SYSTEM,
            device_id=device.pk,
            at=BEFORE,
            person_id=None if room else chen.pk,
            room_id=cast.rooms[room] if room else None,
        )


def put(
    subject: UUID,
    device: UUID,
    at: datetime,
    *,
    kind: SubjectKind = SubjectKind.PERSON,
    flags: int = 0,
    person: UUID | None = None,
    late_s: float = 0,
    **values: float,
) -> EvidenceKey:
    """Store one reading as the gateway does; values by our short keys with _ for -."""
    numbers = [codes.by_key(key.replace("_", "-")).number for key in values]
    mark = fingerprint(tuple(numbers))
    with connection.cursor() as cursor:
        cursor.execute("SELECT ensure_reading_day(%s::date)", [at.astimezone(UTC).date()])
        cursor.execute(
            "INSERT INTO reading_hot VALUES (%s,%s,%s,%s,%s,%s,%s,%s,%s,%s)",
            [
                kind,
                subject,
                device,
                at,
                mark,
                at + timedelta(seconds=late_s),
                numbers,
                [float(v) for v in values.values()],
                flags,
                person,
            ],
        )
    return EvidenceKey(subject, device, to_us(at), str(mark))


def put_latest(subject: UUID, kind: SubjectKind, **values: tuple[float, datetime, UUID]) -> None:
    """Store the last values of a subject as the gateway does: (value, time, device) by key."""
    numbers = [codes.by_key(key.replace("_", "-")).number for key in values]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO latest VALUES (%s,%s,%s,%s,%s,%s,%s)",
            [
                subject,
                kind,
                numbers,
                [v[1] for v in values.values()],
                [float(v[0]) for v in values.values()],
                [v[2] for v in values.values()],
                NOW,
            ],
        )
