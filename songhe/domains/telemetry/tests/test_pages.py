"""Pages of telemetry over HTTP: readings behind a chart, voiding, messages not taken."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from songhe.base.audit.models import AuditEntry
from songhe.domains.telemetry import selectors
from songhe.domains.telemetry.models import DeadLetter
from songhe.domains.telemetry.panels import packaged_rules
from songhe.domains.telemetry.panels.charts import CHARTS, critical_limits
from songhe.domains.telemetry.terms import unit_words
from songhe.domains.telemetry.testing import make_reading
from songhe.domains.telemetry.tests.cast import Cast, make_cast, put
from songhe.kernel import codes
from songhe.kernel.ids import uuid7

pytestmark = pytest.mark.django_db
QUERIES = {"letters": 6, "letter": 7}


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def client_of(cast: Cast, name: str, language: str = "en") -> Client:
    client = Client()
    client.force_login(cast.users[name])
    client.cookies["songhe_language"] = language
    return client


def get(cast: Cast, name: str, path: str, status: int = 200, language: str = "en") -> str:
    response = client_of(cast, name, language).get(path)
    assert response.status_code == status, response.content.decode()[:400]
    return response.content.decode()


def post(cast: Cast, name: str, path: str, data: dict[str, Any], status: int) -> str:
    response = client_of(cast, name).post(path, data)
    assert response.status_code == status, response.content.decode()[:400]
    return response.content.decode()


def table_of(cast: Cast, chart: str = "blood-pressure") -> str:
    return f"/people/{cast.chen}/readings/{chart}/"


def test_readings_tell_times_device_and_remarks(cast: Cast) -> None:
    now = timezone.now()
    put(
        cast.chen,
        cast.devices["bp"],
        now - timedelta(days=2),
        sbp=141,
        dbp=83,
        heart_rate=66,
        flags=7,
        late_s=7200,
    )
    text = get(cast, "sun", table_of(cast))
    for word in (
        "141/83 mmHg",
        "Heart rate 66 /min",
        "Blood pressure monitor keybp",
        "late, clock corrected, repeated time stamp",
    ):
        assert word in text, word
    assert "/void/" not in text
    chinese = get(cast, "sun", table_of(cast), language="zh-hans")
    assert "迟到、时钟已校正、重复时间戳" in chinese
    assert "No readings in this time" in get(cast, "sun", table_of(cast) + "?days=1")
    reads = AuditEntry.objects.filter(action="telemetry.view_readings")
    assert {entry.ref for entry in reads} == {f"people.Person/{cast.chen}"}


def test_many_readings_are_paged(cast: Cast) -> None:
    now = timezone.now()
    for minute in range(70):
        put(cast.chen, cast.devices["band"], now - timedelta(minutes=minute + 1), heart_rate=60.0)
    first = get(cast, "sun", table_of(cast, "heart-rate"))
    second = get(cast, "sun", table_of(cast, "heart-rate") + "?page=2")
    assert first.count("60 /min") == 50
    assert second.count("60 /min") == 20


@pytest.mark.parametrize("chart", [*CHARTS, "nonsense"])
def test_every_chart_has_its_table(cast: Cast, chart: str) -> None:
    get(cast, "sun", table_of(cast, chart), status=404 if chart == "nonsense" else 200)


def test_readings_are_not_for_everybody(cast: Cast) -> None:
    put(cast.chen, cast.devices["bp"], timezone.now() - timedelta(days=1), sbp=141, dbp=83)
    for who, status in (("liu", 403), ("wu", 403), ("keeper", 403), ("far", 404)):
        assert "141/83" not in get(cast, who, table_of(cast), status=status)


def test_voiding_over_the_page(cast: Cast) -> None:
    key = put(cast.chen, cast.devices["bp"], timezone.now() - timedelta(days=1), sbp=241, dbp=83)
    url = f"{table_of(cast)}{selectors.key_text(key)}/void/"
    assert url in get(cast, "admin", table_of(cast))
    assert "241/83" in get(cast, "admin", table_of(cast))
    assert "241/83 mmHg" in get(cast, "admin", url)
    for who, status in (("sun", 403), ("wei", 403), ("zhao", 403), ("keeper", 403)):
        post(cast, who, url, {"reason": "because"}, status)
    post(cast, "admin", url, {"reason": ""}, 422)
    assert selectors.readings_by_keys([key])[1] == []
    post(cast, "admin", url, {"reason": "the cuff was on the table"}, 302)
    assert selectors.readings_by_keys([key])[1] == [key]
    assert "241/83" not in get(cast, "admin", table_of(cast))
    get(cast, "admin", url, status=404)
    get(cast, "admin", f"{table_of(cast)}nonsense/void/", status=404)


def letter(cast: Cast, **more: Any) -> UUID:
    fields = {
        "device": cast.devices["bp"],
        "device_key": "keybp",
        "topic": "songhe/1/keybp/readings",
        "payload": b'{"readings": [{"code": "8480-6", "value": 186, "x": "<script>alert(1)"}]}',
        "reason": "bad-shape",
        "detail": "value 186",
        "state": "new",
    }
    return DeadLetter.objects.create(id=uuid7(), received_at=timezone.now(), **(fields | more)).pk


def test_letters_are_listed_and_narrowed(cast: Cast) -> None:
    letter(cast)
    letter(cast, reason="future", device_key="keyband")
    text = get(cast, "keeper", "/letters/")
    assert "not the agreed shape" in text
    assert "from the future" in text
    only = get(cast, "keeper", "/letters/?reason=future&state=new")
    assert "keyband" in only
    assert ">keybp<" not in only
    assert "Every message was understood" in get(cast, "keeper", "/letters/?words=zzz")


def test_a_payload_is_text_and_nothing_else(cast: Cast) -> None:
    pk = letter(cast)
    text = get(cast, "admin", f"/letters/{pk}/")
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "186" in text
    masked = get(cast, "keeper", f"/letters/{pk}/")
    assert "186" not in re.sub(r"<[^>]*>", " ", masked)
    assert AuditEntry.objects.filter(ref=f"telemetry.DeadLetter/{pk}", kind="read").count() == 2


def test_letters_are_taken_again_or_put_aside(cast: Cast) -> None:
    pk = letter(cast)
    for who in ("sun", "wei", "wu"):
        post(cast, who, f"/letters/{pk}/replay/", {}, 403)
        post(cast, who, f"/letters/{pk}/dismiss/", {"reason": "x"}, 403)
    post(cast, "keeper", f"/letters/{pk}/dismiss/", {"reason": ""}, 422)
    assert DeadLetter.objects.get(pk=pk).state == "new"
    post(cast, "keeper", f"/letters/{pk}/dismiss/", {"reason": "a test"}, 302)
    assert "a test" in get(cast, "keeper", f"/letters/{pk}/")
    post(cast, "keeper", f"/letters/{pk}/replay/", {}, 302)
    assert DeadLetter.objects.get(pk=pk).state == "replay"
    post(cast, "keeper", f"/letters/{pk}/replay/", {}, 409)


def test_every_unit_is_written_as_people_write_it() -> None:
    """No unit of a code shows its UCUM form, in either language; words differ by language."""
    said: dict[str, dict[str, str]] = {}
    for language in ("en", "zh-hans"):
        with translation.override(language):
            said[language] = {
                code.unit: unit_words(code) for code in codes.all_codes() if code.key != "steps"
            }
    ucum = re.compile(r"[\[\]{}\d]|^(Cel|Ohm|uT|deg|1)")
    for units in said.values():
        assert not [words for words in units.values() if ucum.search(words)]
        assert [unit for unit, words in units.items() if not words] == ["1"]
    differ = {unit for unit, words in said["en"].items() if said["zh-hans"][unit] != words}
    assert differ == {"/min", "kcal", "kcal/d", "lx", "min", "mmol/L/min"}
    assert said["zh-hans"]["[ppm]"] == said["en"]["[ppm]"] == "ppm"
    assert said["zh-hans"]["mmol/L/min"] == "mmol/L 每分钟"


def test_ways_along_a_chart_are_directions_in_chinese(cast: Cast) -> None:
    """Earlier and later move the window; they must not read as "before" or "remind me later"."""
    now = timezone.now()
    day = timezone.localdate(now) - timedelta(days=30)
    make_reading(
        subject=cast.chen, device=cast.devices["bp"], at=now, values={"sbp": 130, "dbp": 80}
    )
    page = get(cast, "sun", f"/people/{cast.chen}/?days=7&until={day}", language="zh-hans")
    words = re.findall(r"<a[^>]*>(往前|往后)</a>", page)
    assert words == ["往前", "往后"]


def test_limits_of_charts_are_those_of_the_rules() -> None:
    assert critical_limits("sbp", packaged_rules()) == [(180.0, "high")]
    assert critical_limits("heart-rate", packaged_rules()) == [(131.0, "high"), (40.0, "low")]
    assert critical_limits("weight", packaged_rules()) == []


@pytest.mark.parametrize(("name", "path"), [("letters", "/letters/"), ("letter", "/letters/{pk}/")])
def test_query_counts(cast: Cast, name: str, path: str) -> None:
    pk = letter(cast)
    client = client_of(cast, "keeper")
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path.format(pk=pk)).status_code == 200
    told = "\n".join(query["sql"][:110] for query in queries)
    assert len(queries) == QUERIES[name], f"{len(queries)} queries\n{told}"
