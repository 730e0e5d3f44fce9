"""Browser push over a real push service on the loopback, which reads what it gets."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.db import transaction
from joserfc import jwt
from joserfc.jwk import ECKey

from songhe.base.access import services as access
from songhe.base.access.actor import Actor
from songhe.base.accounts.models import User
from songhe.base.notify import proofs, services, subscriptions, webpush
from songhe.base.notify.models import Delivery, PushKey, PushSubscription
from songhe.base.notify.testing import TASK, states, turn
from songhe.base.notify.tests.conftest import DAY, Browser, PushService

pytestmark = pytest.mark.django_db
REF = "tests.Order/0199a000-0000-7000-8000-000000000001"


def join(actor: Actor, service: PushService) -> Browser:
    browser = Browser()
    subscriptions.subscribe(
        actor=actor,
        endpoint=service.address,
        p256dh=browser.p256dh,
        auth=browser.secret,
        agent="Chrome",
        at=DAY,
    )
    return browser


def tell(user: User, *, urgent: bool = False, at: datetime = DAY) -> object:
    with transaction.atomic():
        (pk,) = services.notify(
            user_ids=[user.pk],
            kind=TASK,
            params={"what": "陈秀兰 送药", "place": "桂花里 3 号"},
            ref=REF,
            at=at,
            urgent=urgent,
        )
    return pk


def test_the_example_of_the_rfc() -> None:
    """RFC 8291, appendix A: the same keys and salt give the same message, byte by byte."""
    secret = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
    sender = ec.derive_private_key(int.from_bytes(webpush.decode(secret), "big"), ec.SECP256R1())
    body = webpush.encrypt(
        b"When I grow up, I want to be a watermelon",
        p256dh="BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        auth="BTBZMqHH6r4Tts7J_aSIgg",
        sender=sender,
        salt=webpush.decode("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert webpush.encode(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6"
        "TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulc"
        "y4a-fN"
    )


def test_a_push_names_nobody_and_only_the_browser_reads_it(
    liu: User, actor: Actor, push_service: PushService
) -> None:
    browser = join(actor, push_service)
    pk = tell(liu, urgent=True)
    turn(DAY)
    ((headers, body),) = push_service.came
    told = json.loads(browser.read(body))
    assert told["title"] == "New task"
    assert "陈秀兰" not in json.dumps(told, ensure_ascii=False)
    assert "桂花里" not in json.dumps(told, ensure_ascii=False)
    assert told["path"] == f"/notices/{pk}/"
    assert headers["content-encoding"] == "aes128gcm"
    assert (headers["ttl"], headers["urgency"]) == ("600", "high")
    assert len(headers["topic"]) == 32
    assert states(pk)["push"] == "sent"
    proofs.take(told["seen"], at=DAY + timedelta(seconds=2))
    row = Delivery.objects.get(notice=pk, channel="push")
    assert (row.state, row.proof) == ("delivered", "shown")
    turn(DAY + timedelta(seconds=60))
    assert states(pk)["sms"] == "spared"  # a browser said that it showed it


def test_the_sender_proves_who_it_is_with_one_sealed_key(
    liu: User, actor: Actor, push_service: PushService
) -> None:
    join(actor, push_service)
    for _ in range(2):
        tell(liu)
        turn(DAY)
    assert PushKey.objects.count() == 1
    for headers, _body in push_service.came:
        scheme, _, rest = headers["authorization"].partition(" ")
        parts = dict(one.strip().split("=", 1) for one in rest.split(","))
        assert scheme == "vapid"
        assert parts["k"] == subscriptions.public_key(at=DAY)
        point = webpush.decode(parts["k"])
        x, y = (webpush.encode(point[1:33]), webpush.encode(point[33:]))
        key = ECKey.import_key({"kty": "EC", "crv": "P-256", "x": x, "y": y})
        claims = jwt.decode(parts["t"], key, algorithms=["ES256"]).claims
        assert claims["aud"] == push_service.address.removesuffix("/push/abc")
        assert 0 < claims["exp"] - DAY.timestamp() <= 86_400
        assert claims["sub"].startswith("mailto:")


def test_a_busy_service_is_tried_again_and_one_notice_comes_once(
    liu: User, actor: Actor, push_service: PushService
) -> None:
    join(actor, push_service)
    push_service.answers = [503, 429, 201]
    pk = tell(liu)
    turn(DAY)
    assert states(pk)["push"] == "queued"
    turn(DAY + timedelta(seconds=5))
    turn(DAY + timedelta(seconds=25))
    assert states(pk)["push"] == "sent"
    for seconds in (60, 120, 4000):
        turn(DAY + timedelta(seconds=seconds))
    assert len(push_service.came) == 3


@pytest.mark.parametrize(
    ("answer", "reason", "left"),
    [
        (410, "browser_gone", 0),
        (404, "browser_gone", 0),
        (403, "push_refused", 1),
        (307, "push_refused", 1),
    ],
)
def test_what_a_service_refuses_for_good(
    liu: User, actor: Actor, push_service: PushService, answer: int, reason: str, left: int
) -> None:
    join(actor, push_service)
    push_service.answers = [answer]
    pk = tell(liu)
    turn(DAY)
    row = Delivery.objects.get(notice=pk, channel="push")
    assert (row.state, row.reason) == ("failed", reason)
    assert PushSubscription.objects.count() == left
    assert len(push_service.came) == 1


def test_a_service_that_is_away_is_tried_again(
    liu: User, actor: Actor, push_service: PushService
) -> None:
    join(actor, push_service)
    PushSubscription.objects.all().delete()
    browser = Browser()
    subscriptions.subscribe(
        actor=actor, endpoint="http://127.0.0.1:9/x", p256dh=browser.p256dh, auth=browser.secret,
        agent="", at=DAY,
    )  # fmt: skip
    pk = tell(liu)
    turn(DAY)
    row = Delivery.objects.get(notice=pk, channel="push")
    assert (row.state, row.reason) == ("queued", "push_away")


def test_one_browser_that_takes_it_is_enough(
    liu: User, actor: Actor, push_service: PushService
) -> None:
    join(actor, push_service)
    gone = Browser()
    subscriptions.subscribe(
        actor=actor, endpoint=push_service.address + "2", p256dh=gone.p256dh, auth=gone.secret,
        agent="", at=DAY,
    )  # fmt: skip
    push_service.answers = [410, 201]
    pk = tell(liu)
    turn(DAY)
    assert states(pk)["push"] == "sent"
    assert PushSubscription.objects.count() == 1


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://evil.example/push",
        "https://169.254.169.254/latest/meta-data",
        "http://fcm.googleapis.com/x",
        "https://fcm.googleapis.com:8443/x",
        "https://fcm.googleapis.com@evil.example/x",
        "https://evilpush.apple.com.example/x",
        "ftp://127.0.0.1/x",
        "https://",
        "not an address",
        "https://fcm.googleapis.com/" + "x" * 3000,
    ],
)
def test_a_browser_cannot_send_us_anywhere_else(actor: Actor, endpoint: str) -> None:
    browser = Browser()
    with pytest.raises(subscriptions.BadSubscription):
        subscriptions.subscribe(
            actor=actor, endpoint=endpoint, p256dh=browser.p256dh, auth=browser.secret,
            agent="", at=DAY,
        )  # fmt: skip
    assert not PushSubscription.objects.exists()


def test_in_production_the_own_machine_is_no_push_service(
    actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert subscriptions.is_allowed("http://127.0.0.1:9/x")
    monkeypatch.setattr(settings.ENV, "mode", "production")
    assert not subscriptions.is_allowed("http://127.0.0.1:9/x")
    assert not subscriptions.is_allowed("https://localhost/x")
    assert subscriptions.is_allowed("https://fcm.googleapis.com/fcm/send/abc")
    assert subscriptions.is_allowed("https://updates.push.services.mozilla.com/wpush/v2/abc")


@pytest.mark.parametrize(("p256dh", "auth"), [("", ""), ("AAAA", "A" * 22), ("B" * 87, "A" * 22)])
def test_keys_that_are_none(
    actor: Actor, push_service: PushService, p256dh: str, auth: str
) -> None:
    with pytest.raises(subscriptions.BadSubscription):
        subscriptions.subscribe(
            actor=actor, endpoint=push_service.address, p256dh=p256dh, auth=auth, agent="", at=DAY
        )
    assert not PushSubscription.objects.exists()


def test_a_browser_belongs_to_who_took_it_last(actor: Actor, push_service: PushService) -> None:
    join(actor, push_service)
    other = User.objects.create_user(login="sun", display_name="孙", password="a long phrase")
    sun = access.actor_for(other, datetime.now(UTC))
    join(sun, push_service)
    row = PushSubscription.objects.get()
    assert row.user_id == sun.user_id
    assert push_service.address.encode() not in bytes(row.endpoint_sealed)
    with pytest.raises(subscriptions.NoSuchBrowser):
        subscriptions.unsubscribe(actor=actor, subscription_id=row.pk, at=DAY)
    assert PushSubscription.objects.count() == 1
    subscriptions.unsubscribe(actor=sun, subscription_id=row.pk, at=DAY)
    assert PushSubscription.objects.count() == 0
