"""The bell, the list, one notice, wishes and browsers, without any script."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import transaction
from django.test import Client
from django.urls import reverse

from songhe.base.accounts.models import User
from songhe.base.accounts.testing import signed_in
from songhe.base.notify import proofs, services, webpush
from songhe.base.notify.models import Delivery, Notice, Preference, PushSubscription
from songhe.base.notify.testing import TASK
from songhe.portals.notices.tests.conftest import make_user

pytestmark = pytest.mark.django_db
REF = "tests.Order/0199a000-0000-7000-8000-000000000001"


def tell(user: User, what: str = "送药", *, at: datetime | None = None) -> UUID:
    with transaction.atomic():
        (pk,) = services.notify(
            user_ids=[user.pk],
            kind=TASK,
            params={"what": what, "place": "桂花里 3 号"},
            ref=REF,
            at=at or datetime.now(UTC),
            url="/account/",
        )
    return pk


def text_of(client: Client, name: str, *args: object, query: str = "") -> str:
    return client.get(reverse(name, args=args) + query).content.decode()


def count_in(page: str) -> str:
    found = re.search(r'class="bell-count"[^>]*>([^<]*)<', page)
    return found[1] if found else ""


def test_the_bell_counts_what_is_unread_on_every_page(client: Client, liu: User) -> None:
    assert count_in(text_of(client, "signin:account")) == ""
    for _ in range(2):
        tell(liu)
    assert count_in(text_of(client, "signin:account")) == "2"
    page = text_of(client, "notices:bell")
    assert count_in(page) == "2"
    assert "2 unread" in page
    Notice.objects.bulk_create(
        Notice(user=liu, kind=TASK, ref=REF, chain="normal", made_at=datetime.now(UTC))
        for _ in range(120)
    )
    assert count_in(text_of(client, "notices:bell")) == "99+"


def test_the_list_shows_the_newest_first_and_opening_one_reads_it(
    client: Client, liu: User
) -> None:
    first = tell(liu, "送药", at=datetime.now(UTC) - timedelta(hours=1))
    second = tell(liu, "助浴")
    page = text_of(client, "notices:list")
    assert page.index("New task: 助浴") < page.index("New task: 送药")
    assert page.count('data-state="unread"') == 2
    opened = text_of(client, "notices:open", first)
    assert "桂花里 3 号" in opened
    assert 'href="/account/"' in opened
    assert "opened the page" in opened
    unread = text_of(client, "notices:list", query="?show=unread")
    assert "New task: 送药" not in unread
    assert "New task: 助浴" in unread
    assert Notice.objects.get(pk=first).read_at is not None
    assert Notice.objects.get(pk=second).read_at is None


def test_all_are_read_but_what_came_since(client: Client, liu: User) -> None:
    seen, until = tell(liu), datetime.now(UTC)
    later = tell(liu, at=until + timedelta(seconds=5))
    client.post(reverse("notices:read_all"), {"until": until.isoformat()})
    assert Notice.objects.get(pk=seen).read_at is not None
    assert Notice.objects.get(pk=later).read_at is None
    assert client.post(reverse("notices:read_all"), {"until": "nonsense"}).status_code == 302


def test_somebody_elses_notice_is_not_there(client: Client) -> None:
    other = make_user("sun", "孙")
    pk = tell(other, "秘密")
    assert client.get(reverse("notices:open", args=[pk])).status_code == 404
    assert "秘密" not in text_of(client, "notices:list")
    assert Notice.objects.get(pk=pk).read_at is None
    wu = Client()
    nobody = User.objects.create_user(login="wu", display_name="吴", password="a long phrase")
    signed_in(wu, nobody, at=datetime.now(UTC))
    assert wu.get(reverse("notices:list")).status_code == 403
    assert Client().get(reverse("notices:list")).status_code == 302


def test_quiet_hours_are_kept_and_mistakes_are_said(client: Client, liu: User) -> None:
    page = text_of(client, "notices:wishes")
    assert 'value="22:00"' in page
    assert 'value="07:00"' in page
    given = {"is_quiet": "on", "quiet_from": "21:30", "quiet_until": "06:15", "language": "en"}
    answer = client.post(reverse("notices:wishes"), given)
    assert answer.status_code == 302
    row = Preference.objects.get(user=liu)
    assert (str(row.quiet_from), str(row.quiet_until)) == ("21:30:00", "06:15:00")
    for wrong in ({"quiet_from": "25:00"}, {"quiet_until": ""}, {"language": "xx"}):
        answer = client.post(reverse("notices:wishes"), given | wrong)
        assert answer.status_code == 422
        assert "error-summary" in answer.content.decode()
    row.refresh_from_db()
    assert (str(row.quiet_from), row.language) == ("21:30:00", "en")
    client.post(reverse("notices:wishes"), {k: v for k, v in given.items() if k != "is_quiet"})
    row.refresh_from_db()
    assert not row.is_quiet


def test_a_browser_joins_and_leaves(client: Client, liu: User) -> None:
    key = webpush.encode(webpush.public_of(ec.generate_private_key(ec.SECP256R1())))
    given = {"endpoint": "http://127.0.0.1:9/x", "p256dh": key, "auth": "BTBZMqHH6r4Tts7J_aSIgg"}
    agent = "Mozilla/5.0 (Linux; Android 14) Chrome/130"
    page = client.post(
        reverse("notices:subscribe"), given, headers={"User-Agent": agent}, follow=True
    ).content.decode()
    assert "Chrome, Android" in page
    row = PushSubscription.objects.get(user=liu)
    page = client.post(
        reverse("notices:subscribe"), given | {"endpoint": "https://evil.example/"}, follow=True
    ).content.decode()
    assert "its push service is not one that we know" in page
    assert PushSubscription.objects.count() == 1
    client.post(reverse("notices:unsubscribe", args=[row.pk]))
    assert PushSubscription.objects.count() == 0


def test_the_word_of_a_service_worker(liu: User) -> None:
    pk = tell(liu)
    delivery = Delivery.objects.get(notice=pk, channel="push")
    stranger = Client(enforce_csrf_checks=True)  # nobody is signed in where a push is shown
    for wrong in (b"", b"\xff\xfe", b"x" * 5000):
        answer = stranger.post(reverse("notices:seen"), wrong, content_type="text/plain")
        assert answer.status_code == 422
    assert stranger.post(reverse("notices:seen"), {"seen": "a form"}).status_code == 422
    token = proofs.token_of(delivery.pk)
    answer = stranger.post(reverse("notices:seen"), token, content_type="text/plain")
    assert answer.status_code == 204
    delivery.refresh_from_db()
    assert (delivery.state, delivery.proof) == ("delivered", "shown")


def test_the_service_worker_may_ask_this_host_and_nothing_else() -> None:
    answer = Client().get(reverse("notices:worker"))
    assert answer["Content-Type"].startswith("text/javascript")
    policy = answer["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert policy.endswith("; connect-src 'self'")
    assert b'addEventListener("push"' in answer.content


def test_an_older_person_reads_her_notices_large(client: Client) -> None:
    chen = make_user("chen", "陈秀兰", role="elder")
    pk = tell(chen)
    signed_in(client, chen, at=datetime.now(UTC))
    for page in (text_of(client, "notices:list"), text_of(client, "notices:open", pk)):
        assert 'data-mode="elder"' in page
        assert "送药" in page
        assert "breadcrumb" not in page.lower()
    assert Notice.objects.get(pk=pk).read_at is not None
