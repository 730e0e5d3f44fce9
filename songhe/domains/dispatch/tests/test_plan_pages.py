"""Sun plans next week in the browser: the week, a block moved, published; nobody else may."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.testing import signed_in
from songhe.domains.catalog.testing import make_draft, make_item
from songhe.domains.dispatch import planning, services
from songhe.domains.dispatch.models import Leave, Order, Series, Visit, WeekPlan
from songhe.domains.dispatch.plan_forms import moment
from songhe.domains.dispatch.terms import OrderKind, Source
from songhe.domains.dispatch.tests.conftest import BEFORE, Centre
from songhe.domains.dispatch.tests.test_week import quick, run  # noqa: F401
from songhe.domains.organizations import testing as organizations
from songhe.domains.people import testing as people


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def week(centre: Centre, now: datetime) -> planning.Week:
    day = timezone.localdate(now) + timedelta(days=7)
    found = planning.week_of(centre.organization.pk, day)
    make_item(at=BEFORE, draft=make_draft(requires=(), duration_minutes=60))
    for login in ("liu", "ma"):
        for weekday in range(5):
            services.set_shift(
                actor=SYSTEM, worker_id=centre.users[login].pk, weekday=weekday,
                begins=time(8), ends=time(17), since=found.monday, at=now,
            )  # fmt: skip
    return found


def order(centre: Centre, week: planning.Week, day: int, begins: int, ends: int, **more) -> Order:
    on = week.monday + timedelta(days=day)
    return services.make_order(
        actor=SYSTEM, kind=OrderKind.SERVICE, source=Source.WISH,
        person_id=more.pop("person", centre.chen).pk, item_code="test-bath",
        window=(moment(on, time(begins)), moment(on, time(ends))), at=datetime.now(UTC), **more,
    )  # fmt: skip


def client(centre: Centre, login: str) -> Client:
    return signed_in(Client(), centre.users[login], at=datetime.now(UTC))


def plans(browser: Client, **query: str) -> str:
    answer = browser.get(reverse("dispatch:plans"), query)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def facts(html: str, name: str) -> str:
    found = re.search(rf"<dt>{name}</dt><dd[^>]*>([^<]*)<", html)
    assert found is not None, name
    return found[1]


def propose(browser: Client, week: planning.Week) -> WeekPlan:
    given = {"provider": str(week.organization_id), "day": week.monday.isoformat()}
    assert browser.post(reverse("dispatch:propose"), given).status_code == 302
    return WeekPlan.objects.order_by("-asked_at").first()


def test_next_week_is_planned_looked_at_and_told(centre: Centre, week, now) -> None:
    for day in range(3):
        order(centre, week, day, 9, 11)
    lost = order(centre, week, 6, 9, 11)
    sun = client(centre, "sun")
    html = plans(sun)
    assert "还没有人去" in html
    assert "还未排班" in html
    row = propose(sun, week)
    assert "等待开始" in plans(sun)
    run(row, now)
    html = plans(sun)
    assert html.count('class="plan-block plan-grab"') == 3
    assert "陈秀兰" in html
    assert "草案" in html
    assert "那时不当班" in html
    visit = Visit.objects.order_by("period").first()
    page = sun.get(reverse("dispatch:planned_visit", args=[visit.pk])).content.decode()
    assert "为什么是" in page
    assert "其次" in page
    assert facts(html, "排在本周") == "3"
    one_day = plans(sun, on=week.monday.isoformat())
    assert one_day.count('class="plan-block plan-grab"') == 1
    assert one_day.count('<th scope="col"') == 2
    assert facts(html, "没有人去") == "1"
    assert "通知 3 次上门？" in html  # asked back, with who still has nobody
    assert "还有 1 个需求没有人去" in html
    services.drop_visits(actor=SYSTEM, order_id=visit.order_id, at=now)
    html = plans(sun)
    assert (facts(html, "排在本周"), facts(html, "没有人去")) == ("2", "2")
    services.place_order(
        actor=SYSTEM, order_id=visit.order_id, worker_ids=[visit.worker_id],
        begins_at=visit.period.lower, at=now,
    )  # fmt: skip
    given = {"provider": str(week.organization_id), "day": week.monday.isoformat()}
    html = sun.post(reverse("dispatch:publish"), given, follow=True).content.decode()
    assert "已通知 3 次上门" in html
    assert set(Visit.objects.values_list("state", flat=True)) == {"told"}
    lost.refresh_from_db()
    assert lost.state == "asked"


def test_a_block_is_moved_with_and_without_script(centre: Centre, week, now) -> None:
    far, _rooms = people.make_home(at=BEFORE, lat=35.25, lon=108.36)
    wang = people.make_person(at=BEFORE, home=far, name="王芳")
    order(centre, week, 0, 9, 12)
    order(centre, week, 0, 9, 15, person=wang)
    sun = client(centre, "sun")
    run(propose(sun, week), now)
    first, second = Visit.objects.order_by("order__asked_at")
    day = week.monday.isoformat()
    address = reverse("dispatch:planned_visit", args=[second.pk])
    begins = timezone.localtime(first.period.lower).strftime("%H:%M")
    wanted = {"worker": str(first.worker_id), "day": day, "begins": begins}
    for headers in ({}, {"HX-Request": "true"}):
        answer = sun.post(address, wanted, headers=headers)
        assert answer.status_code == 422
        html = answer.content.decode()
        assert "陈秀兰" in html  # who plans knows whom her provider serves
        assert "王芳" in html
        assert "同时在" in html
    assert Visit.objects.get(pk=second.pk).period == second.period
    # Who dragged it while somebody else moved it hears where it is now; the page then knows it.
    seen = {"was": planning.mark_of(second.worker_id, second.period.lower - timedelta(minutes=5))}
    for headers in ({}, {"HX-Request": "true"}):
        answer = sun.post(address, wanted | seen, headers=headers)
        assert answer.status_code == 422
        assert "已被改动" in answer.content.decode()
    mark = planning.mark_of(second.worker_id, second.period.lower)
    assert f'data-was="{mark}"' in plans(sun)
    assert f'name="was" value="{mark}"' in sun.post(address, wanted | seen).content.decode()
    wanted = {"worker": str(second.worker_id), "day": day, "begins": "14:30"}
    assert sun.post(address, wanted, headers={"HX-Request": "true"}).status_code == 204
    assert sun.post(address, wanted | {"begins": "14:45"}).status_code == 302
    second.refresh_from_db()
    assert timezone.localtime(second.period.lower).strftime("%H:%M") == "14:45"
    assert "手工" in sun.get(address).content.decode()
    assert sun.post(address, {"worker": "x", "day": "", "begins": ""}).status_code == 422
    drop = reverse("dispatch:drop_visit", args=[second.order_id])
    assert sun.post(drop).status_code == 302
    assert Visit.objects.count() == 1
    place = reverse("dispatch:place_order", args=[second.order_id])
    page = sun.get(place).content.decode()
    assert "有时间" in page  # who has time for it stands first, and from when
    # An order that is dropped on a worker takes the first time at which it fits there.
    dropped = {"worker": str(first.worker_id), "day": day}
    early = dropped | {"begins": "09:00"}
    assert sun.post(reverse("dispatch:planned_visit", args=[first.pk]), early).status_code == 302
    first.refresh_from_db()
    assert sun.post(place, dropped).status_code == 422  # a form says when
    assert sun.post(place, dropped, headers={"HX-Request": "true"}).status_code == 204
    stands = Visit.objects.get(order=second.order_id)
    assert stands.period.lower >= first.period.upper
    assert stands.worker_id == first.worker_id
    assert sun.post(drop).status_code == 302
    assert sun.post(place, wanted | {"begins": "16:30"}).status_code == 422
    assert sun.post(place, wanted).status_code == 302
    assert Visit.objects.count() == 2


def test_one_press_for_illness_shows_what_changes(centre: Centre, week, now) -> None:
    order(centre, week, 0, 9, 10)
    sun = client(centre, "sun")
    run(propose(sun, week), now)
    worker = Visit.objects.get().worker
    given = {
        "provider": str(week.organization_id), "day": week.monday.isoformat(),
        "worker": str(worker.pk), "kind": "ill",
        "since": week.monday.isoformat(), "until": week.monday.isoformat(),
    }  # fmt: skip
    away = reverse("dispatch:away")
    assert sun.get(away, given).status_code == 200
    turned = sun.post(away, given | {"until": "2020-01-01"})
    assert turned.status_code == 422
    assert "最后一天不能早于第一天" in turned.content.decode()
    answer = sun.post(away, given)
    assert answer.status_code == 302
    assert Leave.objects.count() == 1
    row = WeekPlan.objects.get(kind="repair")
    assert "正在" in sun.get(answer.url).content.decode()
    run(row, now)
    html = sun.get(answer.url).content.decode()
    assert worker.display_name in html
    assert "陈秀兰" in html
    assert "尚不知情" in html
    assert "她的 1 次上门改由别人去" in html
    sun.post(reverse("dispatch:take_repair", args=[row.pk]))
    assert Visit.objects.get().worker_id != worker.pk
    html = sun.get(answer.url).content.decode()
    assert "已按方案调整" in html
    assert "都会收到通知" not in html  # nobody had been told
    assert sun.post(away, given).status_code == 422


@pytest.mark.parametrize("login", ["wu", "liu"])
def test_nobody_else_plans(centre: Centre, week, now, login: str) -> None:
    order(centre, week, 0, 9, 10)
    run(propose(client(centre, "sun"), week), now)
    visit, row = Visit.objects.get(), WeekPlan.objects.get()
    other = client(centre, login)
    for name, args in (
        ("plans", []), ("planned_visit", [visit.pk]), ("place_order", [visit.order_id]),
        ("away", []), ("repair", [row.pk]), ("services", [centre.chen.pk]),
        ("new_series", [centre.chen.pk]),
    ):  # fmt: skip
        assert other.get(reverse(f"dispatch:{name}", args=args)).status_code == 403, name
    for name, args in (
        ("propose", []), ("publish", []), ("stop_plan", [row.pk]), ("drop_visit", [visit.order_id]),
        ("take_repair", [row.pk]), ("ask_again", [row.pk]),
    ):  # fmt: skip
        assert other.post(reverse(f"dispatch:{name}", args=args)).status_code == 403, name
    assert list(Visit.objects.values_list("pk", "state")) == [(visit.pk, "planned")]


def test_a_manager_of_another_provider_sees_nothing_of_it(centre: Centre, week, now) -> None:
    other = organizations.make_organization(at=BEFORE, name="别家", serves=())
    centre.users["qi"] = organizations.make_user(
        at=BEFORE, login="qi", role="provider_manager", organization=other
    )
    centre.users["hu"] = organizations.make_user(
        at=BEFORE, login="hu", role="provider_manager", organization=centre.organization
    )
    order(centre, week, 0, 9, 10)
    run(propose(client(centre, "sun"), week), now)
    visit = Visit.objects.get()
    own = {"provider": str(centre.organization.pk)}
    qi, hu = client(centre, "qi"), client(centre, "hu")
    assert qi.get(reverse("dispatch:plans"), own).status_code == 404
    assert qi.get(reverse("dispatch:planned_visit", args=[visit.pk])).status_code == 404
    row = WeekPlan.objects.get()
    assert qi.post(reverse("dispatch:stop_plan", args=[row.pk])).status_code == 404
    html = plans(hu, **own)
    assert "plan-block" in html
    assert "陈秀兰" in html  # a provider knows whom it serves
    assert hu.get(reverse("dispatch:planned_visit", args=[visit.pk])).status_code == 200


def test_a_full_week_costs_no_more_queries(
    centre: Centre, week, now, django_assert_max_num_queries
) -> None:
    for day in range(2):
        order(centre, week, day, 9, 11)
    sun = client(centre, "sun")
    run(propose(sun, week), now)
    plans(sun)
    with django_assert_max_num_queries(40) as few:
        plans(sun)
        asked = len(few)
    assert asked > 5
    for day in range(5):
        for hour in (9, 12, 14):
            order(centre, week, day, hour, hour + 2)
    run(propose(sun, week), now)
    plans(sun)
    with django_assert_max_num_queries(asked):
        plans(sun)


def test_a_series_is_begun_rests_and_ends_on_the_persons_page(centre: Centre, week, now) -> None:
    sun = client(centre, "sun")
    page = reverse("dispatch:services", args=[centre.chen.pk])
    new = reverse("dispatch:new_series", args=[centre.chen.pk])
    assert "助浴 ¥50.00" in sun.get(new).content.decode()
    wanted = {
        "item": "test-bath", "organization": str(centre.organization.pk), "days": ["MO", "TH"],
        "every": "1", "begins": "09:00", "ends": "11:00", "sex_wish": "female",
        "since": timezone.localdate(now).isoformat(),
    }  # fmt: skip
    answer = sun.post(new, wanted | {"ends": "08:00"})
    assert answer.status_code == 422
    assert not Series.objects.exists()
    assert sun.post(new, wanted).status_code == 302
    html = sun.get(page).content.decode()
    assert "周一、周四" in html
    assert html.count("¥50.00") >= 3
    assert "继续中" in html or "进行中" in html
    row = Series.objects.get()
    assert Order.objects.filter(state="asked").count() >= 3
    state = reverse("dispatch:series_state", args=[row.pk])
    assert sun.post(state, {"state": "x"}).status_code == 422
    for wish in ("paused", "active", "ended"):
        assert sun.post(state, {"state": wish}).status_code == 302
        row.refresh_from_db()
        assert row.state == wish
    assert not Order.objects.filter(state="asked").exists()
    assert client(centre, "liu").post(state, {"state": "active"}).status_code == 403
