"""How many queries each page asks, committed; and that no list asks more for more rows.

Write the file anew with SONGHE_GOLDEN=write and read its difference before committing it: fewer
are welcome, more need a reason.
"""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from songhe.base.access.roles import all_roles
from songhe.base.accounts.testing import signed_in
from songhe.kit.screens import Screen, all_screens
from tests.access.crowd import crowd
from tests.access.duplicates import make_duplicates
from tests.access.test_matrix import address
from tests.access.world import World, make_world

GOLDEN = Path(__file__).parents[1] / "golden/query_counts.csv"
HEAD = ("screen", "role", "queries", "statements")
# Each page as the first of these who may open it, and as the family where it may.
ROLES = ("operator", "admin", "device_keeper", "clinician", "nobody")
FEW, MANY = 5, 25
_LIST = re.compile(r"\(?%s\)?(, ?\(?%s\)?)+")
pytestmark = pytest.mark.django_db


class Statements(Counter[str]):
    """The statements that a page asks; many values of one list or many rows are one statement.

    Savepoints are left out: they are the tests' own transaction round every request.
    """

    def __call__(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        text = str(sql)
        if "SAVEPOINT" not in text[:20]:
            self[_LIST.sub("%s", text)] += 1
        return execute(sql, params, many, context)


Found = dict[tuple[str, str], Statements]


@pytest.fixture
def world(db: None) -> World:
    made = make_world(datetime.now(UTC))
    make_duplicates(made, datetime.now(UTC))
    return made


def ask(clients: dict[str, Client], screen: Screen, world: World, role: str) -> Statements | None:
    """Return what a page asks, once it has been opened before; None where it does not open."""
    if role != "nobody" and not screen.public and not all_roles()[role].carries(str(screen.action)):
        return None
    url = address(screen, world)
    if clients[role].get(url).status_code != 200:
        return None
    asked = Statements()
    with connection.execute_wrapper(asked):
        clients[role].get(url)
    return asked


def ask_all(clients: dict[str, Client], world: World) -> Found:
    """Return what every page asks, by (screen, role)."""
    found: Found = {}
    for screen in sorted(all_screens(), key=lambda s: s.name):
        for role in ROLES:
            asked = ask(clients, screen, world, role)
            if asked is not None:
                found[screen.name, role] = asked
                break
        asked = ask(clients, screen, world, "family")
        if asked is not None:
            found[screen.name, "family"] = asked
    return found


def test_no_page_asks_more_than_agreed_nor_more_for_more_rows(world: World) -> None:
    clients = {"nobody": Client()}
    for role in (*ROLES[:-1], "family"):
        clients[role] = Client()
        signed_in(clients[role], world.users[role], at=datetime.now(UTC))
    crowd(world, FEW, now=datetime.now(UTC))
    few = ask_all(clients, world)
    crowd(world, MANY, now=datetime.now(UTC), first=FEW)
    many = ask_all(clients, world)
    grown = [
        f"{screen} as {role}: {few[screen, role][text]} → {count} times {text[:300]}"
        for (screen, role), asked in many.items()
        for text, count in asked.items()
        if asked.total() > few[screen, role].total() and count > few[screen, role][text]
    ]
    assert not grown, "pages that ask more when there are more rows:\n" + "\n".join(grown)

    rows = {key: (asked.total(), len(asked)) for key, asked in few.items()}
    if os.environ.get("SONGHE_GOLDEN") == "write":
        with GOLDEN.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(HEAD)
            writer.writerows([*key, *row] for key, row in sorted(rows.items()))
    with GOLDEN.open(encoding="utf-8", newline="") as file:
        agreed = {
            (line["screen"], line["role"]): (int(line["queries"]), int(line["statements"]))
            for line in csv.DictReader(file)
        }
    assert rows.keys() == agreed.keys(), "pages came or went: write the golden file anew"
    more = {
        key: [f"{count} times {text[:120]}" for text, count in few[key].items()]
        for key, row in rows.items()
        if row > agreed[key]
    }
    assert not more, "\n".join(
        f"{screen} as {role} asks {rows[screen, role]}, agreed are {agreed[screen, role]}:\n  "
        + "\n  ".join(texts)
        for (screen, role), texts in more.items()
    )
