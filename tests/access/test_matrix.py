"""Every route by every role, in the own town: a change of access shows as a changed golden file.

Write the file anew with SONGHE_GOLDEN=write and read its difference before committing it.
"""

from __future__ import annotations

import copy
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from songhe.base.accounts.testing import signed_in
from songhe.kit.screens import Screen, all_screens, stray_routes
from tests.access.world import PERSONAL, World, make_world

GOLDEN = Path(__file__).parents[1] / "golden/access_matrix.csv"
REFUSED = {401, 403, 404}
QUIET = {"audit_auditentry", "audit_pending", "accounts_session", "signin_attempt"}
pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None) -> World:
    return make_world(datetime.now(UTC))


def address(screen: Screen, world: World) -> str:
    """Return the screen's address for the things of town a."""
    town = world.towns["a"]
    whose: dict[str, UUID | str] = {
        "person": town.person,
        "device": town.device,
        "alarm": town.alarm,
        "letter": town.letter,
        "home": town.home,
        "organization": town.organization,
        "room": town.room,
        "absence": town.absence,
        "trial": world.trial,
        "run": world.run,
        "recipient": world.consented,
        "guardianship": world.guardianship,
        "paper": world.paper,
        "emergency": world.emergency,
    }
    values: dict[str, UUID | str] = {}
    for converter, name in re.findall(r"<(?:(\w+):)?(\w+)>", screen.route):
        stem = name.removesuffix("_id")
        if stem in whose:
            values[name] = whose[stem]
        elif name == "key":
            values[name] = town.reading
        elif converter == "uuid":
            values[name] = whose[next(key for key in whose if key in screen.route)]
        else:
            values[name] = PARAMETERS[name]
    query = f"?scope=person:{town.person}" if screen.name in SCOPED else ""
    return reverse(screen.name, kwargs=values) + query


SCOPED = {
    "monitoring:pick_rule",
    "monitoring:change_rule",
    "monitoring:try_rule",
    "monitoring:revert_rule",
}
PARAMETERS = {
    "rule": "bp-critical",
    "rule_id": "bp-critical",
    "code": "sbp",
    "day": "2026-11-21",
    "type": "bp-monitor",
    "step": "install",
    "scope": "person",
    "kind": "sbp",
    "region": "990121001",
    "chart": "blood-pressure",
    "wave": "ecg",
    "action": "take",
    "job": "2000000000",
    "purpose": "family",
}


@cache
def _fingerprint_sql() -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        )
        tables = sorted(row[0] for row in cursor.fetchall() if row[0] not in QUIET)
    counted = " UNION ALL ".join(
        f"SELECT '{table}', count(*), coalesce(sum(hashtext(t::text)::bigint), 0) FROM {table} t"
        for table in tables
    )
    return f"{counted} ORDER BY 1"  # the server counts side by side, in no order


def fingerprint() -> list[tuple[str, int, int]]:
    """Return count and checksum of every table that a refusal must leave alone."""
    with connection.cursor() as cursor:
        cursor.execute(_fingerprint_sql())
        return cursor.fetchall()


@dataclass
class Answer:
    """What came back; changed is whether any table differs, asked of refused posts only."""

    status: int
    location: str
    text: str
    mark: list[tuple[str, int, int]] | None = None

    @property
    def refused(self) -> bool:
        return refused(self.status, self.location)


def ask(client: Client, method: str, url: str) -> Answer:
    """Return the answer to a request whose effects are taken back."""
    kept = copy.deepcopy(client.cookies)  # signing out takes the cookie away
    with transaction.atomic():
        response = client.generic(method, url) if method == "GET" else client.post(url)
        text = b"".join(response.streaming_content) if response.streaming else response.content
        answer = Answer(
            response.status_code, response.get("Location", ""), text.decode("utf-8", "replace")
        )
        if method == "POST" and answer.refused:
            answer.mark = fingerprint()
        transaction.set_rollback(True)
    client.cookies = kept
    return answer


def refused(status: int, location: str) -> bool:
    return status in REFUSED or (status == 302 and location.startswith("/sign-in/"))


def test_there_is_no_route_beside_screen() -> None:
    assert stray_routes() == ()


def test_the_matrix_is_as_agreed_and_refusals_change_nothing(world: World) -> None:
    rows = ["method,screen," + ",".join(["nobody", *world.users])]
    clients = {"nobody": Client(raise_request_exception=True)}
    for name, user in world.users.items():
        clients[name] = Client(raise_request_exception=True)
        signed_in(clients[name], user, at=datetime.now(UTC))
    before = fingerprint()
    for screen in sorted(all_screens(), key=lambda s: s.name):
        url = address(screen, world)
        for method in ("GET", "POST"):
            cells = []
            for who, client in clients.items():
                answer = ask(client, method, url)
                assert answer.status < 500, f"{who} {method} {url}: {answer.status}"
                sent_away = answer.refused and answer.status == 302
                cells.append("sign-in" if sent_away else str(answer.status))
                if answer.mark is not None:
                    assert answer.mark == before, (
                        f"{who} was refused at {url}, and it changed something"
                    )
            rows.append(f"{method},{screen.name}," + ",".join(cells))
    text = "\n".join(rows) + "\n"
    if os.environ.get("SONGHE_GOLDEN") == "write":
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("who", ["nobody", "wu"])
def test_who_may_see_nothing_reads_no_personal_word_anywhere(world: World, who: str) -> None:
    client = Client(raise_request_exception=True)
    if who != "nobody":
        signed_in(client, world.users[who], at=datetime.now(UTC))
    for screen in all_screens():
        text = ask(client, "GET", address(screen, world)).text
        for word in PERSONAL:
            assert word not in text, f"{who} reads {word} at {screen.name}"


def test_the_other_town_is_closed_to_its_neighbour(world: World) -> None:
    client = Client(raise_request_exception=True)
    signed_in(client, world.users["operator_b"], at=datetime.now(UTC))
    for screen in all_screens():
        url = address(screen, world)
        text = ask(client, "GET", url).text
        for word in ("陈秀兰", "19911110001", "桂花里 3 号"):
            assert word not in text, f"the neighbour reads {word} at {screen.name}"


def test_the_regulator_reads_counts_and_no_names(world: World) -> None:
    client = Client(raise_request_exception=True)
    signed_in(client, world.users["regulator"], at=datetime.now(UTC))
    opened = 0
    for screen in all_screens():
        answer = ask(client, "GET", address(screen, world))
        opened += answer.status == 200 and not screen.public
        for word in PERSONAL:
            assert word not in answer.text, f"the regulator reads {word} at {screen.name}"
    assert opened >= 2


# A role that sees nothing of what it should see is as wrong as one that sees too much.
SHOULD_SEE = [
    ("operator", "desk:alarms", "186/112"),
    ("operator", "desk:alarm", "陈秀兰"),
    ("operator", "people:person", "陈秀兰"),
    ("shift_leader", "desk:alarm", "陈秀兰"),
    ("clinician", "people:person", "陈秀兰"),
    ("family", "people:person", "陈秀兰"),
    ("elder", "people:person", "陈秀兰"),
    ("regulator", "monitoring:statistics", "1"),
    ("device_keeper", "devices:device_list", "bp-monitor"),
    ("elder", "security:who_sees", "family"),
    ("family", "security:who_sees", "family"),
    ("registrar", "security:consent_records", "family"),
    ("privacy_officer", "security:review_emergency", "clinician"),
]


@pytest.mark.parametrize(("who", "name", "word"), SHOULD_SEE)
def test_each_role_sees_what_it_should(world: World, who: str, name: str, word: str) -> None:
    client = Client(raise_request_exception=True)
    signed_in(client, world.users[who], at=datetime.now(UTC))
    screen = next(one for one in all_screens() if one.name == name)
    answer = ask(client, "GET", address(screen, world))
    assert answer.status == 200
    assert word in answer.text
