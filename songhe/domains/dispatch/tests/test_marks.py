"""A visit held for a case: with a reason, once, seen by who supervises alone; and what it shows."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.urls import reverse

from songhe.base.audit.models import AuditEntry
from songhe.base.subjects import collecting
from songhe.domains.dispatch import mark_reads, services
from songhe.domains.dispatch.models import Mark, Visit
from songhe.domains.dispatch.selectors import NoSuchOrder
from songhe.domains.dispatch.services.marks import MarkedAlready, NotMarked, WhyMarked
from songhe.domains.dispatch.testing import tell, told
from songhe.domains.dispatch.tests.conftest import NOW, Centre
from songhe.domains.dispatch.tests.test_happenings import MIN, planned, story
from songhe.domains.dispatch.tests.test_pages import client, now, page  # noqa: F401
from songhe.domains.organizations import testing as organizations
from songhe.kernel.errors import Denied

AFTER = NOW + 200 * MIN


@pytest.fixture
def over(centre: Centre) -> Visit:
    """Return a visit that is done, with a regulator who may look at it."""
    centre.users["qian"] = organizations.make_user(
        at=NOW - timedelta(days=1), login="qian", role="regulator"
    )
    visit = planned(centre)
    tell(centre.users["liu"], story(visit), at=AFTER)
    services.judge_visit(visit_id=visit.pk, at=AFTER)
    return visit


def test_held_once_let_go_and_held_again(centre: Centre, over: Visit) -> None:
    qian = centre.actor("qian", AFTER)

    def mark(why: str = "照片像是旧的") -> Mark:
        return services.mark_visit(actor=qian, visit_id=over.pk, why=why, at=AFTER)

    with pytest.raises(WhyMarked):
        mark("  ")
    with pytest.raises(NotMarked):
        services.unmark_visit(actor=qian, visit_id=over.pk, why="x", at=AFTER)
    assert not Mark.objects.exists()
    row = mark()
    assert row.score == over.evidence.score
    with pytest.raises(MarkedAlready):
        mark()
    [line] = mark_reads.lines(qian, mark_reads.marks(qian))
    assert (line.why, line.is_held) == ("照片像是旧的", True)
    assert bytes(Mark.objects.get().why_sealed).find("照片".encode()) < 0
    services.unmark_visit(actor=qian, visit_id=over.pk, why="核实过了", at=AFTER)
    assert not mark_reads.marks(qian).exists()
    assert [one.back for one in mark_reads.of_visit(qian, over.pk)] == ["核实过了"]
    mark("又来了")
    assert [one.is_held for one in mark_reads.of_visit(qian, over.pk)] == [True, False]
    said = AuditEntry.objects.filter(action="dispatch.mark_visit", ref__endswith=str(over.pk))
    assert said.count() == 3


def test_her_copy_holds_the_visit_and_not_what_supervision_thinks_of_it(
    centre: Centre, over: Visit
) -> None:
    qian = centre.actor("qian", AFTER)
    services.mark_visit(actor=qian, visit_id=over.pk, why="照片像是旧的", at=AFTER)
    hers = collecting.collect(centre.chen.pk)
    assert [one["id"] for one in hers["dispatch_visit"]] == [str(over.pk)]
    assert hers["dispatch_happening"]
    assert not {"dispatch_mark", "dispatch_evidence"} & set(hers)
    assert "照片像是旧的" not in str(hers)


def test_only_who_supervises_marks_and_sees_marks(centre: Centre, over: Visit) -> None:
    for login in ("sun", "liu"):
        with pytest.raises((Denied, NoSuchOrder)):
            services.mark_visit(
                actor=centre.actor(login, AFTER), visit_id=over.pk, why="x", at=AFTER
            )
    assert not Mark.objects.exists()
    services.mark_visit(actor=centre.actor("qian", AFTER), visit_id=over.pk, why="x", at=AFTER)
    assert mark_reads.of_visit(centre.actor("sun", AFTER), over.pk) == []
    running = planned(centre, NOW + 400 * MIN)
    with pytest.raises(NoSuchOrder):
        services.mark_visit(
            actor=centre.actor("qian", AFTER), visit_id=running.pk, why="x", at=AFTER
        )


def test_marked_listed_and_taken_along_on_pages(centre: Centre, now: datetime) -> None:  # noqa: F811
    at = now - timedelta(hours=5)
    centre.users["qian"] = organizations.make_user(at=at, login="qian", role="regulator")
    visit = planned(centre, at)
    # The phone's clock is twelve minutes fast.
    fast = timedelta(minutes=12)
    phone = [
        told(visit.pk, "arrived", at + fast, offset_s=fast.total_seconds()),
        told(visit.pk, "note", at + 5 * MIN + fast, text="有点头晕", offset_s=fast.total_seconds()),
        told(visit.pk, "done", at + 30 * MIN + fast, offset_s=fast.total_seconds()),
    ]
    tell(centre.users["liu"], phone, at=now)
    qian, sun = client(centre, "qian"), client(centre, "sun")
    html = page(qian, "dispatch:sample", visit.pk)
    assert "手机时钟快了 12 分钟" in html
    assert "有点头晕" not in html  # notes are closed to who supervises
    order = page(sun, "dispatch:order", visit.order_id)
    assert "手机时钟快了 12 分钟" in order
    assert "有点头晕" in order
    mark = reverse("dispatch:mark", args=[visit.pk])
    assert sun.post(mark, {"why": "x"}).status_code == 403
    assert qian.post(mark, {"why": ""}).status_code == 302
    assert not Mark.objects.exists()
    assert qian.post(mark, {"why": "只待了半小时"}).status_code == 302
    assert "只待了半小时" in page(qian, "dispatch:marks")
    assert "只待了半小时" in page(qian, "dispatch:sample", visit.pk)
    export = reverse("dispatch:export_marks")
    assert qian.post(export, {"reason": "", "format": "csv"}).status_code == 422
    answer = qian.post(export, {"reason": "月度检查", "format": "csv"})
    body = answer.content.decode("utf-8-sig")
    assert "只待了半小时" in body
    assert "陈秀兰" not in body
    assert UUID(body.splitlines()[1].split(",")[0].strip('"')) == visit.pk
    assert (
        qian.post(reverse("dispatch:unmark", args=[visit.pk]), {"why": "看过"}).status_code == 302
    )
    assert "只待了半小时" not in page(qian, "dispatch:marks")
    assert "看过" in page(qian, "dispatch:marks") or qian.get(
        reverse("dispatch:marks"), {"show": "let-go"}
    ).content.decode().count("看过")
