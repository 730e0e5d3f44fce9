"""The logs of all processes: one JSON object a line, found by request id, and nobody's data."""

from __future__ import annotations

import json
import time
import urllib.parse
from typing import Any

import pytest

from tests.access.world import PERSONAL
from tests.operations.conftest import Installed
from tests.operations.processes import NAMES, Platform
from tests.support.gateway import until

# Names and numbers of the two towns, logins' names, values of readings, an identity number.
SECRET_VALUE = 187.25
NEVER = (*PERSONAL, "19911119999", "110105194403050021", "187.25", "a long phrase")
PAGES = (
    "/", "/desk/", "/desk/alarms/{alarm}/", "/people/", "/people/?q=%E9%99%88%E7%A7%80%E5%85%B0",
    "/people/{person}/", "/alarms/", "/alarms/{alarm}/", "/letters/", "/rules/", "/statistics/",
    "/devices/", "/operations/", "/nowhere/19911110001/", "/people/?q=110105194403050021",
)  # fmt: skip


def ask(installed: Installed, who: str, path: str, **headers: str) -> tuple[int, bytes]:
    facts = installed.facts
    cookie = f"{facts['cookie']}={facts['sessions'][who]}"
    return installed.platform.get("web", path.format(**facts), Cookie=cookie, **headers)


def lines(platform: Platform, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in platform.log(name).splitlines() if line]


@pytest.fixture(scope="module")
def driven(installed: Installed) -> Installed:
    """Open pages as several people, sign in wrongly with a name, send readings good and bad."""
    platform, facts = installed.platform, installed.facts
    for who in ("operator", "admin", "wu"):
        for path in PAGES:
            assert ask(installed, who, path)[0] < 500, f"{who} {path}"
    form = urllib.parse.urlencode({"login": "陈秀兰", "password": "a long phrase"})
    platform.get("web", f"/sign-in/?{form}")
    device = f"/v1/{facts['key']}/readings"
    post(platform, device, facts, SECRET_VALUE)
    post(platform, device, facts, SECRET_VALUE * 10)
    platform.connection.execute(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, args) VALUES"
        ' (\'events\', \'events.deliver\', \'{"event_id": "陈秀兰", "handler": "19911110001"}\')'
    )
    until(
        lambda: "(events.deliver) is tried again" in platform.log("jobs"),
        "a failing job in the log",
    )
    return installed


def post(platform: Platform, path: str, facts: dict[str, Any], value: float) -> None:
    import base64
    import urllib.error
    import urllib.request
    from datetime import UTC, datetime

    body = json.dumps({"at": datetime.now(UTC).isoformat(), "readings": [
        {"code": "8480-6", "value": value, "unit": "mm[Hg]"},
        {"code": "8462-4", "value": 80, "unit": "mm[Hg]"}]})  # fmt: skip
    request = urllib.request.Request(platform.address("gateway", path), data=body.encode())
    login = base64.b64encode(f"{facts['key']}:{facts['secret']}".encode()).decode()
    request.add_header("Authorization", f"Basic {login}")
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("name", NAMES)
def test_every_line_is_json_and_says_which_process(driven: Installed, name: str) -> None:
    found = lines(driven.platform, name)
    assert found
    for line in found:
        assert {"event", "level", "timestamp", "process"} <= set(line)
        assert line["process"] == name


@pytest.mark.parametrize("name", NAMES)
def test_nobodys_data_is_in_the_log(driven: Installed, name: str) -> None:
    text = driven.platform.log(name)
    assert [word for word in (*NEVER, driven.facts["secret"]) if word in text] == []
    assert not any("\u4e00" <= letter <= "\u9fff" for letter in text)


def test_a_request_is_one_line_with_its_actor_and_no_address(driven: Installed) -> None:
    named = f"proxy-{time.time_ns()}"
    assert ask(driven, "operator", "/people/?q=%E9%99%88", X_Request_ID=named)[0] == 200

    def found() -> list[dict[str, Any]]:
        return [one for one in lines(driven.platform, "web") if one.get("request_id") == named]

    [line] = until(found, "the line of the request")
    assert line["event"] == "request"
    assert (line["route"], line["method"], line["status"]) == ("people:person_list", "GET", 200)
    assert line["queries"] > 0 and line["ms"] > 0  # noqa: PT018 - two figures of one line
    user = driven.platform.connection.execute(
        "SELECT id FROM accounts_user WHERE login = 'operator'"
    ).fetchone()
    assert user is not None
    assert line["actor"] == str(user[0])
    assert "q=" not in json.dumps(line)


@pytest.mark.parametrize("given", ["19911110001", "110105194403050021", "a b", "x" * 65, "short"])
def test_a_request_id_that_names_somebody_or_is_none_is_replaced(
    driven: Installed, given: str
) -> None:
    """A proxy's id is taken over only when it is one; a phone number is none."""
    before = len(lines(driven.platform, "web"))
    assert ask(driven, "operator", "/rules/", X_Request_ID=given)[0] == 200
    fresh = until(lambda: lines(driven.platform, "web")[before:], "the line")
    assert [one for one in fresh if one.get("request_id") == given] == []


def test_the_page_of_a_fault_shows_the_id_under_which_the_log_has_it(driven: Installed) -> None:
    """The table of letters is away for a moment: a fault of ours, as a reader meets one."""
    connection = driven.platform.connection
    named = f"fault-{time.time_ns()}"
    connection.execute("ALTER TABLE dead_letter RENAME TO dead_letter_away")
    try:
        status, page = ask(driven, "admin", "/letters/", X_Request_ID=named)
    finally:
        connection.execute("ALTER TABLE dead_letter_away RENAME TO dead_letter")
    assert status == 500
    assert named in page.decode()
    found = [one for one in lines(driven.platform, "web") if one.get("request_id") == named]
    faults = [one for one in found if one["level"] == "error"]
    assert len(faults) == 1
    assert "UndefinedTable" in faults[0]["fault"]
    assert [one["status"] for one in found if one["event"] == "request"] == [500]
