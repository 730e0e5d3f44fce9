"""The cast: who signs in to the demo, with which role, for whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.password_validation import validate_password

from songhe.base.access import services as access
from songhe.base.access import sign_ins
from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.models import User
from songhe.base.consent import guardians, texts
from songhe.base.consent import services as consent
from songhe.base.consent.recipients import Recipient
from songhe.config.demo import places
from songhe.config.demo.install import Install
from songhe.config.demo.logins import COUNTY, LOGINS, TOWN
from songhe.config.demo.portraits import portrait
from songhe.domains.organizations import selectors as staff
from songhe.domains.organizations import services as organizations
from songhe.domains.organizations.selectors import Organization


@dataclass(frozen=True, slots=True)
class Institutions:
    """The organisations of the county."""

    centre: Organization
    hospital: Organization
    nursing_home: Organization
    bureau: Organization
    insurance: Organization


def found_institutions(*, at: datetime) -> Institutions:
    """Found the service centre, the hospital that takes over from it, nursing home, who pays."""
    bureau = organizations.found_organization(
        actor=SYSTEM,
        name="松鹤示范县民政局",
        name_en="County civil affairs bureau",
        kind="government",
        region_code=COUNTY,
        at=at,
        phone="15400000100",
    )
    hospital = organizations.found_organization(
        actor=SYSTEM,
        name="云岭镇卫生院",
        name_en="Yunling township hospital",
        kind="hospital",
        region_code=TOWN,
        at=at,
        phone="15400000120",
        parent=bureau,
    )
    centre = organizations.found_organization(
        actor=SYSTEM,
        name="松鹤示范县养老服务中心",
        name_en="County elderly care service centre",
        kind="service-centre",
        region_code=COUNTY,
        at=at,
        serves=[COUNTY],
        parent=bureau,
        next_organization=hospital,
        phone="15400000110",
    )
    nursing_home = organizations.found_organization(
        actor=SYSTEM,
        name="福寿苑养老院",
        name_en="Fushouyuan nursing home",
        kind="nursing-home",
        region_code=places.DONGGUAN.code,
        at=at,
        parent=bureau,
        next_organization=hospital,
        phone="15400000130",
    )
    insurance = organizations.found_organization(
        actor=SYSTEM,
        name="松鹤示范县长期护理保险经办中心",
        name_en="County long-term care insurance office",
        kind="government",
        region_code=COUNTY,
        at=at,
        phone="15400000140",
    )
    return Institutions(centre, hospital, nursing_home, bureau, insurance)


def make_cast(
    *,
    install: Install,
    institutions: Institutions,
    chen_id: UUID,
    signed: Iterable[UUID],
    at: datetime,
) -> Mapping[str, User]:
    """Make the accounts with their roles, work and grants; return the users by login.

    Grandma Chen's account is her own, and she allows what `logins` says on her own screen. signed:
    who has a contract with the family doctor.
    """
    users: dict[str, User] = {}
    for number, member in enumerate(LOGINS):
        password = install.password(member.login)
        user = User(login=member.login, display_name=member.name)
        validate_password(password, user)
        user = User.objects.create_user(
            login=member.login, display_name=member.name, password=password
        )
        users[member.login] = user
        if member.phone:
            sign_ins.set_phone(actor=SYSTEM, user=user, phone=member.phone, at=at)
        organization = getattr(institutions, member.works_at) if member.works_at else None
        if member.role:
            access.give_role(
                actor=SYSTEM,
                user=user,
                role=member.role,
                region_prefix=member.region,
                at=at,
                organization_id=organization.pk if organization else None,
            )
        if organization:
            organizations.employ(
                actor=SYSTEM,
                organization=organization,
                user=user,
                title=member.title,
                title_en=member.en,
                at=at,
                is_leader=member.is_leader,
                phone=f"154000002{number:02d}",
            )
    _papers(users, at=at)
    _consents(users, chen_id, at=at)
    for person in signed:
        access.grant(
            actor=SYSTEM,
            user=users["zhao"],
            subject_type="people.Person",
            subject_id=person,
            purpose="contract",
            field_classes=("identity", "contact", "health", "home"),
            source=f"people.Person/{person}#family-doctor",
            at=at,
        )
    return users


def _papers(users: Mapping[str, User], *, at: datetime) -> None:
    """Let worker Liu hold papers, one of which ends within weeks, and say who she is."""
    liu = staff.worker_lines([users["liu"].pk], at=at)[users["liu"].pk].staff_id
    today = at.date()
    for code, days, number in (
        ("carer-4", None, "SH-2024-0417"),
        ("bathing", 720, "SH-ZY-0088"),
        ("first-aid", 420, "SH-JJ-1203"),
        ("health-certificate", 125, "SH-JK-5571"),
    ):
        organizations.add_qualification(
            actor=SYSTEM,
            staff_id=liu,
            code=code,
            number=number,
            issued_on=today - timedelta(days=200),
            valid_until=None if days is None else today + timedelta(days=days),
            at=at,
        )
    organizations.set_worker_facts(
        actor=SYSTEM,
        staff_id=liu,
        gender="female",
        languages=["putonghua", "local"],
        about_zh="做护理六年，说本地话，做事慢而稳。",
        about_en="Six years in care; speaks the local dialect; slow and steady.",
        at=at,
    )
    organizations.set_portrait(actor=SYSTEM, staff_id=liu, content=portrait("liu", "female"), at=at)


def _consents(users: Mapping[str, User], chen_id: UUID, *, at: datetime) -> None:
    """Make Grandma Chen's account her own, and let her allow her son and her care worker."""
    herself = users["chenxiulan"]
    guardians.make_own(actor=SYSTEM, user=herself, person_id=chen_id, at=at)
    for member in LOGINS:
        if member.sees_chen and member.login != herself.login:
            consent.give(
                actor=access.actor_for(herself, at),
                person_id=chen_id,
                purpose="family" if member.role == "family" else "care",
                classes=member.sees_chen,
                recipient=Recipient(user_id=users[member.login].pk),
                text_version=texts.texts_at(at).version,
                at=at,
            )
