"""Complaints at who answers them, and services ordered by telephone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from songhe.base.accounts.testing import signed_in
from songhe.base.audit.models import AuditEntry
from songhe.base.notify.models import Notice
from songhe.domains.catalog.testing import make_item
from songhe.domains.dispatch import services
from songhe.domains.dispatch.models import Complaint, Order, Visit
from songhe.domains.dispatch.terms import About
from songhe.domains.dispatch.tests.conftest import BEFORE, Centre
from songhe.domains.dispatch.tests.test_voices import AFTER, done
from songhe.domains.dispatch.tests.test_voices import son as son
from songhe.domains.organizations import testing as organizations


def browser(centre: Centre, login: str, language: str = "en") -> Client:
    client = signed_in(Client(), centre.users[login], at=datetime.now(UTC))
    client.cookies["songhe_language"] = language
    return client


@pytest.fixture
def complaint(centre: Centre, son) -> Complaint:
    """Return a complaint of Chen Wei; the provider has a manager, another provider one too."""
    order = done(centre)
    centre.users["zhou"] = organizations.make_user(
        at=BEFORE, login="zhou", role="provider_manager", organization=centre.organization
    )
    other = organizations.make_organization(at=BEFORE, name="另一家")
    centre.users["he"] = organizations.make_user(
        at=BEFORE, login="he", role="provider_manager", organization=other
    )
    return services.complain(
        actor=son, order_id=order.pk, about=About.LATE, words="晚了一小时", at=AFTER
    )


@pytest.mark.parametrize(
    ("language", "overdue"), [("en", "overdue by 3 days"), ("zh-hans", "超期 3 天")]
)
def test_overdue_is_marked_by_word_and_shape(
    centre: Centre, complaint: Complaint, language: str, overdue: str
) -> None:
    Complaint.objects.update(answer_by=timezone.localdate() - timedelta(days=3))
    page = browser(centre, "zhou", language).get("/complaints/").content.decode()
    tag = page[page.index(overdue) - 700 : page.index(overdue)]
    assert 'data-kind="risk"' in tag
    assert "<svg" in tag


def test_due_first_and_answered_apart(centre: Centre, complaint: Complaint, son) -> None:
    visit = Visit.objects.get(order=complaint.order_id)
    charge = services.charge_visit(visit_id=visit.pk, at=AFTER)
    zhou = browser(centre, "zhou")
    assert "late or not at all" in zhou.get("/complaints/").content.decode()
    url = f"/complaints/{complaint.pk}/"
    page = zhou.get(url).content.decode()
    assert "晚了一小时" in page
    # Who answers sees what she answers of: the service, the record of the visit, what it cost.
    assert f'href="/orders/{complaint.order_id}/"' in page
    assert f'href="/visits/{visit.pk}/"' in page
    assert f'href="/billing/charges/{charge}/"' in page
    empty = zhou.post(url, {"answer": " "})
    assert empty.status_code == 422
    assert "error-summary" in empty.content.decode()
    assert zhou.post(url, {"answer": "对不起，已改班"}).status_code == 302
    assert Complaint.objects.get().state == "answered"
    assert Notice.objects.get(kind="dispatch.complaint_answered").url == (
        f"/services/{complaint.order_id}/"
    )
    assert zhou.post(url, {"answer": "再说一句"}).status_code == 422
    assert "No complaint" in zhou.get("/complaints/").content.decode()
    assert "late or not at all" in zhou.get("/complaints/?show=answered").content.decode()
    assert "对不起，已改班" in zhou.get(url).content.decode()


def test_the_provider_alone_answers_and_reads_are_audited(
    centre: Centre, complaint: Complaint
) -> None:
    url = f"/complaints/{complaint.pk}/"
    zhou = browser(centre, "zhou")
    page = zhou.get(url).content.decode()
    assert "陈秀兰" in page  # whom the provider serves has a name for its manager (0034)
    assert AuditEntry.objects.filter(
        action="dispatch.answer_complaint", kind="read", ref=f"dispatch.Complaint/{complaint.pk}"
    ).exists()
    he = browser(centre, "he")
    assert "No complaint" in he.get("/complaints/").content.decode()
    assert he.get(url).status_code == 404
    assert he.post(url, {"answer": "x"}).status_code == 404
    for login in ("liu", "sun", "wu"):
        assert browser(centre, login).get(url).status_code == 403
    assert Complaint.objects.get().state == "open"


def test_many_complaints_cost_no_more_queries(centre: Centre, complaint: Complaint) -> None:
    zhou = browser(centre, "zhou")
    zhou.get("/complaints/")
    with CaptureQueriesContext(connection) as one:
        zhou.get("/complaints/")
    for number in range(5):
        order = Order.objects.get(pk=complaint.order_id)
        order.pk, order._state.adding = None, True
        order.id = type(order)._meta.pk.get_default()
        order.save(force_insert=True)
        Complaint.objects.create(
            order=order, about="work", answer_by=timezone.localdate() + timedelta(days=number),
            told_at=AFTER,
        )  # fmt: skip
    with CaptureQueriesContext(connection) as many:
        zhou.get("/complaints/")
    assert len(many) == len(one)


CALL = "/rescues/call/"


def test_sun_orders_a_service_for_who_calls(centre: Centre) -> None:
    make_item(at=BEFORE)
    sun = browser(centre, "sun")
    page = sun.get(CALL, {"words": "陈秀兰"}).content.decode()
    assert '<option value="test-bath">Bath</option>' in page
    day = timezone.localdate() + timedelta(days=2)
    sent = {"words": "陈秀兰", "person": str(centre.chen.pk), "note": "要靠近中午",
            "need": "service", "item": "test-bath", "day": day.isoformat()}  # fmt: skip
    wrong = sun.post(CALL, sent)
    assert wrong.status_code == 422
    assert "Choose the time." in wrong.content.decode()
    assert "要靠近中午" in wrong.content.decode()
    assert not Order.objects.exists()
    answer = sun.post(CALL, sent | {"part": "afternoon"})
    order = Order.objects.get()
    assert answer["Location"] == f"/orders/{order.pk}/"
    assert (order.kind, order.source, order.person_id) == ("service", "call", centre.chen.pk)
    begins = timezone.localtime(order.window.lower)
    assert (begins.date(), begins.hour) == (day, 12)
    shown = sun.get(answer["Location"]).content.decode()
    assert "Bath" in shown
    assert 'id="alarm-help"' not in shown  # nobody is sent at once


def test_help_now_asks_for_no_service(centre: Centre) -> None:
    make_item(at=BEFORE)
    sent = {"words": "陈秀兰", "person": str(centre.chen.pk), "need": "help"}
    assert browser(centre, "sun").post(CALL, sent).status_code == 302
    assert Order.objects.get().kind == "rescue"
