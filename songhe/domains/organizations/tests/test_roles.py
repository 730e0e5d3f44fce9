"""Nobody gives what she does not hold, nor beyond her region, nor longer; leaving ends all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client

from songhe.base.access import giving
from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.access.models import RoleAssignment
from songhe.base.access.roles import all_roles
from songhe.base.accounts.models import User
from songhe.base.accounts.testing import signed_in
from songhe.base.consent import guardians, texts
from songhe.base.consent import services as consent
from songhe.base.consent.recipients import Recipient
from songhe.base.regions.services import add_region
from songhe.domains.organizations import selectors, services
from songhe.domains.organizations.models import Organization, Staff
from songhe.domains.organizations.rights import rights
from songhe.domains.organizations.testing import make_organization, make_user
from songhe.domains.people.testing import make_person
from songhe.kernel.errors import Denied, Invalid

NOW = datetime.now(UTC)
SINCE = NOW - timedelta(days=30)
TOWN, OTHER = "990121001", "990122"
pytestmark = pytest.mark.django_db


@pytest.fixture
def centre(db: None) -> Organization:
    for code in ("99", "9901", "990121", TOWN, "990121002", OTHER):
        add_region(code=code, name=f"地{code}")
    return make_organization(at=SINCE)


@pytest.fixture
def admin(centre: Organization) -> Actor:
    user = make_user(at=SINCE, login="admin", role="admin", organization=centre)
    return access.actor_for(user, NOW)


def give(actor: Actor, user: User, centre: Organization | None, **more: object) -> None:
    wanted = {"role": "worker", "region_prefix": TOWN, "at": NOW} | more
    services.give_role(
        actor=actor,
        user_id=user.pk,
        organization_id=centre.pk if centre else None,
        **wanted,  # type: ignore[arg-type]
    )


def roles_of(user: User, at: datetime = NOW) -> set[tuple[str, str]]:
    return {(line.role, line.region_prefix) for line in giving.roles_of_user(user.pk, at=at)}


def test_what_is_given_on_sees_no_more_than_the_giver() -> None:
    known = all_roles()
    for giver, roles in rights().gives.items():
        for role in roles:
            assert known[role].fields <= known[giver].fields, (giver, role)
    given = {role for roles in rights().gives.values() for role in roles}
    assert not given & {"auditor", "privacy_officer", "engineer"}


def test_a_role_for_a_time_within_reach(admin: Actor, centre: Organization) -> None:
    liu = make_user(at=SINCE, login="liu", organization=centre)
    give(admin, liu, centre, until=NOW + timedelta(days=10))
    assert roles_of(liu) == {("worker", TOWN)}
    assert roles_of(liu, NOW + timedelta(days=10)) == set()
    with pytest.raises(services.HeldAlready):
        give(admin, liu, centre)
    assert ("worker", "990121") in services.givable(admin, at=NOW)


@pytest.mark.parametrize(
    "more",
    [
        {"region_prefix": OTHER},
        {"region_prefix": "99"},
        {"region_prefix": ""},
        {"role": "auditor"},
        {"role": "privacy_officer"},
        {"role": "engineer"},
        {"role": "no-such-role"},
        {"region_prefix": "990121999"},
        {"until": NOW - timedelta(days=1)},
    ],
)
def test_beyond_reach_nothing_is_given(
    admin: Actor, centre: Organization, more: dict[str, object]
) -> None:
    liu = make_user(at=SINCE, login="liu", organization=centre)
    with pytest.raises((Denied, Invalid)):
        give(admin, liu, centre, **more)
    assert roles_of(liu) == set()


def test_nobody_raises_herself_nor_gives_longer_than_she_holds(centre: Organization) -> None:
    user = make_user(at=SINCE, login="short", organization=centre)
    until = NOW + timedelta(days=5)
    access.give_role(
        actor=SYSTEM, user=user, role="admin", region_prefix=TOWN, at=SINCE, until=until
    )
    actor = access.actor_for(user, NOW)
    liu = make_user(at=SINCE, login="liu", organization=centre)
    with pytest.raises(services.BeyondReach):
        give(actor, user, centre, role="operator")
    for end in (None, until + timedelta(seconds=1)):
        with pytest.raises(Invalid):
            give(actor, liu, centre, until=end)
    with pytest.raises(services.BeyondReach):
        give(actor, liu, centre, region_prefix="990121", until=until)
    with pytest.raises(services.BeyondReach):  # the organisation stands above her town
        give(actor, liu, centre, until=until)
    town = make_organization(at=SINCE, name="镇", region_code=TOWN, serves=())
    services.employ(actor=SYSTEM, organization=town, user=liu, title="护理员", at=SINCE)
    give(actor, liu, town, until=until)
    stale = access.actor_for(user, NOW)  # her own role ends, the request goes on
    for line in giving.roles_of_user(user.pk, at=NOW):
        giving.end_role(actor=SYSTEM, assignment_id=line.id, at=NOW)
    with pytest.raises(services.BeyondReach):
        give(stale, liu, town, role="operator", until=until)
    assert roles_of(liu) == {("worker", TOWN)}


@pytest.mark.parametrize("role", ["operator", "registrar", "clinician", "auditor", ""])
def test_other_roles_give_nothing(role: str, centre: Organization) -> None:
    user = make_user(at=SINCE, login="other", role=role, organization=centre)
    liu = make_user(at=SINCE, login="liu", organization=centre)
    with pytest.raises(services.BeyondReach):
        give(access.actor_for(user, NOW), liu, centre)
    assert services.givable(access.actor_for(user, NOW), at=NOW) == []
    assert roles_of(liu) == set()


def test_roles_at_work_rest_on_work(admin: Actor, centre: Organization) -> None:
    stranger = make_user(at=SINCE, login="stranger")
    for organization in (centre, None):
        with pytest.raises(Invalid):
            give(admin, stranger, organization)
    give(admin, stranger, None, role="family")
    assert roles_of(stranger) == {("family", TOWN)}


def test_whoever_leaves_loses_roles_grants_and_account(admin: Actor, centre: Organization) -> None:
    liu = make_user(at=SINCE, login="liu", role="worker", organization=centre)
    chen = make_person(at=SINCE)
    own = make_user(at=SINCE, login="chen", role="elder")
    guardians.make_own(actor=SYSTEM, user=own, person_id=chen.pk, at=SINCE)
    everybody = Recipient(organization_id=centre.pk, role="worker")
    for recipient in (everybody, Recipient(user_id=liu.pk)):
        consent.give(
            actor=access.actor_for(own, SINCE),
            person_id=chen.pk,
            purpose="care",
            classes=["home"],
            recipient=recipient,
            text_version=texts.texts_at(SINCE).version,
            at=SINCE,
        )
    client = signed_in(Client(), liu, at=NOW)
    assert client.get(f"/people/{chen.pk}/").status_code == 200
    new = make_user(at=SINCE, login="new", organization=centre)
    give(admin, new, centre)
    assert "home" in access.actor_for(new, NOW).granted("people.Person")[chen.pk]
    staff = Staff.objects.get(user=liu)
    at = datetime.now(UTC)
    services.end_employment(actor=admin, staff_id=staff.pk, close_account=True, at=at)
    assert client.get(f"/people/{chen.pk}/").status_code == 302, "signed out"
    liu.refresh_from_db()
    assert not liu.is_active
    assert roles_of(liu, at) == set()
    assert not giving.grants_to(liu.pk, at=at)
    assert selectors.staff_of(admin, centre.pk, at=at)[-1].name != "liu"
    with pytest.raises(services.NotEmployed):
        services.end_employment(actor=admin, staff_id=staff.pk, close_account=False, at=at)


def test_an_organisation_is_founded_changed_and_closed(admin: Actor, centre: Organization) -> None:
    row = services.found_organization(
        actor=admin, name="新站", kind="service-centre", region_code=TOWN, serves=[TOWN], at=NOW
    )
    assert selectors.serving("990121001001") == row
    for region, serves in ((OTHER, []), (TOWN, [OTHER]), (TOWN, ["99"])):
        with pytest.raises((Denied, Invalid)):
            services.found_organization(
                actor=admin, name="远", kind="other", region_code=region, serves=serves, at=NOW
            )
    staff = services.employ(
        actor=admin,
        organization=row,
        user=make_user(at=SINCE, login="liu"),
        title="护理员",
        at=SINCE,
    )
    with pytest.raises(services.StillStaffed):
        services.close_organization(
            actor=admin, organization_id=row.pk, closed_on=NOW.date(), at=NOW
        )
    services.end_employment(actor=admin, staff_id=staff.pk, close_account=False, at=NOW)
    services.close_organization(
        actor=admin,
        organization_id=row.pk,
        closed_on=NOW.date() - timedelta(days=1),
        at=NOW,
    )
    assert selectors.serving("990121001001") == centre
    with pytest.raises(services.NoSuchOrganization):
        services.close_organization(
            actor=admin, organization_id=uuid4(), closed_on=NOW.date(), at=NOW
        )


def test_an_admin_acts_on_the_pages(centre: Organization) -> None:
    admin = make_user(at=SINCE, login="boss", role="admin", organization=centre)
    client = signed_in(Client(), admin, at=datetime.now(UTC))
    tree = client.get("/organizations/?region=9901").content.decode()
    assert "地990121" in tree
    assert client.get("/organizations/?region=990122").content.decode().count("地990122") == 0
    given = {"name": "东关站", "kind": "service-centre", "serves": TOWN, "phone": ""}
    founded = client.post(f"/organizations/found/?region={TOWN}", given)
    assert founded.status_code == 302, founded.content.decode()
    assert client.post(f"/organizations/found/?region={OTHER}", given).status_code == 422
    row = Organization.objects.get(name="东关站")
    hired = client.post(
        f"/organizations/{row.pk}/employ/",
        {"login": "newnurse", "display_name": "小新", "title": "护理员"},
    )
    text = hired.content.decode()
    assert "newnurse" in text
    staff = Staff.objects.get(organization=row)
    assert staff.user.check_password(text.partition("<b>")[2].partition("</b>")[0])
    page = f"/organizations/staff/{staff.pk}/"
    asked = {"role": "worker", "region": TOWN, "until": ""}
    assert client.post(f"{page}role/", asked | {"region": OTHER}).status_code == 422
    assert client.post(f"{page}role/", asked | {"role": "auditor"}).status_code == 422
    assert not RoleAssignment.objects.filter(user=staff.user).exists()
    assert client.post(f"{page}role/", asked).status_code == 302
    assert "护理员" in client.get(page).content.decode()
    role = RoleAssignment.objects.get(user=staff.user)
    assert client.post(f"{page}role/{role.pk}/end/").status_code == 302
    assert roles_of(staff.user, datetime.now(UTC)) == set()
    left = client.post(f"{page}leave/", {"close_account": "on"})
    assert left.status_code == 302
    assert client.get(page).status_code == 404
