"""Chen Wei orders for his mother in three questions; what he answered stands in the address."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.domains.catalog import services as catalog
from songhe.domains.catalog.testing import make_draft, make_item
from songhe.domains.dispatch.panels import ordering
from songhe.domains.dispatch.tests.conftest import BEFORE, Centre
from songhe.domains.subsidies.testing import entitle, make_programme
from songhe.portals.family.tests.conftest import Go, Order, allow, done, stranger

ORDER = "/services/order/"
pytestmark = pytest.mark.django_db


def text(browser: Client, url: str) -> str:
    answer = browser.get(url)
    assert answer.status_code == 200, (url, answer.status_code)
    return unescape(answer.content.decode())


def tap(html: str, *words: str) -> str:
    """Return where the first link with all these words leads, within the choices."""
    links = re.findall(r'<a class="(?:square|choose)" href="([^"]*)">(.*?)</a>', html, re.DOTALL)
    said = [(href, re.sub(r"<[^>]+>", " ", inner)) for href, inner in links]
    found = [href for href, inner in said if all(one in inner for one in words)]
    assert found, f"{words} cannot be chosen"
    return ORDER + unescape(found[0])


def hidden(html: str) -> dict[str, str]:
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', html)
    return {name: value for name, value in fields if name not in ("csrfmiddlewaretoken", "next")}


@pytest.mark.parametrize(
    ("language", "bath", "tomorrow", "morning"),
    [
        ("en", "help with bathing", "Tomorrow", "In the morning"),
        ("zh-hans", "助浴", "明天", "上午"),
    ],
)
def test_three_taps_after_the_page_is_opened(
    house: Centre, go: Go, language: str, bath: str, tomorrow: str, morning: str
) -> None:
    wei = go("wei", language)
    page = text(wei, ORDER)
    page = text(wei, tap(page, bath))
    page = text(wei, tap(page, tomorrow, morning))
    assert "¥50" in page
    answer = wei.post(ORDER, hidden(page))
    order = Order.objects.get()
    assert answer["Location"] == f"/services/{order.pk}/"
    assert (order.person_id, order.source, order.state) == (house.chen.pk, "wish", "asked")
    assert (order.organization_id, order.gross_fen) == (house.organization.pk, 5000)
    begins = timezone.localtime(order.window.lower)
    assert (begins.date() - timezone.localdate()).days == 1
    assert (begins.hour, timezone.localtime(order.window.upper).hour) == (8, 12)
    said = text(wei, answer["Location"])
    assert ("looks who can come" if language == "en" else "正在安排人") in said


def test_what_she_had_last_of_a_kind_is_taken_and_another_can_be_chosen(
    house: Centre, go: Go
) -> None:
    make_item(at=BEFORE, code="test-foot", kind="bath", amount_fen=2000,
              draft=make_draft(name_zh="洗脚", name_en="Foot bath", requires=()))  # fmt: skip
    wei = go("wei")
    page = text(wei, tap(text(wei, ORDER), "help with bathing"))
    assert "Which one?" in page  # nobody knows yet which of the two
    assert "item=test-foot" in tap(page, "Foot bath")
    done(house, ago=timedelta(hours=20))
    page = text(wei, tap(text(wei, ORDER), "help with bathing"))
    assert "Tomorrow" in page
    (others,) = re.findall(r'href="([^"]*)">Another one</a>', page)
    page = text(wei, ORDER + others)
    assert "Which one?" in page
    assert "not offered any more" not in page
    page = text(wei, tap(page, "Foot bath"))
    page = text(wei, tap(page, "Tomorrow", "In the morning"))
    wei.post(ORDER, hidden(page))
    assert Order.objects.get(state="asked").item.item.code == "test-foot"


def check(browser: Client, **more: str) -> tuple[str, dict[str, str]]:
    """Return the page of answers to check, and what its form would send."""
    day = (timezone.localdate() + timedelta(days=3)).isoformat()
    asked = {"kind": "bath", "item": "test-bath", "day": day, "part": "morning"} | more
    page = text(browser, ORDER + "?" + "&".join(f"{k}={v}" for k, v in asked.items()))
    return page, hidden(page)


def test_pressed_twice_it_is_ordered_once(house: Centre, go: Go) -> None:
    wei = go("wei")
    _page, sent = check(wei)
    first, second = wei.post(ORDER, sent), wei.post(ORDER, sent)
    assert first["Location"] == second["Location"]
    assert Order.objects.count() == 1


def test_the_same_once_more_is_asked_about_before_it_is_ordered(house: Centre, go: Go) -> None:
    wei, chen = go("wei"), go("chen")
    _page, sent = check(wei)
    wei.post(ORDER, sent)
    first = Order.objects.get()
    _page, again = check(chen)  # another page, and another of the house
    answer = chen.post(ORDER, again)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "ordered for this time already" in page
    assert f"/services/{first.pk}/" in page
    assert Order.objects.count() == 1
    assert chen.post(ORDER, hidden(page)).status_code == 302  # said once more, two are meant
    assert Order.objects.count() == 2
    _page, other = check(wei, part="afternoon")
    assert wei.post(ORDER, other).status_code == 302
    Order.objects.update(state="cancelled", ended_at=timezone.now())
    _page, sent = check(wei)
    assert wei.post(ORDER, sent).status_code == 302


def test_why_no_subsidy_pays_is_said_before_and_after(house: Centre, go: Go) -> None:
    make_programme(funder_id=house.organization.pk, at=BEFORE, cap_fen=2500)
    entitle(person_id=house.chen.pk, programme="test-half", at=BEFORE)
    wei = go("wei")
    _page, sent = check(wei)
    wei.post(ORDER, sent)
    used_up = "the amount of this month is used up"
    page, sent = check(wei, part="afternoon")
    assert used_up in page
    url = wei.post(ORDER, sent)["Location"]
    page = text(wei, url)
    assert used_up in page
    assert "No subsidy pays" not in page
    wei.post(f"{url}cancel/", {"reason": "time"})
    assert "To pay yourself" not in text(wei, url)  # nobody comes, nobody pays


def test_wishes_go_with_it(house: Centre, go: Go) -> None:
    done(house, ago=timedelta(hours=20))
    chen = go("chen")
    page, sent = check(chen)
    assert "liu again, who came last" in page
    chen.post(ORDER, sent | {"same": "on", "sex": "female", "note": "膝盖疼"})
    order = Order.objects.get(state="asked")
    assert (order.worker_wish_id, order.sex_wish) == (house.users["liu"].pk, "female")
    shown = text(chen, f"/services/{order.pk}/")
    assert "膝盖疼" in shown
    assert "The same worker as last time" in shown


def test_what_is_wrong_is_said_and_nothing_is_lost(house: Centre, go: Go) -> None:
    wei = go("wei")
    _page, sent = check(wei)
    answer = wei.post(ORDER, sent | {"sex": "robot", "note": "门铃坏了"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "error-summary" in page
    assert "门铃坏了" in page
    assert hidden(page) == sent
    gone = wei.post(ORDER, sent | {"part": "night"})
    assert gone.status_code == 422
    assert "not offered any more" in gone.content.decode()
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    "query",
    ["?kind=emergency", "?kind=bath&item=nothing", "?kind=bath&day=2020-01-01", "?kind=bath&day=x",
     "?kind=cleaning&item=test-bath", "?person=x", "?kind=bath&day={day}&part=night"],
)  # fmt: skip
def test_an_answer_that_does_not_hold_is_asked_again(house: Centre, go: Go, query: str) -> None:
    day = (timezone.localdate() + timedelta(days=2)).isoformat()
    page = text(go("wei"), ORDER + query.format(day=day))
    if query != "?kind=bath&item=nothing":  # the only one of its kind is taken
        assert "not offered any more" in page


def test_a_price_that_rose_meanwhile_is_shown_before_it_is_ordered(house: Centre, go: Go) -> None:
    wei = go("wei")
    _page, sent = check(wei)
    catalog.set_price(
        actor=SYSTEM, code="test-bath", organization_id=house.organization.pk,
        region_prefix="990121", amount_fen=9900, per="visit", from_on=timezone.localdate(),
        at=datetime.now(UTC),
    )  # fmt: skip
    answer = wei.post(ORDER, sent)
    assert answer.status_code == 422
    assert "¥99" in answer.content.decode()
    assert not Order.objects.exists()
    assert wei.post(ORDER, hidden(answer.content.decode())).status_code == 302


def test_a_price_that_is_not_known_is_not_invented(house: Centre, go: Go) -> None:
    page, sent = check(go("wei"), kind="cleaning", item="test-clean")
    assert "not known yet" in page
    assert "own" not in sent


def test_for_whom_is_asked_first_where_there_are_several(house: Centre, go: Go) -> None:
    other = stranger(house, BEFORE)
    allow(house, "wei", other.pk, "guardian", BEFORE)
    wei = go("wei")
    page = text(wei, ORDER)
    assert "For whom?" in page
    page = text(wei, tap(page, "李桂芳"))
    assert f"person={other.pk}" in tap(page, "help with bathing")
    _page, sent = check(wei, person=str(other.pk))
    wei.post(ORDER, sent)
    assert Order.objects.get().person_id == other.pk


def test_nobody_orders_for_strangers(house: Centre, go: Go) -> None:
    other = stranger(house, BEFORE)
    wei = go("wei")
    _page, sent = check(wei)
    answer = wei.post(ORDER, sent | {"person": str(other.pk)})
    assert answer.status_code == 422
    for login in ("liu", "sun", "wu"):
        assert go(login).get(ORDER).status_code == 403
        assert go(login).post(ORDER, sent).status_code == 403
    assert not Order.objects.exists()


def test_a_grant_of_another_kind_is_no_word_to_order(house: Centre, go: Go) -> None:
    access.give_role(
        actor=SYSTEM, user=house.users["wu"], role="family", region_prefix="990121", at=BEFORE
    )
    allow(house, "wu", house.chen.pk, "care", BEFORE)
    page = text(go("wu"), ORDER)
    assert "nobody for whom you could order" in page
    assert "陈秀兰" not in page


def test_only_days_and_parts_that_lie_ahead() -> None:
    evening = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)  # 18:30 on the clock
    days = ordering.days(at=evening)
    assert (days[0].isoformat(), len(days)) == ("2026-11-22", 14)
    assert [one.code for one in ordering.parts(days[0], at=evening)] == ["evening"]
    late = datetime(2026, 11, 22, 11, 30, tzinfo=UTC)
    assert ordering.days(at=late)[0].isoformat() == "2026-11-23"
    begins, ends = ordering.window(days[0], "evening", at=evening)
    assert (begins, ends) == (evening, datetime(2026, 11, 22, 12, tzinfo=UTC))
    begins, _ends = ordering.window(days[0], "evening", at=evening + timedelta(seconds=1))
    assert begins == evening + timedelta(minutes=15)
    with pytest.raises(ordering.NotOffered):
        ordering.window(days[0], "morning", at=evening)


def test_looking_at_answers_costs_few_queries(house: Centre, go: Go) -> None:
    wei = go("wei")
    check(wei)
    with CaptureQueriesContext(connection) as queries:
        check(wei)
    assert len(queries) <= 20, "\n".join(q["sql"][:100] for q in queries)
