"""What her son sees of her bed in use: what was agreed, in full, and who comes next."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone
from django.utils.translation import override

from songhe.domains.dispatch.tests.conftest import Centre
from songhe.domains.homecare.testing import make_bed
from songhe.kit import formats
from songhe.portals.family.tests.conftest import Go, order

pytestmark = pytest.mark.django_db


def test_he_reads_the_agreement_and_sees_who_comes_next(house: Centre, go: Go) -> None:
    now = timezone.now()
    bed = make_bed(person_id=house.chen.pk, organization_id=house.organization.pk, at=now)
    made = order(house, at=now, begins=now + timedelta(days=1))
    wei = go("wei")
    page = unescape(wei.get("/services/bed/").content.decode())
    last = timezone.localdate(now) + timedelta(days=364)
    with override("en"):
        assert f"to {formats.short_date(last)}, that day included" in page
    assert f"/services/{made.pk}/" in page
    file = bed.agreements.get().file
    assert f"/files/{file}/" in page
    assert wei.get(f"/files/{file}/").status_code == 200
    assert go("wu").get(f"/files/{file}/").status_code in (403, 404)
