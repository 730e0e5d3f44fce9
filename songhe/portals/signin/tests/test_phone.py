"""Elders and families sign in by a code; nobody learns which phones are known."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.conf import settings
from django.test import Client, override_settings
from django.urls import reverse

from songhe.base.access import services as access
from songhe.base.access import sign_ins
from songhe.base.access.actor import SYSTEM
from songhe.base.accounts import phones
from songhe.base.accounts.models import User
from songhe.base.audit.models import AuditEntry
from songhe.base.outside.models import OutsideMessage
from songhe.base.vault import rotation
from songhe.portals.signin import codes
from songhe.portals.signin.models import SmsCode

pytestmark = pytest.mark.django_db
CHEN, SUN, STRANGE = "15400000302", "15400000303", "15400000399"
NOW = datetime(2026, 11, 22, 9, 0, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(NOW, tick=False) as now:
        yield now


def account(login: str, phone: str, *roles: str) -> User:
    user = User.objects.create_user(login=login, display_name=login, password="a long phrase")
    for role in roles:
        access.give_role(actor=SYSTEM, user=user, role=role, region_prefix="990121", at=NOW)
    sign_ins.set_phone(actor=SYSTEM, user=user, phone=phone, at=NOW)
    return user


@pytest.fixture
def chen() -> User:
    return account("chen", CHEN, "elder")


def browser(address: str = "192.0.2.7") -> Client:
    client = Client(REMOTE_ADDR=address)
    client.cookies["songhe_language"] = "en"
    return client


def ask(client: Client, phone: str = CHEN) -> Any:
    return client.post("/sign-in/phone/", {"phone": phone})


def sent() -> str:
    """Send what was asked for, as the job does; return the digits of the last message."""
    for row in SmsCode.objects.filter(code_digest=None):
        codes.send_code(code_id=row.pk, locale="en", at=datetime.now(UTC))
    message = OutsideMessage.objects.order_by("sent_at", "id").last()
    found = re.search(r"\d{6}", message.text) if message else None
    return found[0] if found else ""


def is_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def test_a_code_opens_the_door_once(chen: User) -> None:
    client = browser()
    assert ask(client, "154 0000 0302").headers["Location"] == "/sign-in/phone/code/"
    code = sent()
    message = OutsideMessage.objects.get()
    assert message.text == f"[Songhe] Your code is {code}, good for 5 minutes. Tell it to nobody."
    assert (message.channel, message.to_tail) == ("sms", "0302")
    answer = client.post("/sign-in/phone/code/", {"code": f"{code[:3]} {code[3:]}"})
    assert answer.headers["Location"] == "/"
    assert is_in(client)
    entry = AuditEntry.objects.get(action="signin.sign_in")
    assert (entry.user_id, entry.detail) == (chen.pk, {"by": ["sms"]})
    (row,) = SmsCode.objects.all()
    with pytest.raises(codes.CodeOver):
        codes.use_code(code_id=row.pk, code=code, address="::1", at=NOW)


def test_the_message_is_in_the_language_of_the_page(chen: User) -> None:
    row = codes.ask_code(phone=CHEN, address="::1", locale="zh-hans", at=NOW)
    codes.send_code(code_id=row, locale="zh-hans", at=NOW)
    assert "【松鹤】登录验证码" in OutsideMessage.objects.get().text


@pytest.mark.parametrize(
    "which", ["unknown", "staff", "closed", "without roles", "elder and staff"]
)
def test_who_may_not_is_answered_alike_and_gets_nothing(which: str, chen: User) -> None:
    phone = STRANGE
    if which != "unknown":
        roles = {"staff": ["operator"], "elder and staff": ["elder", "operator"]}
        user = account("other", SUN, *roles.get(which, ["elder"] if which == "closed" else []))
        phone = SUN
        if which == "closed":
            sign_ins.close_account(actor=SYSTEM, user=user, at=NOW)
    known, other = browser(), browser("192.0.2.8")
    pages = []
    for client, number in ((known, CHEN), (other, phone)):
        answer = ask(client, number)
        page = client.get(answer.headers["Location"])
        text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page.content.decode())
        wrong = client.post("/sign-in/phone/code/", {"code": "12345x"})
        pages.append((answer.status_code, answer.headers["Location"], text, wrong.status_code))
    assert pages[0] == pages[1]
    sent()
    assert OutsideMessage.objects.count() == 1
    row = SmsCode.objects.get(address="192.0.2.8")
    assert (row.user, row.code_digest) == (None, None)
    for guess in ("000000", ""):
        assert other.post("/sign-in/phone/code/", {"code": guess}).status_code == 422
    assert not is_in(other)


def test_a_code_is_good_for_five_minutes(chen: User, clock: Any) -> None:
    client = browser()
    ask(client)
    code = sent()
    clock.shift(300)
    answer = client.post("/sign-in/phone/code/", {"code": code})
    assert answer.status_code == 422
    assert "not valid any more" in answer.content.decode()
    assert not is_in(client)


def test_a_code_may_be_typed_five_times(chen: User) -> None:
    client = browser()
    ask(client)
    code = sent()
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for _attempt in range(codes.MOST_TRIES):
        assert client.post("/sign-in/phone/code/", {"code": wrong}).status_code == 422
    answer = client.post("/sign-in/phone/code/", {"code": code})
    assert "not valid any more" in answer.content.decode()
    assert not is_in(client)


def test_a_code_of_another_browser_does_not_fit(chen: User, clock: Any) -> None:
    mine, other = browser(), browser("192.0.2.8")
    ask(mine)
    first = sent()
    clock.shift(61)
    ask(other)
    second = sent()
    assert first != second
    assert other.post("/sign-in/phone/code/", {"code": first}).status_code == 422
    assert mine.post("/sign-in/phone/code/", {"code": second}).status_code == 422
    assert not is_in(mine)


@pytest.mark.parametrize("phone", [CHEN, STRANGE])
def test_codes_for_one_phone_have_limits(chen: User, clock: Any, phone: str) -> None:
    """Known and unknown phones alike: per minute, per hour and per day, from wherever."""
    assert ask(browser(), phone).status_code == 302
    assert ask(browser("192.0.2.9"), phone).status_code == 429
    for number in range(4):
        clock.shift(61)
        assert ask(browser(f"192.0.2.{number}"), phone).status_code == 302
    clock.shift(61)
    assert ask(browser("192.0.2.9"), phone).status_code == 429
    for _hour in range(5):
        clock.shift(3600)
        assert ask(browser(), phone).status_code == 302
    clock.shift(3600)
    assert ask(browser(), phone).status_code == 429
    clock.shift(86400)
    assert ask(browser(), phone).status_code == 302


def test_codes_for_one_address_have_limits() -> None:
    for number in range(codes.MOST_ADDRESS_HOUR):
        assert ask(browser(), f"154000004{number:02}").status_code == 302
    assert ask(browser(), "15400000499").status_code == 429
    assert ask(browser("192.0.2.8"), "15400000499").status_code == 302


@pytest.mark.parametrize(
    "phone", ["", "12345", "2540000030", "1540000030x", "１５４００００００３０"]
)
def test_what_is_no_number_is_said_so(phone: str) -> None:
    assert ask(browser(), phone).status_code == 422
    assert not SmsCode.objects.exists()


def test_a_second_step_is_asked_here_too(chen: User) -> None:
    from songhe.base.accounts import factors

    factors.new_recovery_codes(user=chen, at=NOW)
    client = browser()
    ask(client)
    answer = client.post("/sign-in/phone/code/", {"code": sent()})
    assert answer.headers["Location"] == "/sign-in/second-step/"
    assert not is_in(client)


def test_where_no_message_can_leave_the_page_says_so(chen: User) -> None:
    with override_settings(ENV=settings.ENV.model_copy(update={"mode": "production"})):
        assert "phone/" not in browser().get("/sign-in/").content.decode()
        assert "No messages can be sent" in browser().get("/sign-in/phone/").content.decode()
        assert ask(browser()).status_code == 503
    assert not SmsCode.objects.exists()


def test_the_phone_is_sealed_found_again_and_never_twice(chen: User) -> None:
    chen.refresh_from_db()
    assert CHEN.encode() not in bytes(chen.phone_sealed or b"")
    assert phones.user_with(CHEN) == chen
    rotation.begin_rotation(actor=SYSTEM, at=NOW)
    assert phones.user_with(CHEN) == chen
    other = User.objects.create_user(login="other", display_name="o", password="a long phrase")
    with pytest.raises(phones.PhoneTaken):
        sign_ins.set_phone(actor=SYSTEM, user=other, phone=CHEN, at=NOW)
    rotation.go_on(clock=lambda: NOW, should_stop=lambda: False)
    assert phones.user_with(CHEN) == chen
    sign_ins.set_phone(actor=SYSTEM, user=chen, phone="", at=NOW)
    assert phones.user_with(CHEN) is None


def test_a_code_survives_a_change_of_keys(chen: User) -> None:
    client = browser()
    ask(client)
    rotation.begin_rotation(actor=SYSTEM, at=NOW)
    rotation.go_on(clock=lambda: NOW, should_stop=lambda: False)
    assert client.post("/sign-in/phone/code/", {"code": sent()}).status_code == 302


def test_old_codes_are_forgotten(chen: User, clock: Any) -> None:
    codes.ask_code(phone=CHEN, address="::1", locale="en", at=NOW)
    clock.shift(timedelta(days=1, seconds=1).total_seconds())
    kept = codes.ask_code(phone=STRANGE, address="::1", locale="en", at=datetime.now(UTC))
    assert list(SmsCode.objects.values_list("pk", flat=True)) == [kept]
    assert not codes.send_code(code_id=UUID(int=1), locale="en", at=NOW)


def test_in_the_demo_a_code_is_read_on_the_page_of_messages_by_few(chen: User) -> None:
    ask(browser())
    code = sent()
    for role, seen in (("admin", True), ("shift_leader", True), ("operator", False)):
        user = User.objects.create_user(login=role, display_name=role, password="a long phrase")
        access.give_role(actor=SYSTEM, user=user, role=role, region_prefix="990121", at=NOW)
        client = browser()
        client.force_login(user)
        page = client.get(reverse("monitoring:messages"))
        assert (page.status_code == 200, code in page.content.decode()) == (seen, seen)
        assert f"/alarms/{chen.pk}" not in page.content.decode()


def test_who_has_no_password_proves_it_by_message_and_may_set_one(clock: Any) -> None:
    user, _secret = sign_ins.open_account(actor=SYSTEM, login="chen", display_name="陈", at=NOW)
    access.give_role(actor=SYSTEM, user=user, role="elder", region_prefix="990121", at=NOW)
    sign_ins.set_phone(actor=SYSTEM, user=user, phone=CHEN, at=NOW)
    client = browser()
    ask(client)
    client.post("/sign-in/phone/code/", {"code": sent()})
    clock.shift(601)
    back = client.get("/account/password/").headers["Location"]
    page = client.get(back).content.decode()
    assert "A code to my phone" in page
    assert 'name="password"' not in page
    assert client.post(back, {"sms": "123456"}).status_code == 422
    assert 'name="sms"' in client.post(back, {"send": "1"}).content.decode()
    code = sent()
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    assert client.post(back, {"sms": wrong}).status_code == 422
    assert client.get("/account/password/").status_code == 302
    answer = client.post(back, {"sms": code, "next": "/account/password/"})
    assert answer.headers["Location"] == "/account/password/"
    page = client.get("/account/password/").content.decode()
    assert 'name="current"' not in page
    own = "the moon over Yunling 7"
    assert client.post("/account/password/", {"new": own, "again": own}).status_code == 302
    user.refresh_from_db()
    assert user.check_password(own)
    assert 'name="current"' in client.get("/account/password/").content.decode()


def test_a_code_to_another_phone_proves_nothing(chen: User, clock: Any) -> None:
    account("wang", SUN, "family")
    mine, other = browser(), browser("192.0.2.8")
    ask(mine)
    mine.post("/sign-in/phone/code/", {"code": sent()})
    ask(other, SUN)
    code = sent()
    session = mine.session
    session["proof_by_message"] = str(SmsCode.objects.latest("asked_at", "id").pk)
    session.save()
    assert mine.post("/account/prove/", {"sms": code}).status_code == 422
    assert other.post("/sign-in/phone/code/", {"code": code}).status_code == 302


def test_staff_are_not_offered_a_code_by_message() -> None:
    user = account("sun", SUN, "operator")
    client = browser()
    client.force_login(user)
    page = client.get("/account/prove/").content.decode()
    assert 'name="send"' not in page
    client.post("/account/prove/", {"send": "1"})
    assert not sent()
    assert not OutsideMessage.objects.exists()
