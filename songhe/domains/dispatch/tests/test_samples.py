"""A photograph used before: both are shown to who said why she inspects, and to nobody else."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from songhe.base.access import purposes
from songhe.base.audit.models import AuditEntry
from songhe.base.files.testing import photograph
from songhe.domains.dispatch import services
from songhe.domains.dispatch.models import Evidence, Visit
from songhe.domains.dispatch.services import proofs
from songhe.domains.dispatch.testing import tell, told
from songhe.domains.dispatch.tests.conftest import Centre
from songhe.domains.dispatch.tests.test_happenings import MIN, planned
from songhe.domains.dispatch.tests.test_pages import client, now, page  # noqa: F401
from songhe.domains.organizations import testing as organizations
from songhe.kernel.ids import uuid7


@pytest.fixture
def twice(centre: Centre, now: datetime) -> list[tuple[Visit, UUID]]:  # noqa: F811
    """Return two visits with the photograph of each, the same; supervision and a manager exist."""
    long_ago = now - timedelta(days=1)
    for login, role in (("qian", "regulator"), ("gu", "provider_manager"), ("ke", "payer")):
        at_centre = None if role == "regulator" else centre.organization
        centre.users[login] = organizations.make_user(
            at=long_ago, login=login, role=role, organization=at_centre
        )
    content, found = photograph(), []
    for hours in (8, 4):
        begin = now - timedelta(hours=hours)
        visit, file_id = planned(centre, begin), uuid7()
        phone = [
            told(visit.pk, "arrived", begin),
            told(visit.pk, "photo", begin + 20 * MIN, step="before", file=str(file_id)),
            told(visit.pk, "done", begin + 50 * MIN),
        ]
        tell(centre.users["liu"], phone, at=now)
        proofs.keep_proof(
            actor=centre.actor("liu", now), visit_id=visit.pk, file_id=file_id,
            content=content, name="", at=now,
        )  # fmt: skip
        services.judge_visit(visit_id=visit.pk, at=now)
        found.append((visit, file_id))
    return found


def statuses(who: Client, files: list[UUID]) -> list[int]:
    return [who.get(reverse("kit:file_small", args=[pk])).status_code for pk in files]


def test_supervision_sees_both_photographs_once_it_said_why(
    centre: Centre,
    now: datetime,  # noqa: F811
    twice: list[tuple[Visit, UUID]],
) -> None:
    (before, _), (after, _) = twice
    files = [file_id for _visit, file_id in twice]
    [reason] = [
        one for one in Evidence.objects.get(visit=after).reasons if one["code"] == "reused_photo"
    ]
    assert reason["pairs"] == [
        {"file": str(files[1]), "like": str(files[0]), "visit": str(before.pk)}
    ]
    qian = client(centre, "qian")
    html = page(qian, "dispatch:sample", after.pk)
    assert reverse("dispatch:sample", args=[before.pk]) in html
    assert reverse("security:purpose") in html
    assert "/files/" not in html
    assert statuses(qian, files) == [403, 403]
    purposes.state_purpose(
        actor=centre.actor("qian", now), purpose="inspection", reason="照片疑似重复", at=now
    )
    html = page(qian, "dispatch:sample", after.pk)
    assert [html.count(reverse("kit:file_small", args=[pk])) for pk in files] == [1, 2]
    assert statuses(qian, files) == [200, 200]
    looks = AuditEntry.objects.filter(action="files.open_file", user_id=centre.users["qian"].pk)
    assert {one.purpose for one in looks} == {"inspection"}
    assert statuses(client(centre, "ke"), files) == [404, 404]


def test_who_answers_for_the_work_sees_it_while_she_is_served(
    centre: Centre,
    now: datetime,  # noqa: F811
    twice: list[tuple[Visit, UUID]],
) -> None:
    gu, files = client(centre, "gu"), [file_id for _visit, file_id in twice]
    assert statuses(gu, files) == [403, 403]  # nothing of her is open with this provider any more
    planned(centre, now + timedelta(days=2))
    assert statuses(gu, files) == [200, 200]
    html = page(gu, "dispatch:sample", twice[1][0].pk)
    assert html.count(reverse("kit:file_small", args=[files[0]])) == 1
