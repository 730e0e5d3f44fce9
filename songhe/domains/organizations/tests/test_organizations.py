"""Who serves a region, and whom to tell."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from songhe.base.access.actor import ANONYMOUS, SYSTEM
from songhe.base.accounts.models import User
from songhe.domains.organizations import selectors, services
from songhe.domains.organizations.models import Organization
from songhe.kernel.errors import Denied

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def found(name: str, serves: list[str]) -> Organization:
    return services.found_organization(
        actor=SYSTEM, name=name, kind="service-centre", region_code="990121", at=NOW, serves=serves
    )


def test_the_nearest_organisation_serves() -> None:
    county, town = found("县", ["990121"]), found("镇", ["990121001"])
    assert selectors.serving("990121001001") == town
    assert selectors.serving("990121002001") == county
    assert selectors.serving("990122001001") is None


def test_leaders_numbers_are_sealed_and_told() -> None:
    centre = found("县", ["990121"])
    user = User.objects.create_user(login="l", display_name="带班主任", password="a long phrase")
    row = services.employ(
        actor=SYSTEM,
        organization=centre,
        user=user,
        title="主任",
        at=NOW,
        is_leader=True,
        phone="19900000009",
    )
    assert b"19900000009" not in bytes(row.phone_sealed)
    assert selectors.leader_phones(centre.pk, at=NOW) == [("带班主任", "19900000009")]


def test_nobody_founds_nothing() -> None:
    with pytest.raises(Denied):
        services.found_organization(
            actor=ANONYMOUS, name="x", kind="other", region_code="990121", at=NOW
        )
    assert not Organization.objects.exists()
