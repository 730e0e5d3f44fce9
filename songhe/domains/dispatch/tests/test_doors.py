"""Codes at doors: made once, shown once, ended; a wrong one is written down and stops nobody."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.testing import signed_in
from songhe.base.audit.models import AuditEntry
from songhe.domains.dispatch import door_reads, places, services
from songhe.domains.dispatch.models import DoorCode, Happening
from songhe.domains.dispatch.services.doors import ChangedMeanwhile, MadeCode, NoSuchHome
from songhe.domains.dispatch.terms import Way
from songhe.domains.dispatch.testing import tell, told
from songhe.domains.dispatch.tests.conftest import BEFORE, NOW, Centre
from songhe.domains.dispatch.tests.test_happenings import planned
from songhe.domains.organizations import testing as organizations
from songhe.domains.people import testing as people
from songhe.kernel.errors import Denied


@pytest.fixture
def keepers(centre: Centre) -> Centre:
    for login, role in (("manager", "provider_manager"), ("keeper", "device_keeper")):
        centre.users[login] = organizations.make_user(
            at=BEFORE, login=login, role=role, organization=centre.organization
        )
    return centre


def make(centre: Centre, login: str, home_id: UUID, code_id: UUID | None = None) -> MadeCode:
    (made,) = services.make_door_codes(
        actor=centre.actor(login), standing={home_id: code_id}, at=NOW
    )
    return made


def test_a_new_code_ends_the_old_one_and_only_its_digest_is_kept(keepers: Centre) -> None:
    first = make(keepers, "keeper", keepers.home.pk)
    row = DoorCode.objects.get()
    assert bytes(row.digest) == places.digest(first.code)
    second = make(keepers, "keeper", keepers.home.pk, row.pk)
    row.refresh_from_db()
    assert row.ended_at == NOW
    assert first.code != second.code
    assert DoorCode.objects.filter(ended_at=None).count() == 1
    entries = AuditEntry.objects.filter(ref=f"people.Home/{keepers.home.pk}")
    assert entries.filter(action="dispatch.make_door_code").count() == 2
    said = str(list(entries.values()))
    assert first.code not in said
    assert second.code not in said
    assert services.end_door_code(
        actor=keepers.actor("keeper"), home_id=keepers.home.pk, at=NOW + timedelta(hours=1)
    )
    assert not DoorCode.objects.filter(ended_at=None).exists()


def test_pressed_twice_makes_one(keepers: Centre) -> None:
    make(keepers, "keeper", keepers.home.pk)
    with pytest.raises(ChangedMeanwhile):
        make(keepers, "keeper", keepers.home.pk)
    assert DoorCode.objects.count() == 1


def test_a_manager_keeps_the_doors_to_which_her_workers_go(keepers: Centre) -> None:
    stranger, _rooms = people.make_home(at=BEFORE)
    for home in (keepers.home, stranger):
        with pytest.raises(NoSuchHome):
            make(keepers, "manager", home.pk)
    planned(keepers)
    make(keepers, "manager", keepers.home.pk)
    with pytest.raises(NoSuchHome):
        make(keepers, "manager", stranger.pk)
    for login in ("liu", "sun", "wu"):
        with pytest.raises(Denied):
            make(keepers, login, stranger.pk)
    assert DoorCode.objects.count() == 1


def test_a_code_is_read_however_it_is_written() -> None:
    code = places.new_door_code()
    ways = (code, f"SONGHE:{code}", f" songhe:{code.lower()} ", places.in_groups(code))
    assert {places.digest(one) for one in ways} == {places.digest(code)}
    assert places.digest("O0IL 1") == places.digest("00111")
    assert all(places.is_door_code(one) for one in ways)
    assert not places.is_door_code("123456")


def test_old_and_other_doors_are_told_apart_and_stop_nobody(keepers: Centre) -> None:
    other, _rooms = people.make_home(at=BEFORE)
    old = make(keepers, "keeper", keepers.home.pk)
    standing = DoorCode.objects.get().pk
    good = make(keepers, "keeper", keepers.home.pk, standing)
    elsewhere = make(keepers, "keeper", other.pk)
    cases = [
        (Way.QR, f"SONGHE:{good.code}", "qr", None),
        (Way.CODE, places.in_groups(good.code).lower(), "qr", None),
        (Way.QR, f"SONGHE:{old.code}", "none", "old-door"),
        (Way.CODE, elsewhere.code, "none", "other-door"),
        (Way.QR, "http://example.org", "none", "qr"),
        (Way.CODE, "123456x", "none", "code"),
    ]
    for turn, (way, shown, arrived_by, wrong) in enumerate(cases):
        visit = planned(keepers, NOW + timedelta(hours=2 * turn + 1))
        happening = told(visit.pk, "arrived", NOW, way=way, shown=shown, data={"reason": "旧码"})
        [answer] = tell(keepers.users["liu"], [happening], at=NOW)
        visit.refresh_from_db()
        row = Happening.objects.get(visit=visit)
        assert (answer.state, visit.state) == ("taken", "arrived")
        assert (visit.arrived_by, row.data.get("wrong")) == (arrived_by, wrong)
        assert visit.place_reason == "旧码"


def test_the_sheet_is_shown_once_and_names_nobody(keepers: Centre) -> None:
    browser = signed_in(Client(), keepers.users["keeper"], at=NOW)
    here = reverse("dispatch:print_door", args=[keepers.home.pk])
    answer = browser.post(here, {"standing": ""})
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "<svg" in html
    assert re.search(r"class=\"door-call\">[^<]*120", html)
    assert keepers.chen.name not in html
    assert answer.headers["Cache-Control"].find("no-store") >= 0
    again = browser.post(here, {"standing": ""})
    assert again.status_code == 302
    assert DoorCode.objects.count() == 1
    page = browser.get(reverse("dispatch:door", args=[keepers.home.pk])).content.decode()
    assert '<svg class="qr' not in page


def test_the_drawn_code_is_the_kept_one(keepers: Centre) -> None:
    made = make(keepers, "keeper", keepers.home.pk)
    found = door_reads.doors(SYSTEM, [keepers.home.pk], at=NOW)
    (sheet,) = door_reads.sheets([made], found)
    assert sheet.code.replace(" ", "") == made.code
    assert str(sheet.square) == str(door_reads._square(made.code))


def test_a_centre_prints_the_homes_without_a_code(keepers: Centre) -> None:
    planned(keepers)
    at = NOW + timedelta(minutes=1)
    found = door_reads.centre(keepers.actor("manager"), keepers.organization.pk, at=at)
    assert (found.doors, found.coded, len(found.waiting)) == (1, 0, 1)
    browser = signed_in(Client(), keepers.users["manager"], at=NOW)
    answer = browser.post(
        reverse("dispatch:print_doors"),
        {"provider": keepers.organization.pk, "home": [str(keepers.home.pk)]},
    )
    assert answer.status_code == 200
    assert DoorCode.objects.filter(home=keepers.home).count() == 1
    found = door_reads.centre(keepers.actor("manager"), keepers.organization.pk, at=at)
    assert (found.doors, found.coded, found.waiting) == (1, 1, ())
    assert browser.post(reverse("dispatch:print_doors"), {"home": ["x"]}).status_code == 302
