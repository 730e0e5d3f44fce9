"""A person, a provider, the bureau that funds, and who works for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.accounts.models import User
from songhe.base.regions.services import add_region
from songhe.domains.organizations import testing as organizations
from songhe.domains.people import testing as people
from songhe.domains.subsidies.testing import entitle, make_programme
from songhe.engines.ledger.models import Account

NOW = datetime(2026, 11, 22, 2, 12, 48, tzinfo=UTC)
TODAY = date(2026, 11, 22)
BEFORE = NOW - timedelta(days=400)
DECEMBER = datetime(2026, 12, 2, 2, tzinfo=UTC)
PROGRAMME = "test-half"


@dataclass
class County:
    bureau: UUID
    provider: UUID
    other: UUID
    chen: UUID
    users: dict[str, User] = field(default_factory=dict)

    def actor(self, login: str, at: datetime = NOW) -> Actor:
        return access.actor_for(self.users[login], at)


def make_county() -> County:
    """Make them: manager of the provider, rival of another, who pays (clerk), others.

    stranger, own_clerk: work for payers that pay nothing of this; the latter within the provider.
    """
    for code in ("99", "9901", "990121"):
        add_region(code=code, name="松鹤示范县")
    bureau = organizations.make_organization(at=BEFORE, name="民政局", kind="government")
    provider = organizations.make_organization(at=BEFORE)
    other = organizations.make_organization(at=BEFORE, name="另一家服务中心")
    county = County(bureau.pk, provider.pk, other.pk, people.make_person(at=BEFORE).pk)
    for login, role, organization in (
        ("manager", "provider_manager", provider),
        ("rival", "provider_manager", other),
        ("admin", "admin", bureau),
        ("clerk", "payer", bureau),
        ("stranger", "payer", other),
        ("own_clerk", "payer", provider),
        ("regulator", "regulator", bureau),
        ("son", "family", None),
        ("wu", "", None),
    ):
        county.users[login] = organizations.make_user(
            at=BEFORE, login=login, role=role, organization=organization
        )
    access.grant(
        actor=SYSTEM,
        user=county.users["son"],
        subject_type="people.Person",
        subject_id=county.chen,
        purpose="family",
        field_classes=("identity", "finance"),
        source="test",
        at=BEFORE,
    )
    make_programme(funder_id=bureau.pk, at=BEFORE)
    entitle(person_id=county.chen, programme=PROGRAMME, at=BEFORE)
    return county


@pytest.fixture
def county(db: None) -> County:
    return make_county()


def books() -> dict[tuple[str, str], int]:
    """Return every account of money that has something, by the kind of its holder."""
    rows = Account.objects.exclude(balance=0).filter(unit="fen")
    return {(row.ref.split("/")[0].split(".")[1], row.kind): row.balance for row in rows}
