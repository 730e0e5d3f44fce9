"""Organisations and staff from tables: rows beyond the reach are refused, twice is as once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from songhe.base.access import giving
from songhe.base.access import services as access
from songhe.base.access.actor import Actor
from songhe.base.regions.services import add_region
from songhe.domains.organizations.importing import OrganizationImport, StaffImport
from songhe.domains.organizations.models import Organization, Staff
from songhe.domains.organizations.testing import make_organization, make_user
from songhe.engines.exchange.declaring import Importer, Taken
from songhe.kernel.errors import SongheError

NOW = datetime.now(UTC)
SINCE = NOW - timedelta(days=3)
pytestmark = pytest.mark.django_db
STATION = {
    "name": "东关站",
    "kind": "service-centre",
    "region_code": "990121001",
    "serves": "990121001",
}
WANG = {
    "organization": "东关站",
    "login": "wangfang",
    "display_name": "王芳",
    "title": "护理员",
    "phone": "15400000555",
    "role": "worker",
}


@pytest.fixture
def admin(db: None) -> Actor:
    for code in ("99", "9901", "990121", "990121001", "990122"):
        add_region(code=code, name=code)
    user = make_user(at=SINCE, login="boss", role="admin", organization=make_organization(at=SINCE))
    return access.actor_for(user, NOW)


def put(importer: Importer, actor: Actor, *rows: dict[str, str]) -> list[Any]:
    """Return what became of rows: the outcome's word, the field of a refusal, or of a mistake."""
    found = []
    for number, row in enumerate(rows):
        data, mistakes = importer.reader()(row)
        if mistakes:
            found.append(f"mistake {mistakes[0].column}")
            continue
        (result,) = importer.take(actor, [Taken(number, data)], NOW)
        refused = isinstance(result, SongheError)
        found.append(f"refused {result.params.get('field')}" if refused else result.value)
    return found


def test_organisations(admin: Actor) -> None:
    far = STATION | {"name": "远", "region_code": "990122"}
    odd = STATION | {"name": "无此地区", "region_code": "990121009"}
    wide = STATION | {"name": "宽", "serves": "99"}
    importer = OrganizationImport()
    assert put(importer, admin, STATION, far, odd, wide, {"kind": "other"}) == [
        "created",
        "refused None",
        "refused region_code",
        "refused serves",
        "mistake name",
    ]
    count = Organization.objects.count()
    assert put(importer, admin, STATION, STATION | {"phone": "15400000123"}) == [
        "unchanged",
        "changed",
    ]
    assert Organization.objects.count() == count


def test_staff(admin: Actor) -> None:
    put(OrganizationImport(), admin, STATION)
    importer = StaffImport()
    raised = WANG | {"login": "raised", "role": "auditor"}
    nowhere = WANG | {"login": "nowhere", "organization": "没有"}
    assert put(importer, admin, WANG, raised, nowhere, WANG | {"login": ""}) == [
        "created",
        "refused None",
        "refused organization",
        "mistake login",
    ]
    staff = Staff.objects.select_related("user").get(organization__name="东关站")
    assert staff.user.login == "wangfang"
    assert staff.user.first_secret_until is not None
    assert {line.role for line in giving.roles_of_user(staff.user_id, at=NOW)} == {"worker"}
    assert put(importer, admin, WANG, WANG | {"title": "组长", "is_leader": "yes"}) == [
        "unchanged",
        "changed",
    ]
    staff.refresh_from_db()
    assert (staff.title, staff.is_leader) == ("组长", True)
    labels = {str(column.name) for column in importer.columns(admin, NOW)}
    assert labels == set(WANG) | {"title_en", "is_leader"}
