"""The platform's page and the bar: one glance says whether it is well, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django import app

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.access.roles import all_roles
from songhe.base.accounts.models import User
from songhe.base.audit.models import AuditEntry
from songhe.base.health.figures import FIGURES
from songhe.base.health.models import JobFault, Sample
from songhe.portals.operations import watch

pytestmark = pytest.mark.django_db
WELL = dict.fromkeys(FIGURES, 0.0) | {
    "gateway_up": 1.0, "web_up": 1.0, "live_up": 1.0, "database_up": 1.0,
    "disk_free_bytes": 9e10, "disk_days_left": 400.0, "certificate_days_left": 200.0,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _unseen() -> Iterator[None]:
    watch.forget()
    yield
    watch.forget()


def signed_in(role: str) -> Client:
    user = User.objects.create_user(login=role, display_name=role, password="a long phrase")
    access.give_role(
        actor=SYSTEM, user=user, role=role, region_prefix="990121",
        at=timezone.now() - timedelta(days=1),
    )  # fmt: skip
    client = Client()
    client.force_login(user)
    return client


def sample(seconds_ago: float = 1, **figures: float | None) -> Sample:
    processes = {
        "gateway": {"state": "down" if figures.get("gateway_up") == 0 else "up", "since": None,
                    "version": "1.2.3", "restarts": 2, "error": "RuntimeError: boom"},
    }  # fmt: skip
    return Sample.objects.create(
        at=timezone.now() - timedelta(seconds=seconds_ago),
        figures=WELL | figures,
        processes=processes,
    )


def text_of(client: Client, name: str = "operations:platform", language: str = "zh-hans") -> str:
    client.cookies["songhe_language"] = language
    response = client.get(reverse(name))
    assert response.status_code == 200
    return re.sub(r"\s+", " ", response.content.decode())


def test_when_all_is_well_the_page_says_so_with_its_time() -> None:
    at = sample().at
    text = text_of(signed_in("engineer"))
    assert "一切正常" in text
    assert timezone.localtime(at).strftime("%H:%M:%S") in text
    assert "版本 1.2.3" in text
    assert "RuntimeError: boom" in text


def test_each_trouble_says_why_and_what_to_do_in_both_languages() -> None:
    for ago in (46, 31, 16, 1):
        sample(ago, gateway_up=0.0, jobs_failed=2.0)
    client = signed_in("admin")
    text = text_of(client)
    assert "有 2 项异常" in text
    assert text.index("网关没有应答") < text.index("有任务最终失败")
    assert text.count("怎么办：") == 2
    english = text_of(client, language="en")
    assert "2 things are not well" in english
    assert "The supervisor starts it again by itself" in english


def test_without_samples_or_with_old_ones_nothing_is_known() -> None:
    client = signed_in("engineer")
    assert "不知道：目前没有程序在监视平台" in text_of(client)
    sample(3600)
    text = text_of(client)
    assert "不知道：目前没有程序在监视平台" in text
    assert "一切正常" not in text
    assert "songhe doctor" in text


def test_what_is_not_known_is_never_shown_as_nought() -> None:
    sample(lag_p99_s=None, disk_days_left=None)
    text = text_of(signed_in("engineer"))
    assert "尚不知道：需要积累一整天的增长数据" in text
    assert "这里从未做过备份" in text


def test_a_failed_job_is_tried_again_once_and_the_trail_knows_who_asked() -> None:
    client = signed_in("engineer")
    sample()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, status, attempts, args) VALUES"
            " ('events', 'events.deliver', 'failed', 8, '{\"handler\": \"x.y\"}') RETURNING id"
        )
        job = cursor.fetchone()[0]
    JobFault.objects.create(
        job=job, at=timezone.now(),
        fault="  songhe/base/events/bus.py:41 in hear\nKeyError: no handler\nof this name",
    )  # fmt: skip
    page = text_of(client)
    assert "events.deliver" in page
    listed = page.split('id="jobs"')[1].split("</section>")[0]
    assert "<summary><code>KeyError: no handler</code></summary>" in listed
    assert "songhe/base/events/bus.py:41 in hear" in listed
    assert "已试 8 次" in page
    retry = reverse("operations:retry_job", args=[job])
    assert client.post(retry).status_code == 302
    [again] = app.job_manager.list_jobs(id=job)
    assert again.status == "todo"
    assert AuditEntry.objects.filter(
        action="operations.retry_job", ref=f"procrastinate.Job/{job}"
    ).exists()
    assert client.post(retry).status_code == 409
    assert client.post(reverse("operations:retry_job", args=[0])).status_code == 404


def test_old_days_are_told_and_open_to_the_engineer_without_anybodys_data() -> None:
    sample(unsealed_days=5.0)
    client = signed_in("engineer")
    page = text_of(client)
    assert "还没有到期可封存的日子" in page
    assert "<dd>5 天</dd>" in page
    assert reverse("telemetry:old_days") in page
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sealed_day (day, messages, readings, bytes, first_sealed_at, sealed_at)"
            " VALUES ('2026-11-17', 9, 9, 99, now(), now())"
        )
    sample(0, unsealed_days=0.0)
    page = text_of(client)
    assert "1 天，最近一天是" in page
    assert "没有等待封存的日子" in page
    assert client.get(reverse("telemetry:old_days")).status_code == 200
    assert client.post(reverse("telemetry:seal")).status_code == 302
    assert client.get(reverse("people:person_list")).status_code == 403
    assert signed_in("regulator").get(reverse("telemetry:old_days")).status_code == 403


@pytest.mark.parametrize(
    ("role", "may"),
    [("admin", True), ("regulator", True), ("engineer", False), ("operator", False)],
)
def test_counts_of_regions_are_for_regulator_and_administrator(role: str, may: bool) -> None:
    assert all_roles()[role].carries("telemetry.view_regions") is may


def test_messages_not_taken_are_counted_by_reason_and_linked_for_who_may_see_them() -> None:
    sample()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO dead_letter (id, received_at, device_key, topic, payload, reason, detail,"
            " state) SELECT gen_random_uuid(), now(), 'k', 't', '', 'future', '', 'new'"
            " FROM generate_series(1, 3)"
        )
    link = f"{reverse('telemetry:letter_list')}?reason=future"
    for_engineer, for_admin = text_of(signed_in("engineer")), text_of(signed_in("admin"))
    assert link not in for_engineer
    assert link in for_admin
    for text in (for_engineer, for_admin):
        assert re.search(r"来自未来.{0,40}<td class=\"num\">3</td>", text)


def test_the_page_asks_the_database_a_bounded_number_of_times() -> None:
    client = signed_in("engineer")
    for ago in range(1, 200, 15):
        sample(ago)
    text_of(client)
    with CaptureQueriesContext(
        connection,
    ) as few:
        text_of(client)
    assert len(few) <= 17


# --- the bar ---------------------------------------------------------------------------------


def test_without_trouble_there_is_no_bar_and_no_query_for_it() -> None:
    sample()
    client = signed_in("operator")
    watch.look(at=timezone.now())
    with CaptureQueriesContext(connection) as queries:
        assert "平台异常" not in text_of(client, "operations:bar")
    assert not any("health_sample" in one["sql"] for one in queries)


def test_when_nobody_watches_the_bar_says_since_when_and_whom_to_call() -> None:
    at = sample(300).at
    client = signed_in("operator")
    watch.look(at=timezone.now())
    text = text_of(client, "desk:alarms")
    assert "后台进程自" in text
    assert timezone.localtime(at).strftime("%H:%M") in text
    assert "请联系平台工程师" in text
    link = f'href="{reverse("operations:platform")}"'
    assert link not in text
    assert link in text_of(signed_in("engineer"), "operations:bar")


def test_a_grave_trouble_is_on_every_desk() -> None:
    for ago in (46, 31, 16, 1):
        sample(ago, gateway_up=0.0)
    watch.look(at=timezone.now())
    assert "平台异常：网关没有应答。" in text_of(signed_in("operator"), "desk:alarms")


def test_who_sees_no_alarms_sees_no_bar() -> None:
    sample(300)
    watch.look(at=timezone.now())
    client = signed_in("regulator")
    assert client.get(reverse("operations:bar")).status_code == 403
    assert "platform-bar" not in text_of(client, "monitoring:statistics")


def test_what_was_seen_too_long_ago_is_not_said() -> None:
    sample(300)
    watch.look(at=timezone.now() - timedelta(minutes=5))
    assert watch.seen(at=timezone.now()) is None
