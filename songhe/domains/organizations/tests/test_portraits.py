"""Portraits of workers: cut square, without EXIF, one at a time, seen by who may know her."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from songhe.base.accounts.testing import signed_in
from songhe.base.audit.models import AuditEntry
from songhe.base.files import selectors as files
from songhe.base.files.models import FilePart, StoredFile
from songhe.base.files.selectors import NoSuchFile
from songhe.base.files.testing import photograph, scene
from songhe.domains.organizations import selectors, services
from songhe.domains.organizations.models import Organization, Staff, WorkerFacts
from songhe.domains.organizations.services.portraits import TooSmall, squared
from songhe.domains.organizations.testing import make_organization
from songhe.domains.organizations.tests.test_qualifications import (  # noqa: F401 - fixtures
    NOW,
    SINCE,
    actor,
    house,
    liu,
)
from songhe.kernel.errors import Denied, Invalid

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("width", "height"), [(1200, 900), (600, 1100), (300, 300)])
def test_a_portrait_is_square_and_says_nothing_of_itself(width: int, height: int) -> None:
    with Image.open(io.BytesIO(squared(photograph(scene(2, width=width, height=height))))) as made:
        assert made.format == "JPEG"
        assert made.width == made.height == min(512, width, height)
        assert not made.getexif()
        assert "icc_profile" not in made.info


def test_a_tall_picture_keeps_its_upper_half() -> None:
    tall = Image.new("RGB", (300, 900), "black")
    tall.paste("white", (0, 150, 300, 500))
    with Image.open(io.BytesIO(squared(photograph(tall)))) as made:
        middle = made.convert("L").getpixel((150, 150))
    assert middle > 200


def test_what_is_no_portrait_is_refused_and_nothing_kept(house: Organization, liu: Staff) -> None:  # noqa: F811
    boss = actor("admin", house)
    out = io.BytesIO()
    Image.new("RGB", (90, 400)).save(out, "PNG")
    for content, error in (
        (out.getvalue(), TooSmall),
        (b"%PDF-1.4 %%EOF", Invalid),
        (b"", Invalid),
    ):
        with pytest.raises(error):
            services.set_portrait(actor=boss, staff_id=liu.pk, content=content, at=NOW)
    with pytest.raises(Denied):
        services.set_portrait(
            actor=actor("operator", house), staff_id=liu.pk, content=photograph(), at=NOW
        )
    assert not StoredFile.objects.exists()
    assert not WorkerFacts.objects.filter(photo__isnull=False).exists()


def test_another_portrait_destroys_the_one_before(house: Organization, liu: Staff) -> None:  # noqa: F811
    boss = actor("admin", house)
    first = services.set_portrait(actor=boss, staff_id=liu.pk, content=photograph(), at=NOW)
    second = services.set_portrait(
        actor=boss, staff_id=liu.pk, content=photograph(scene(5)), at=NOW + timedelta(hours=1)
    )
    assert first != second
    assert list(StoredFile.objects.values_list("pk", flat=True)) == [second]
    assert not FilePart.objects.exclude(file=second).exists()
    assert selectors.portraits_of([liu.user_id]) == {liu.user_id: str(second)}
    assert selectors.worker_lines([liu.user_id], at=NOW)[liu.user_id].photo == str(second)
    services.remove_portrait(actor=boss, staff_id=liu.pk, at=NOW)
    assert not StoredFile.objects.exists()
    assert selectors.portraits_of([liu.user_id]) == {}
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"organizations.set_portrait", "organizations.remove_portrait"} <= actions


def test_who_may_know_her_sees_her_and_nobody_else(house: Organization, liu: Staff) -> None:  # noqa: F811
    boss = actor("admin", house)
    photo = services.set_portrait(actor=boss, staff_id=liu.pk, content=photograph(), at=NOW)
    elsewhere = make_organization(at=SINCE, region_code="990122", serves=("990122",))
    for who in (boss, actor("operator", house), actor("provider_manager", house)):
        assert files.open_file(who, photo, at=NOW, small=True).keep_s > 0
    for who in (
        actor("regulator", region="990123"),
        actor("provider_manager", elsewhere, "990122"),
    ):
        with pytest.raises(NoSuchFile):
            files.open_file(who, photo, at=NOW)


def test_the_pages_give_and_take_a_portrait(house: Organization, liu: Staff) -> None:  # noqa: F811
    actor("provider_manager", house)
    from songhe.base.accounts.models import User

    manager = User.objects.get(login="a-provider_manager-990121")
    browser = signed_in(Client(), manager, at=NOW)
    here = f"/organizations/staff/{liu.pk}/portrait/"
    assert browser.get(here).status_code == 200
    bad = browser.post(here, {"file": SimpleUploadedFile("a.jpg", b"MZ", "image/jpeg")})
    assert bad.status_code == 422
    good = SimpleUploadedFile("a.jpg", photograph(), "image/jpeg")
    assert browser.post(here, {"file": good}).status_code == 302
    photo = WorkerFacts.objects.get(user=liu.user_id).photo
    assert f"/files/{photo}/small/" in browser.get(here).content.decode()
    answer = browser.get(f"/files/{photo}/small/")
    assert answer.status_code == 200
    assert "max-age" in answer.headers["Cache-Control"]
    assert browser.post(f"{here}remove/").status_code == 302
    assert WorkerFacts.objects.get(user=liu.user_id).photo is None
    assert browser.get(f"/files/{photo}/small/").status_code == 404
