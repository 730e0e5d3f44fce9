"""Schemathesis over every operation of the API, as every role, against the real web process.

No fault, every answer as the document says, nobody gets in who may not, and what is refused changes
nothing. `./dev fuzz api --minutes N` goes on for longer, each time with other values.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import Failure, FailureGroup, not_a_server_error
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from tests.access.test_matrix import QUIET
from tests.fuzz.forms import INSIDES
from tests.operations.processes import Platform
from tests.support.database import copied
from tests.support.gateway import ROOT

MINUTES = float(os.environ.get("SONGHE_FUZZ_MINUTES", "0"))
EXAMPLES = 12 if MINUTES else 3
# The day of a key's last use; what the background processes of an install write is not here.
UNWATCHED = {*QUIET, "accounts_apikey", "audit_auditlink", "health_sample"}
NOBODY = {"nobody": {}, "wrong": {"Authorization": "Bearer songhe_" + "x" * 43}}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    allow_header_conformance,
]
_TABLES = """
SELECT c.relname FROM pg_class c
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
   AND NOT c.relispartition AND NOT c.relname = ANY(%s) ORDER BY 1
"""


@dataclass
class Served:
    """The web process with two towns, and everybody's keys."""

    platform: Platform
    keys: dict[str, dict[str, str]]
    ids: dict[str, list[str]]
    document: schemathesis.BaseSchema
    asked: dict[str, int] = field(default_factory=dict)

    def mark(self) -> list[Any]:
        """Return count and checksum of every table that a refusal must leave alone."""
        rows = self.platform.connection.execute(_TABLES, [sorted(UNWATCHED)]).fetchall()
        counted = " UNION ALL ".join(
            f"SELECT '{name}', count(*), coalesce(sum(hashtext(t::text)::bigint), 0) FROM {name} t"
            for (name,) in rows
        )
        return self.platform.connection.execute(counted).fetchall()

    def settled(self) -> list[Any]:
        """Return the marks once what was accepted before has been followed by all it causes."""
        marks = self.mark()
        for _ in range(20):
            before, marks = marks, self.mark()
            if marks == before:
                break
            time.sleep(0.05)
        return marks

    def changed_by(self, ask: Callable[[], object]) -> list[str]:
        """Return the tables that asking has changed; what changed once alone the house did.

        Work by the clock goes on meanwhile: what asking changes it changes again.
        """
        for _ in range(2):
            before = self.settled()
            ask()
            changed = sorted({name for name, *_ in set(self.mark()) ^ set(before)})
            if not changed:
                break
        return changed


@pytest.fixture(scope="module")
def served(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Start the web process as an install does: with its pool, and behind the wall."""
    more = {"SONGHE_MODE": "demo", "SONGHE_RATE_LIMITS": "false"}
    with copied(postgres_url) as url:
        platform = Platform(tmp_path_factory.mktemp("api"), url, **more)
        try:
            seeded = subprocess.run(
                [sys.executable, "-m", "tests.fuzz.api_world"],
                env=platform.environment,
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=False,
            )
            assert seeded.returncode == 0, seeded.stderr
            facts = json.loads(seeded.stdout.splitlines()[-1])
            platform.start("web")
            document = schemathesis.openapi.from_url(
                platform.address("web", "/api/v1/openapi.json")
            )
            yield Served(platform, NOBODY | facts["keys"], facts["ids"], document)
        finally:
            platform.close()


def operations(served: Served) -> list[APIOperation]:
    found = [one.ok() for one in served.document.get_all_operations()]
    return sorted(found, key=lambda one: (one.method != "get", one.path, one.method))


def is_open(operation: APIOperation) -> bool:
    return "security" not in operation.definition.raw


def is_sent_wrong(case: Case) -> bool:
    """Tell whether what is wrong arrives: the key is ours, and most ids are put right."""
    parts = case.meta.components if case.meta is not None else {}
    sent = (ParameterLocation.QUERY, ParameterLocation.BODY)
    return any(part in sent and info.mode.is_negative for part, info in parts.items())


def wrong_with(served: Served, who: str, operation: APIOperation, case: Case, response: Any) -> str:
    """Return what is wrong with an answer, "" when nothing is."""
    checks = [*CHECKS, negative_data_rejection] if is_sent_wrong(case) else CHECKS
    try:
        case.validate_response(response, checks=checks)
    except (Failure, FailureGroup) as error:
        told = error.exceptions if isinstance(error, FailureGroup) else [error]
        return "; ".join(f"{type(one).__name__} {one}"[:400] for one in told)
    said = response.text
    inside = next((word for word in INSIDES if word in said), "")
    if inside:
        return f"the answer tells {inside!r}"
    let_in = response.status_code < 400 and not is_open(operation)
    if let_in and who in (*NOBODY, "wu"):
        return f"{who} got in: {response.status_code}"
    if who in NOBODY and not is_open(operation) and response.status_code not in (401, 404, 405):
        return f"{response.status_code} without a key"
    return ""


def tried(served: Served, who: str, operation: APIOperation, number: int) -> list[str]:
    """Ask an operation some times as somebody; return what went wrong, each fault once."""
    found: dict[str, str] = {}
    session = requests.Session()
    changes = operation.method != "get"

    @seed(number)
    @settings(max_examples=EXAMPLES, database=None, deadline=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(
        operation.as_strategy(GenerationMode.POSITIVE)
        | operation.as_strategy(GenerationMode.NEGATIVE),
        st.integers(0, 3),
    )
    def one(case: Case, which: int) -> None:
        for name in case.path_parameters or {}:
            if which < 3:  # most ids are of something that is there
                case.path_parameters[name] = served.ids[name][which % 2]
        headers = {**served.keys[who], "Accept-Language": ("en", "zh")[which % 2]}
        ask = partial(case.call, headers=headers, session=session, timeout=30)
        before = served.settled() if changes else None
        response = ask()
        key = str(response.status_code)
        served.asked[key] = served.asked.get(key, 0) + 1
        fault = wrong_with(served, who, operation, case, response)
        is_refused = response.status_code >= 400
        if not fault and before is not None and is_refused and served.mark() != before:
            changed = served.changed_by(ask)
            fault = f"it was refused, and changed {', '.join(changed)}" if changed else ""
        if fault and fault not in found:
            found[fault] = (
                f"{who} {operation.method.upper()} {operation.path} → {key}: {fault}\n"
                f"    {case.as_curl_command()[:600]}"
            )

    one()
    return list(found.values())


def read_all(
    served: Served, reads: list[APIOperation], number: int, found: dict[str, None]
) -> None:
    for who in served.keys:
        for operation in reads:
            found |= dict.fromkeys(tried(served, who, operation, number))


def test_nothing_that_is_sent_breaks_the_api_or_changes_what_it_may_not(served: Served) -> None:
    found: dict[str, None] = {}
    number, began = 20261122 + (time.time_ns() if MINUTES else 0), time.monotonic()
    reads = [one for one in operations(served) if one.method == "get"]
    writes = [one for one in operations(served) if one.method != "get"]
    assert len(reads) >= 15
    assert len(writes) >= 3
    while True:
        changed = served.changed_by(partial(read_all, served, reads, number, found))
        if changed:
            found.setdefault(f"somebody only read, and changed {', '.join(changed)}")
        for who in served.keys:
            for operation in writes:
                found |= dict.fromkeys(tried(served, who, operation, number))
        number += 1
        if time.monotonic() - began >= MINUTES * 60:
            break
    log = served.platform.log("web")
    assert "Traceback" not in log, log[-3000:]
    assert not found, f"{len(found)} faults:\n" + "\n".join(found)
    # It says little when nobody got in, or nobody was refused.
    assert {"200", "401", "403", "404", "422"} <= served.asked.keys(), served.asked
    print(f"{sum(served.asked.values())} answers: {dict(sorted(served.asked.items()))}")


def test_methods_and_addresses_beside_the_document_are_refused(served: Served) -> None:
    before, person = served.mark(), served.ids["person_id"][0]
    headers = served.keys["admin"]
    for method in ("PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "QUERY"):
        for path in ("persons", f"persons/{person}", "me", "openapi.json"):
            url = served.platform.address("web", f"/api/v1/{path}")
            response = requests.request(method, url, headers=headers, timeout=30)
            assert response.status_code == 405, (method, path, response.status_code)
            assert "GET" in response.headers["Allow"]
    for path in ("", "docs", "persons/", "../people/", "persons/%00", "v2/persons", "%2e%2e/desk/"):
        url = served.platform.address("web", f"/api/v1/{path}")
        response = requests.get(url, headers=headers, timeout=30, allow_redirects=False)
        assert response.status_code in (302, 404), (path, response.status_code)
        assert "陈秀兰" not in response.text
    assert served.mark() == before


def test_a_key_that_is_revoked_is_out_at_once(served: Served) -> None:
    url = served.platform.address("web", "/api/v1/me")
    headers = served.keys["shift_leader"]
    session = requests.Session()  # one connection, kept
    told = session.get(url, headers=headers, timeout=30)
    assert told.status_code == 200
    served.platform.connection.execute(
        "UPDATE accounts_apikey SET revoked_at = now() WHERE id = %s", [told.json()["key_id"]]
    )
    assert session.get(url, headers=headers, timeout=30).status_code == 401
