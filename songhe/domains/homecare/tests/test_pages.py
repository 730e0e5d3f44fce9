"""The pages of beds: the road from the form to the bed in use, and who sees what."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.domains.billing.terms import SERVED_DAYS
from songhe.domains.devices.models import Binding, Device
from songhe.domains.dispatch.models import Order, Series
from songhe.domains.homecare import testing
from songhe.domains.homecare.models import EquipmentReturn, Fitting, HomeBed
from songhe.domains.homecare.tests.conftest import County, make_county
from songhe.domains.organizations import testing as organizations


@pytest.fixture
def now_county(db: None) -> County:
    return make_county()


def signed_in(county: County, login: str) -> Client:
    client = Client()
    client.force_login(county.users[login], backend="django.contrib.auth.backends.ModelBackend")
    return client


def bed_at(county: County, state: str = "active", **more) -> HomeBed:
    return county.bed(state, at=timezone.now() - timedelta(minutes=5), **more)


def test_the_road_by_its_forms(now_county: County) -> None:
    county = now_county
    boss = signed_in(county, "boss")
    today = timezone.localdate()
    page = boss.get("/beds/apply/?words=陈秀兰")
    assert str(county.chen.pk) in page.content.decode()
    answer = boss.post(
        "/beds/apply/", {"words": "陈秀兰", "person": county.chen.pk, "note": "独居"}
    )
    bed = HomeBed.objects.get()
    assert answer.url == f"/beds/{bed.pk}/"
    root = f"/beds/{bed.pk}/"
    given = {"visited_on": today, "level": 2, "basis": "visit", "needs": ["alone"], "words": ""}
    refused = boss.post(f"{root}assess/", given)
    assert refused.status_code == 422
    assert 'value="alone"' in refused.content.decode()
    assert boss.post(f"{root}assess/", given | {"words": "看过"}).status_code == 302
    assert boss.post(f"{root}accept/").status_code == 302
    page = boss.get(root).content.decode()
    assert "烟雾报警尚未投入使用" in page
    boss.post(f"{root}fitted/")
    bed.refresh_from_db()
    assert bed.state == "fitting"
    testing.fit_home(bed, at=timezone.now())
    assert "试呼通过" in boss.get(f"{root}fit/").content.decode()
    boss.post(f"{root}fitted/")
    paper = SimpleUploadedFile("a.pdf", testing.PAPER, "application/pdf")
    agreed = {
        "form": "paper", "signer": "self", "signed_by": "陈秀兰", "signed_on": today,
        "since": today, "until": today + timedelta(days=365), "file": paper,
    }  # fmt: skip
    answer = boss.post(f"{root}agree/", agreed)
    assert answer.status_code == 302, answer.content.decode()
    plan = {
        "goal_0": "走三次", "measure_0": "记录", "reach_0": today + timedelta(days=90),
        "item_0": "test-bath", "days_0": ["MO", "TH"], "begins_0": "09:00", "ends_0": "11:00",
    }  # fmt: skip
    half = boss.post(f"{root}plan/", plan | {"goal_1": "睡好"})
    assert half.status_code == 422
    assert boss.post(f"{root}plan/", plan).status_code == 302
    assert boss.post(f"{root}use/").status_code == 302
    bed.refresh_from_db()
    assert bed.state == "active"
    assert Series.objects.get().rule == "FREQ=WEEKLY;BYDAY=MO,TH"
    page = boss.get(root).content.decode()
    assert "走三次" in page
    # The next version begins as the one that counts: its words, its days, its times.
    again = boss.get(f"{root}plan/").content.decode()
    assert 'value="走三次"' in again
    assert again.count("checked") == 2
    assert 'value="test-bath" selected' in again
    assert f"/files/{bed.agreements.get().file}/" in page
    assert boss.get(f"/files/{bed.agreements.get().file}/").status_code == 200
    state = "做完 0 次，未做成 0 次，取消 0 次"
    page = boss.get(f"{root}review/").content.decode()
    assert page.count(state) == 1  # this month; it was not in use in the one before
    order = Order.objects.filter(person=bed.person_id).order_by("window").first()
    Order.objects.filter(pk=order.pk).update(state="cancelled", ended_at=timezone.now())
    page = boss.get(f"{root}review/").content.decode()
    in_sight = timezone.localtime(order.window.lower).month == today.month
    assert page.count(state) == (0 if in_sight else 1)
    assert "告警 0 条" in page
    month = boss.post(
        f"{root}review/",
        {"month": today, "goals_met": [bed.plans.get().goals.get().pk], "words": "好",
         "next_step": "go_on"},
    )  # fmt: skip
    assert month.status_code == 302
    assert boss.post(f"{root}stop/pause/", {"reason": ""}).status_code == 422
    look_on = today + timedelta(days=7)
    boss.post(f"{root}stop/pause/", {"reason": "住院", "look_on": look_on})
    assert Series.objects.get().state == "paused"
    boss.post(f"{root}resume/")
    boss.post(f"{root}stop/end/", {"reason": "搬走"})
    row = EquipmentReturn.objects.first()
    assert row is not None
    boss.post(f"{root}returns/{row.pk}/", {"state": "back"})
    row.refresh_from_db()
    assert row.state == "back"
    assert boss.get(root).status_code == 200
    assert boss.get(f"{root}stop/sell/").status_code == 404


def test_the_list_says_what_is_due(now_county: County) -> None:
    county = now_county
    bed = bed_at(county, days=20)
    HomeBed.objects.filter(pk=bed.pk).update(review_on=date(2026, 1, 2))
    boss = signed_in(county, "boss")
    page = boss.get("/beds/?show=due").content.decode()
    assert bed.number in page
    assert 'data-kind="risk"' in page
    assert bed.number not in boss.get("/beds/?show=paused").content.decode()
    assert boss.get(f"/people/{county.chen.pk}/beds/").status_code == 200


def test_who_sees_what_of_a_bed(now_county: County) -> None:
    county = now_county
    bed = bed_at(county)
    root = f"/beds/{bed.pk}/"
    assert signed_in(county, "wu").get(root).status_code == 403
    qian = signed_in(county, "qian").get(root).content.decode()
    assert "每天在屋里走三次" not in qian
    assert "陈秀兰" not in qian
    assert bed.number in qian
    assert signed_in(county, "qian").post(f"{root}stop/end/", {"reason": "x"}).status_code == 403
    family = organizations.make_user(
        at=timezone.now() - timedelta(days=1), login="chenwei", role="family"
    )
    county.users["chenwei"] = family
    assert signed_in(county, "chenwei").get(root).status_code == 404
    access.grant(
        actor=SYSTEM, user=family, subject_type="people.Person", subject_id=county.chen.pk,
        purpose="family", field_classes=["identity", "health"], source="test",
        at=timezone.now() - timedelta(minutes=1),
    )  # fmt: skip
    assert "每天在屋里走三次" in signed_in(county, "chenwei").get(root).content.decode()
    # Her doctor by contract sees the bed; a doctor of hers whom something else lets in is not told
    # that there is none.
    for login, purpose, status, words in (
        ("zhao", "contract", 200, bed.number), ("qi", "emergency", 404, "没有对您开放的"),
    ):  # fmt: skip
        county.users[login] = doctor = organizations.make_user(
            at=timezone.now() - timedelta(days=1), login=login, role="clinician",
            organization=organizations.make_organization(at=timezone.now(), name=login),
        )  # fmt: skip
        access.grant(
            actor=SYSTEM, user=doctor, subject_type="people.Person", subject_id=county.chen.pk,
            purpose=purpose, field_classes=["identity", "health"], source="test",
            at=timezone.now() - timedelta(minutes=1),
        )  # fmt: skip
        there = signed_in(county, login)
        assert there.get(root).status_code == there.get(f"{root}assess/").status_code == status
        assert words in there.get(f"/people/{county.chen.pk}/beds/").content.decode()
        assert (bed.number in there.get("/beds/").content.decode()) is (status == 200)
    # Who writes plans and reviews for the provider reads what was written there.
    assert "每天在屋里走三次" in signed_in(county, "manager").get(root).content.decode()
    assert "按国标逐项评估" in signed_in(county, "manager").get(root).content.decode()
    keeper = signed_in(county, "keeper")
    assert "每天在屋里走三次" not in keeper.get(root).content.decode()
    assert keeper.get(f"{root}fit/").status_code == 200
    Fitting.objects.all().delete()
    Binding.objects.all().delete()
    Device.objects.filter(type="smoke").update(gateway=None)
    page = keeper.get(f"{root}fit/").content.decode()
    stored = Device.objects.get(type="smoke")
    assert f"/devices/{stored.pk}/bind/?person={county.chen.pk}" in page
    link = f"/devices/register/?type=smoke&amp;person={county.chen.pk}"
    assert link in page
    form = keeper.get(link.replace("&amp;", "&")).content.decode()
    assert 'value="smoke" selected' in form
    asked = {"type": "smoke", "organization_id": county.organization.pk}
    made = keeper.post(link.replace("&amp;", "&"), asked).content.decode()
    new = Device.objects.order_by("created_at").last()
    assert f"/devices/{new.pk}/bind/?person={county.chen.pk}" in made
    assert keeper.get(f"{root}plan/").status_code == 403


def test_the_provider_knows_an_ended_bed_until_all_is_settled_and_back(now_county: County) -> None:
    """Nothing else ties the provider to this person: no order, no charge, no other bed."""
    county = now_county
    bed = bed_at(county)

    def knows() -> bool:
        return county.chen.pk in county.actor("manager", timezone.now()).served()

    assert knows()
    answer = signed_in(county, "manager").post(
        f"/beds/{bed.pk}/stop/end/", {"reason": "搬去女儿家"}, follow=True
    )
    assert "5 件中已核销 0 件" in answer.content.decode()
    Series.objects.update(state="ended")
    assert knows()
    long_ago = timezone.now() - timedelta(days=SERVED_DAYS + 1)
    HomeBed.objects.update(ended_at=long_ago)
    assert knows()  # five things are still to come back
    EquipmentReturn.objects.update(state="back", closed_at=timezone.now())
    assert not knows()
    HomeBed.objects.update(ended_at=long_ago + timedelta(days=2))
    assert knows()
