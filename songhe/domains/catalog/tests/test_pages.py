"""Pages of the catalogue: who sees what, the editor that loses nothing, prices from a day on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.testing import signed_in
from songhe.base.regions.services import add_region
from songhe.domains.catalog import selectors, services
from songhe.domains.catalog.models import ItemVersion, Price
from songhe.domains.catalog.testing import make_item
from songhe.domains.organizations.selectors import Organization
from songhe.domains.organizations.testing import make_organization, make_user
from tests.access.test_wall import standing

NOW = datetime.now(UTC)
SINCE = NOW - timedelta(days=30)
pytestmark = pytest.mark.django_db
ITEM = "/catalog/items/test-bath/"


@pytest.fixture
def house(db: None) -> Organization:
    for code in ("99", "9901", "990121", "990122"):
        add_region(code=code, name=code)
    make_item(at=SINCE)
    return make_organization(at=SINCE)


def client_of(role: str, house: Organization | None = None, region: str = "990121") -> Client:
    user = make_user(
        at=SINCE, login=f"x-{role}-{region}", role=role, region_prefix=region, organization=house
    )
    return signed_in(Client(), user, at=NOW)


def tomorrow(days: int = 1) -> str:
    return (timezone.localdate() + timedelta(days=days)).isoformat()


def fields(page: str) -> dict[str, Any]:
    """Return what a browser would send of the editor on a page."""
    found: dict[str, Any] = {}

    class Reader(HTMLParser):
        inside = ""

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            given = dict(attrs)
            name = given.get("name") or ""
            if tag == "input" and name and given.get("type") not in ("checkbox", "radio"):
                found[name] = given.get("value") or ""
            elif tag == "input" and name and "checked" in given:
                found.setdefault(name, []).append(given.get("value") or "on")
            elif tag == "select":
                self.inside = name
            elif tag == "option" and "selected" in given:
                found[self.inside] = given.get("value") or ""

    Reader().feed(page)
    found.pop("csrfmiddlewaretoken", None)
    return found


def test_everybody_with_a_role_may_look_and_few_may_change(house: Organization) -> None:
    for role in ("admin", "operator", "worker", "family", "elder", "provider_manager", "clinician"):
        client = client_of(role, house)
        page = client.get(ITEM)
        assert page.status_code == 200, role
        assert "量血压" in page.content.decode()
        assert "¥50" in client.get("/catalog/").content.decode()
        expected = 200 if role == "admin" else 403
        assert client.get(f"{ITEM}change/").status_code == expected, role
        assert client.get("/catalog/new/").status_code == expected, role
        price = 200 if role in ("admin", "provider_manager") else 403
        assert client.get(f"{ITEM}price/").status_code == price, role
    assert client_of("").get(ITEM).status_code == 403
    assert Client().get(ITEM).status_code == 302
    assert client_of("admin", region="990122").get(ITEM).status_code == 404


def test_the_wall_shows_the_catalogue_to_roles_alone(house: Organization) -> None:
    worker = make_user(at=SINCE, login="w", role="worker")
    wu = make_user(at=SINCE, login="wu")
    for user, seen in ((worker, 1), (wu, 0), (None, 0)):
        with standing(user) as cursor:
            for table in ("catalog_item", "catalog_itemversion", "catalog_price"):
                cursor.execute(f"SELECT count(*) FROM {table}")
                assert cursor.fetchone() == (seen,), (user, table)


def test_the_editor_adds_moves_and_takes_out_and_loses_nothing(house: Organization) -> None:
    client = client_of("admin")
    data = fields(client.get(f"{ITEM}change/").content.decode())
    assert data["steps-1-measure"] == "blood-pressure"
    data |= {"name_zh": "新的名字", "steps-0-zh": "改过的第一步", "requires": ["first-aid"]}
    after: dict[str, Any] = {}
    for button in ("down-steps-0", "add-steps-2", "remove-steps-3", "add-checks-1"):
        page = client.post(f"{ITEM}change/", data | {"do": button})
        assert page.status_code == 200
        after = data = fields(page.content.decode())
        assert data["name_zh"] == "新的名字"
        assert data["requires"] == ["first-aid"]
    assert [after[f"steps-{n}-zh"] for n in range(3)] == ["量血压", "改过的第一步", ""]
    assert after["steps-1-required"] == ["on"]
    assert "steps-3-zh" not in after
    assert (after["checks-0-zh"], after["checks-1-zh"]) == ("和气", "")
    assert ItemVersion.objects.count() == 1, "nothing is published by these buttons"

    page = client.post(f"{ITEM}change/", data | {"do": "publish"})
    assert page.status_code == 422
    text = page.content.decode()
    assert 'href="#id_steps-2-zh"' in text
    assert fields(text)["name_zh"] == "新的名字"

    data |= {
        "steps-2-zh": "拍照",
        "steps-2-en": "Picture",
        "steps-2-evidence": "photo",
        "checks-1-zh": "干净",
        "checks-1-en": "Clean",
        "reason": "试点",
    }
    page = client.post(f"{ITEM}change/", data | {"do": "publish"})
    assert page.status_code == 302, page.content.decode()
    version = selectors.version_at("test-bath", timezone.localdate() + timedelta(days=1))
    assert [step.code for step in version.steps] == ["pressure", "greet", "step-1"]
    assert version.requires == ("first-aid",)
    assert version.steps[0].codes == ("8480-6", "8462-4")
    shown = client.get(f"{ITEM}?version=2").content.decode()
    for words in ("试点", "新增：拍照", "取消：洗", "顺序有变", "此版本今天不在生效期"):
        assert words in shown, words
    assert "量血压" in client.get(ITEM).content.decode()


def test_a_refusal_of_the_service_stands_at_its_line(house: Organization) -> None:
    client = client_of("admin")
    data = fields(client.get(f"{ITEM}change/").content.decode())
    page = client.post(f"{ITEM}change/", data | {"steps-1-measure": "", "do": "publish"})
    assert page.status_code == 422
    assert 'href="#id_steps-1-measure"' in page.content.decode()
    today = {"from_on": timezone.localdate().isoformat(), "name_zh": "x", "do": "publish"}
    page = client.post(f"{ITEM}change/", data | today)
    assert page.status_code == 422
    assert "当天已生效的内容不改" in page.content.decode()
    assert ItemVersion.objects.count() == 1


def test_a_new_item_by_the_page(house: Organization) -> None:
    client = client_of("admin")
    data = fields(client.get("/catalog/new/").content.decode())
    assert data["region"] == "990121"
    data |= {
        "code": "shave", "kind": "other", "name_zh": "剃须", "name_en": "Shave",
        "duration_minutes": "15", "steps-0-zh": "剃", "steps-0-en": "Shave",
        "steps-0-evidence": "check", "do": "publish",
    }  # fmt: skip
    assert client.post("/catalog/new/", data | {"code": "剃"}).status_code == 422
    assert client.post("/catalog/new/", data).status_code == 302
    assert client.post("/catalog/new/", data).status_code == 422, "the code is taken"
    version = selectors.version_at("shave", timezone.localdate() + timedelta(days=1))
    assert version.name_zh == "剃须"
    far = client.post("/catalog/new/", data | {"code": "far", "region": "990122"})
    assert far.status_code == 403
    odd = client.post("/catalog/new/", data | {"code": "odd", "region": "99012177"})
    assert odd.status_code == 422


def test_a_provider_manager_sets_the_own_price_and_no_other(house: Organization) -> None:
    client = client_of("provider_manager", house)
    other = make_organization(at=SINCE, name="另一家")
    page = client.get(f"{ITEM}price/").content.decode()
    assert str(other.pk) not in page
    assert '<option value="990121"' in page  # by its name, not a code to be typed
    data = {
        "whose": str(house.pk), "region": "990121", "amount": "48.50", "per": "visit",
        "from_on": tomorrow(),
    }  # fmt: skip
    for wrong in (
        {"whose": str(other.pk)},
        {"whose": ""},
        {"amount": ""},
        {"amount": "-1"},
        {"amount": "1.234"},
        {"amount": "12345678"},
        {"from_on": tomorrow(-1)},
        {"region": "990122"},
    ):
        answer = client.post(f"{ITEM}price/", data | wrong)
        assert answer.status_code == 422, wrong
        assert ("这个金额太大" in answer.content.decode()) == (wrong.get("amount") == "12345678")
    assert Price.objects.count() == 1
    assert client.post(f"{ITEM}price/", data).status_code == 302
    day = timezone.localdate() + timedelta(days=1)
    found = selectors.price("test-bath", house.pk, "990121001001", day)
    assert found is not None
    assert (found.amount_fen, found.per) == (4850, "visit")
    shown = client.get(ITEM).content.decode()
    assert "¥48.50" in shown
    assert "待生效" in shown
    ended = data | {"ends": "on", "amount": "", "from_on": tomorrow(2)}
    assert client.post(f"{ITEM}price/", ended).status_code == 302
    later = selectors.price("test-bath", house.pk, "990121001001", day + timedelta(days=2))
    assert later is not None
    assert later.is_guide


def test_an_install_begins_with_what_ships(db: None) -> None:
    for code in ("99", "9901", "990121"):
        add_region(code=code, name=code)
    client = client_of("admin")
    assert "以内置目录开始" in client.get("/catalog/").content.decode()
    assert client_of("operator").post("/catalog/load/").status_code == 403
    assert client.post("/catalog/load/").status_code == 302
    text = client.get("/catalog/").content.decode()
    assert "上门助浴" in text
    assert "以内置目录开始" not in text
    count = ItemVersion.objects.count()
    client.post("/catalog/load/")
    assert ItemVersion.objects.count() == count >= 20


def test_retiring_and_bringing_back_by_the_pages(house: Organization) -> None:
    client = client_of("admin")
    assert client.post(f"{ITEM}retire/", {"retired_on": tomorrow()}).status_code == 302
    assert "起不再提供" in client.get(ITEM).content.decode()
    assert client_of("operator").post(f"{ITEM}bring-back/").status_code == 403
    assert client.post(f"{ITEM}bring-back/").status_code == 302
    assert "起不再提供" not in client.get(ITEM).content.decode()


def test_the_list_narrows_and_asks_no_more_for_more_items(house: Organization) -> None:
    client = client_of("operator")
    client.get("/catalog/")

    def asked(url: str) -> tuple[int, str]:
        with CaptureQueriesContext(connection) as queries:
            text = client.get(url).content.decode()
        return len(queries), text

    few, _text = asked("/catalog/")
    services.load_items(actor=SYSTEM, region_prefix="990121", at=NOW)
    many, text = asked("/catalog/")
    assert many == few
    assert "上门助浴" in text
    _count, meals = asked("/catalog/?kind=meal")
    assert "上门送餐" in meals
    assert "上门助浴" not in meals
    _count, named = asked("/catalog/?words=助浴点")
    assert "助浴点洗浴" in named
    assert "上门送餐" not in named


def test_a_provider_manager_starts_from_the_services_and_papers(house: Organization) -> None:
    page = client_of("provider_manager", house).get("/").content.decode()
    text = page.split("<main")[1]  # the menu has them beside it
    assert 'href="/catalog/"' in text
    assert 'href="/organizations/qualifications/"' in text


def test_limits_of_a_measured_value_are_kept_from_version_to_version(house: Organization) -> None:
    admin = client_of("admin")
    page = admin.get(f"{ITEM}change/").content.decode()
    sent = fields(page) | {"from_on": tomorrow()}
    assert (sent["steps-1-ge_1"], sent["steps-1-limit_status"]) == ("180", "V2")
    for changes, said in (
        ({"steps-1-ge_2": "900"}, "（25 至 180）"),
        ({"steps-1-limit_source": ""}, "写明数字出处"),
        ({"steps-1-stop_zh": "", "steps-1-stop_en": ""}, "steps-1-stop_zh"),
    ):
        refused = admin.post(f"{ITEM}change/", sent | changes)
        assert refused.status_code == 422
        assert said in refused.content.decode(), said
    assert admin.post(f"{ITEM}change/", sent | {"steps-1-ge_2": "110"}).status_code == 302
    limits = ItemVersion.objects.get(number=2).steps[1]["limits"]
    assert limits == [
        {"code": code, "ge": ge, "source": "S11, S12", "status": "V2"}
        for code, ge in (("8480-6", 180.0), ("8462-4", 110.0))
    ]
    shown = admin.get(f"{ITEM}?version=2").content.decode()
    assert "收缩压 达到 180 及以上 mmHg (S11, S12: " in shown
