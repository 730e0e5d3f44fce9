"""A person at home, the bureau that funds, and a provider."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from songhe.base.regions.services import add_region
from songhe.domains.organizations import testing as organizations
from songhe.domains.people import testing as people

NOW = datetime(2026, 11, 22, 2, 12, 48, tzinfo=UTC)
TODAY = date(2026, 11, 22)
BEFORE = NOW - timedelta(days=400)


@dataclass
class County:
    bureau: UUID
    chen: UUID


def make_county() -> County:
    for code in ("99", "9901", "990121"):
        add_region(code=code, name="松鹤示范县")
    bureau = organizations.make_organization(at=BEFORE, name="松鹤示范县民政局", kind="government")
    return County(bureau.pk, people.make_person(at=BEFORE, care_level=3).pk)


@pytest.fixture
def county(db: None) -> County:
    return make_county()
