"""Code apps and recovery codes, from setting up to signing in; what is guessed is slow."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client, override_settings

from songhe.base.access import services as access
from songhe.base.access import sign_ins
from songhe.base.access.actor import SYSTEM
from songhe.base.accounts import factors
from songhe.base.accounts.models import FactorSecret, User
from songhe.base.audit.models import AuditEntry
from songhe.portals.signin import services

pytestmark = pytest.mark.django_db
PASSWORD = "pine and crane 1"
NOW = datetime(2026, 11, 22, 9, 0, 5, tzinfo=UTC)


def code_at(key: str, at: datetime) -> str:
    """Compute a code from RFC 6238 and RFC 4226 alone."""
    digest = hmac.new(
        base64.b32decode(key), struct.pack(">Q", int(at.timestamp()) // 30), hashlib.sha1
    ).digest()
    start = digest[19] & 15
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def test_the_way_codes_are_computed_here_is_that_of_the_standard() -> None:
    key = base64.b32encode(b"12345678901234567890").decode()
    for second, code in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
        assert code_at(key, datetime.fromtimestamp(second, UTC)) == code  # RFC 6238, appendix B


def account(login: str, role: str = "operator") -> User:
    user = User.objects.create_user(login=login, display_name=login, password=PASSWORD)
    access.give_role(actor=SYSTEM, user=user, role=role, region_prefix="990121", at=NOW)
    return user


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(NOW, tick=False) as now:
        yield now


@pytest.fixture
def sun(clock: Any) -> User:
    return account("sun")


def browser() -> Client:
    client = Client()
    client.cookies["songhe_language"] = "en"
    return client


def sign_in(login: str = "sun", **more: str) -> tuple[Client, Any]:
    client = browser()
    return client, client.post("/sign-in/", {"login": login, "password": PASSWORD, **more})


def is_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def key_on(page: str) -> str:
    found = re.search(r'<code class="key">([A-Z2-7 ]+)</code>', page)
    assert found is not None
    return found[1].replace(" ", "")


def set_up(client: Client) -> str:
    """Set up a code app as a person does; return its key."""
    key = key_on(client.get("/account/code-app/").content.decode())
    answer = client.post("/account/code-app/", {"code": code_at(key, datetime.now(UTC))})
    assert answer.headers["Location"] == "/account/recovery-codes/"
    return key


def codes_on(page: str) -> list[str]:
    return re.findall(r"<li><code>(\d{4} \d{4})</code></li>", page)


@pytest.fixture
def key(sun: User, clock: Any) -> str:
    key = set_up(sign_in()[0])
    clock.shift(60)
    return key


def test_the_page_shows_the_key_as_picture_and_as_text(sun: User) -> None:
    client, _ = sign_in()
    page = client.get("/account/code-app/").content.decode()
    assert "<svg" in page
    assert "style=" not in page[page.index('class="qr"') : page.index('class="key"')]
    assert len(base64.b32decode(key_on(page))) == 20
    assert key_on(page) != key_on(client.get("/account/code-app/").content.decode())


def test_a_wrong_code_sets_nothing_up(sun: User) -> None:
    client, _ = sign_in()
    client.get("/account/code-app/")
    answer = client.post("/account/code-app/", {"code": "000000"})
    assert answer.status_code == 422
    assert "This code is not right" in answer.content.decode()
    assert not factors.kinds_of(sun)
    assert sign_in()[1].headers["Location"] == "/"


def test_the_password_alone_opens_nothing_any_more(key: str) -> None:
    client, answer = sign_in(next="/people/")
    assert answer.headers["Location"] == "/sign-in/second-step/"
    assert not is_in(client)
    assert client.get("/live/ticket/").status_code == 302
    code = code_at(key, datetime.now(UTC))
    passed = client.post("/sign-in/second-step/", {"code": f"{code[:3]} {code[3:]}"})
    assert passed.headers["Location"] == "/people/"
    assert is_in(client)
    entry = AuditEntry.objects.filter(action="signin.sign_in", kind="change").latest("at", "id")
    assert entry.detail == {"by": ["code", "password"]}


def test_a_code_counts_once_wherever_it_is_typed(key: str, clock: Any) -> None:
    code = code_at(key, datetime.now(UTC))
    first, second = sign_in()[0], sign_in()[0]
    assert first.post("/sign-in/second-step/", {"code": code}).status_code == 302
    assert second.post("/sign-in/second-step/", {"code": code}).status_code == 422
    assert not is_in(second)
    clock.shift(30)
    assert second.post("/sign-in/second-step/", {"code": code}).status_code == 422
    late = code_at(key, datetime.now(UTC))
    assert second.post("/sign-in/second-step/", {"code": late}).status_code == 302


@pytest.mark.parametrize(("off_s", "passes"), [(-75, False), (-30, True), (30, True), (75, False)])
def test_a_clock_may_be_off_by_half_a_minute(key: str, off_s: int, passes: bool) -> None:
    client, _ = sign_in()
    code = code_at(key, datetime.now(UTC) + timedelta(seconds=off_s))
    assert client.post("/sign-in/second-step/", {"code": code}).status_code == (
        302 if passes else 422
    )
    assert is_in(client) is passes


def test_guessing_codes_is_slow_and_the_right_one_waits_too(key: str) -> None:
    client, _ = sign_in()
    wrong = "000000" if code_at(key, datetime.now(UTC)) != "000000" else "111111"
    for _attempt in range(services.MOST_PAIR):
        assert client.post("/sign-in/second-step/", {"code": wrong}).status_code == 422
    right = {"code": code_at(key, datetime.now(UTC))}
    answer = client.post("/sign-in/second-step/", right)
    assert answer.status_code == 429
    assert not is_in(client)
    refused = AuditEntry.objects.filter(action="signin.sign_in", kind="refused")
    assert refused.count() == services.MOST_PAIR + 1


def test_guessing_codes_from_many_addresses_is_slow_too(key: str) -> None:
    client, _ = sign_in()
    for number in range(services.MOST_CODES):
        where = {"REMOTE_ADDR": f"192.0.2.{number}"}
        assert client.post("/sign-in/second-step/", {"code": "000000"}, **where).status_code == 422
    right = {"code": code_at(key, datetime.now(UTC))}
    answer = client.post("/sign-in/second-step/", right, REMOTE_ADDR="198.51.100.1")
    assert answer.status_code == 429


def test_each_recovery_code_counts_once_and_new_ones_void_the_old(key: str, clock: Any) -> None:
    client, _ = sign_in()
    client.post("/sign-in/second-step/", {"code": code_at(key, datetime.now(UTC))})
    codes = codes_on(client.get("/account/recovery-codes/").content.decode())
    assert len(set(codes)) == 10
    for expected in (302, 422):
        other, _ = sign_in()
        answer = other.post("/sign-in/second-step/", {"code": codes[0]})
        assert answer.status_code == expected
    assert codes_on(client.get("/account/recovery-codes/").content.decode()) == codes[1:]
    client.post("/account/recovery-codes/")
    fresh = codes_on(client.get("/account/recovery-codes/").content.decode())
    assert len(fresh) == 10
    assert not set(fresh) & set(codes)
    other, _ = sign_in()
    assert other.post("/sign-in/second-step/", {"code": codes[1]}).status_code == 422


def test_who_stands_in_the_door_too_long_begins_again(key: str, clock: Any) -> None:
    client, _ = sign_in()
    clock.shift(601)
    right = {"code": code_at(key, datetime.now(UTC))}
    assert client.post("/sign-in/second-step/", right).headers["Location"] == "/sign-in/"
    assert not is_in(client)


def test_another_password_meanwhile_ends_standing_in_the_door(sun: User, key: str) -> None:
    client, _ = sign_in()
    sun.refresh_from_db()
    sun.set_password("quite another phrase")
    sun.save()
    right = {"code": code_at(key, datetime.now(UTC))}
    assert client.post("/sign-in/second-step/", right).headers["Location"] == "/sign-in/"


def test_nobody_reaches_the_steps_without_the_password(sun: User) -> None:
    for page in ("own-password", "second-step", "set-up"):
        for answer in (browser().get(f"/sign-in/{page}/"), browser().post(f"/sign-in/{page}/")):
            assert answer.headers["Location"] == "/sign-in/"
    client, _ = sign_in()
    assert client.get("/sign-in/set-up/").headers["Location"] == "/sign-in/"


def test_a_removed_factor_leaves_no_secret_and_no_codes(sun: User, key: str) -> None:
    client, _ = sign_in()
    client.post("/sign-in/second-step/", {"code": code_at(key, datetime.now(UTC))})
    wang = account("wang")
    other = sign_in("wang")[0]
    (factor,) = [one for one in factors.factors_of(sun) if one.kind == factors.CODE_APP]
    assert other.post("/account/factors/remove/", {"which": factor.id}).status_code == 404
    assert factors.kinds_of(sun)
    assert client.post("/account/factors/remove/", {"which": factor.id}).status_code == 302
    assert not factors.kinds_of(sun)
    assert not FactorSecret.objects.filter(user=sun).exists()
    assert sign_in()[1].headers["Location"] == "/"
    assert client.post("/account/factors/remove/", {"which": factor.id}).status_code == 404
    assert not factors.kinds_of(wang)


def test_the_database_holds_no_key_that_can_be_read(sun: User, key: str) -> None:
    rows = FactorSecret.objects.filter(user=sun)
    assert rows.count() == 2
    for row in rows:
        assert key.encode() not in bytes(row.secret_sealed)
    kept = str(list(factors.Authenticator.objects.filter(user=sun).values_list("data", flat=True)))
    assert key not in kept


def test_a_role_with_wide_reach_is_led_through_setting_up(clock: Any) -> None:
    account("admin", "admin")
    assert sign_in("admin")[1].headers["Location"] == "/"
    with override_settings(SECOND_FACTOR_ROLES=frozenset({"admin"})):
        client, answer = sign_in("admin", next="/people/")
        assert answer.headers["Location"] == "/sign-in/set-up/"
        assert not is_in(client)
        page = client.get("/sign-in/set-up/").content.decode()
        assert "your role sees or changes much" in page
        code = code_at(key_on(page), datetime.now(UTC))
        assert client.post("/sign-in/set-up/", {"code": "000000"}).status_code == 422
        assert not is_in(client)
        answer = client.post("/sign-in/set-up/", {"code": code})
        shown = answer.headers["Location"]
        assert shown == "/account/recovery-codes/?next=%2Fpeople%2F"
        page = client.get(shown).content.decode()
        assert len(codes_on(page)) == 10
        assert 'href="/people/"' in page
        clock.shift(60)
        assert sign_in("admin")[1].headers["Location"] == "/sign-in/second-step/"


def test_a_first_secret_only_opens_the_page_for_a_password_of_ones_own(clock: Any) -> None:
    user, secret = sign_ins.open_account(actor=SYSTEM, login="lina", display_name="李娜", at=NOW)
    access.give_role(actor=SYSTEM, user=user, role="operator", region_prefix="990121", at=NOW)
    client = browser()
    answer = client.post("/sign-in/", {"login": "lina", "password": secret})
    assert answer.headers["Location"] == "/sign-in/own-password/"
    assert not is_in(client)
    page = "/sign-in/own-password/"
    assert "李娜" in client.get(page).content.decode()
    for new, said in ((secret, "that you were given"), ("short", "fewer than 10")):
        refused = client.post(page, {"new": new, "again": new})
        assert refused.status_code == 422
        assert said in refused.content.decode()
    assert not is_in(client)
    own = "the moon over Yunling 7"
    assert client.post(page, {"new": own, "again": own}).headers["Location"] == "/"
    assert is_in(client)
    again = browser()
    assert again.post("/sign-in/", {"login": "lina", "password": secret}).status_code == 422
    assert again.post("/sign-in/", {"login": "lina", "password": own}).headers["Location"] == "/"


def test_a_first_secret_expires(clock: Any) -> None:
    _, secret = sign_ins.open_account(actor=SYSTEM, login="lina", display_name="李娜", at=NOW)
    clock.shift(sign_ins.FIRST_SECRET_KEPT.total_seconds())
    answer = browser().post("/sign-in/", {"login": "lina", "password": secret})
    assert answer.status_code == 422
    assert "has expired" in answer.content.decode()


def test_a_lost_phone_is_helped_by_who_manages_accounts(sun: User, key: str) -> None:
    secret = sign_ins.renew_secret(actor=SYSTEM, user=sun, at=datetime.now(UTC))
    assert not factors.kinds_of(sun)
    assert not FactorSecret.objects.filter(user=sun).exists()
    client = browser()
    answer = client.post("/sign-in/", {"login": "sun", "password": secret})
    assert answer.headers["Location"] == "/sign-in/own-password/"
