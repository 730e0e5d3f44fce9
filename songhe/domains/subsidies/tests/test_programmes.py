"""A county defines its own programmes: from a day on, never in the past, each rule kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.testing import signed_in
from songhe.base.regions.days import day_of
from songhe.domains.organizations import testing as organizations
from songhe.domains.subsidies import selectors, services
from songhe.domains.subsidies.models import Programme
from songhe.domains.subsidies.tests.conftest import BEFORE, County
from songhe.kernel.errors import Denied

pytestmark = pytest.mark.django_db
NEW, LIST = "/subsidies/programmes/new/", "/subsidies/programmes/"


def entered(county: County, **changes: Any) -> dict[str, Any]:
    return {
        "code": "bath-2027", "name_zh": "助浴补贴", "name_en": "Bath subsidy", "payer": "subsidy",
        "funder": str(county.bureau), "item_kinds": ["bath"], "way": "share", "share_pct": "60",
        "fixed": "", "cap": "120.50", "cap_visits": "", "least_age": "80", "least_level": "",
        "rank": "7", "from_on": day_of(timezone.now()).isoformat(), "until": "",
        "source": "民发〔2026〕9 号",
    } | changes  # fmt: skip


@pytest.fixture
def admin(county: County) -> Client:
    user = organizations.make_user(at=BEFORE, login="admin", role="admin")
    browser = signed_in(Client(), user, at=timezone.now())
    browser.cookies["songhe_language"] = "en"
    return browser


def test_a_programme_is_defined_and_pays_from_that_day(county: County, admin: Client) -> None:
    assert "Define a programme" in admin.get(LIST).content.decode()
    answer = admin.post(NEW, entered(county), follow=True)
    page = answer.content.decode()
    assert answer.redirect_chain[-1][0] == "/subsidies/programmes/bath-2027/"
    assert "60% of the price" in page
    assert "¥120.50" in page
    [row] = Programme.objects.all()
    assert (row.cap_fen, row.share_pct, row.fixed_fen, row.least_age) == (12050, 60, None, 80)
    assert row.period.lower == day_of(timezone.now())
    assert "Bath subsidy" in admin.get(LIST).content.decode()


def test_another_rule_from_a_day_on_ends_the_one_before_and_keeps_it(
    county: County, admin: Client
) -> None:
    admin.post(NEW, entered(county))
    later = day_of(timezone.now()) + timedelta(days=40)
    url = f"{LIST}bath-2027/"
    assert 'value="120.50"' in admin.get(url).content.decode()
    changed = entered(county, way="fixed", fixed="30", share_pct="", from_on=later.isoformat())
    assert admin.post(url, changed).status_code == 302
    old, new = Programme.objects.order_by("period")
    assert (old.period.upper, old.share_pct) == (later, 60)
    assert (new.period.lower, new.fixed_fen, new.share_pct) == (later, 3000, None)
    assert [one.since for one in selectors.coming(day_of(timezone.now()))] == [later]
    again = admin.post(url, entered(county, from_on=later.isoformat()))
    assert again.status_code == 422
    assert f"begins on {later.isoformat()} already" in again.content.decode()
    assert Programme.objects.count() == 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"from_on": "2026-01-01"}, "Nothing is changed in the past"),
        ({"cap": ""}, "needs a limit a month"),
        ({"share_pct": ""}, "Fill this in."),
        ({"share_pct": "101"}, "less than or equal to 100"),
        ({"item_kinds": []}, "Fill this in."),
        ({"code": "Bad Code"}, "small letters"),
        ({"source": ""}, "Fill this in."),
        ({"until": "2026-01-02"}, "A programme pays"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(
    county: County, admin: Client, changes: dict[str, Any], said: str
) -> None:
    answer = admin.post(NEW, entered(county, **changes))
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert "助浴补贴" in answer.content.decode()
    assert not Programme.objects.exists()


def test_a_code_is_given_once(county: County, admin: Client) -> None:
    admin.post(NEW, entered(county))
    answer = admin.post(NEW, entered(county, from_on="2030-01-01"))
    assert answer.status_code == 422
    assert "with this code already" in answer.content.decode()
    assert Programme.objects.count() == 1


def test_another_county_changes_nothing_here(county: County, admin: Client) -> None:
    admin.post(NEW, entered(county))
    far = organizations.make_user(at=BEFORE, login="far")
    access.give_role(actor=SYSTEM, user=far, role="admin", region_prefix="990122", at=BEFORE)
    actor = access.actor_for(far, timezone.now())
    draft = services.Draft(
        code="bath-2027", payer="subsidy", name_zh="x", name_en="x", item_kinds=("bath",),
        rank=1, source="x", status="M", share_pct=1, cap_fen=1,
    )  # fmt: skip
    with pytest.raises(Denied):
        services.define_programme(
            actor=actor, draft=draft, funder_id=county.bureau, region_prefix="990122",
            from_on=day_of(timezone.now()) + timedelta(days=9), at=timezone.now(),
        )  # fmt: skip
    assert Programme.objects.count() == 1
