"""Two towns with a key for everybody, and a house whose policies all say yes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.access.roles import FIELD_CLASSES
from songhe.base.access.testing import keyed
from songhe.base.regions.models import Region
from tests.access.duplicates import make_duplicates
from tests.access.world import TOWNS, World, make_world


@pytest.fixture
def world(db: None) -> World:
    made = make_world(datetime.now(UTC))
    make_duplicates(made, datetime.now(UTC))
    code = TOWNS["a"] + "001"
    Region.objects.create(code=code, name="桂花里社区", level=len(code))
    return made


@pytest.fixture
def keys(world: World) -> dict[str, dict[str, str]]:
    """Return the headers of everybody's machine, each used once today; and of nobody's."""
    now = datetime.now(UTC)
    found = {name: keyed(user, at=now) for name, user in world.users.items()}
    for headers in found.values():
        Client().get("/api/v1/me", headers=headers)
    wrong = {"Authorization": "Bearer songhe_" + "x" * 43}
    return {"nobody": {}, "wrong": wrong, **found}


@pytest.fixture
def no_policies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything above the wall say yes."""
    monkeypatch.setattr(policies, "scope", lambda actor, rows, action: rows)
    monkeypatch.setattr(policies, "can", lambda actor, action, obj: True)
    monkeypatch.setattr(policies, "authorise", lambda actor, action, obj: None)
    monkeypatch.setattr(policies, "fields", lambda actor, obj: FIELD_CLASSES)
    monkeypatch.setattr(Actor, "may", lambda self, action: True)
    monkeypatch.setattr(Actor, "covers", lambda self, action, region_code: True)
    monkeypatch.setattr(Actor, "fields_in", lambda self, region_code: FIELD_CLASSES)
