"""The browsers in which users are told, and the install's key towards push services."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.db import IntegrityError, transaction

from songhe.base import vault
from songhe.base.access.actor import Actor
from songhe.base.access.wall import lifted
from songhe.base.audit import services as audit
from songhe.base.notify import plans, webpush
from songhe.base.notify.models import PushKey, PushSubscription
from songhe.base.notify.own import account_of
from songhe.kernel.errors import Invalid, NotFound
from songhe.kernel.ids import uuid7

_ENDPOINT, _KEYS = "notify.PushSubscription.endpoint", "notify.PushSubscription.keys"
_PRIVATE = "notify.PushKey.private"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_LONGEST = 2_000
MOST_BROWSERS = 10


class BadSubscription(Invalid):
    code = "notify.bad_subscription"
    message = "This browser cannot be told by push: its push service is not one that we know."


class NoSuchBrowser(NotFound):
    code = "notify.no_such_browser"
    message = "This browser tells you no more already, or it is not yours."


@dataclass(frozen=True, slots=True)
class Browser:
    """An opened subscription: where to send, and its keys (RFC 8291: p256dh and auth)."""

    id: UUID
    endpoint: str
    p256dh: str
    auth: str


def is_allowed(endpoint: str) -> bool:
    """Tell whether an address is one of a known push service: a browser chooses it, not we."""
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    if settings.ENV.mode != "production" and host in _LOOPBACK:
        return parts.scheme == "http"
    hosts = [*plans.facts()["push"]["hosts"], *settings.PUSH_HOSTS]
    fits = any(host == one or (one.startswith(".") and host.endswith(one)) for one in hosts)
    return fits and parts.scheme == "https" and parts.port in {None, 443} and not parts.username


@transaction.atomic
def subscribe(
    *, actor: Actor, endpoint: str, p256dh: str, auth: str, agent: str, at: datetime
) -> PushSubscription:
    """Tell the actor in this browser from now on, and whom it was of before no more.

    Raises BadSubscription.
    """
    try:
        webpush.check_keys(p256dh, auth)
        good = len(endpoint) <= _LONGEST and is_allowed(endpoint)
    except ValueError:
        good = False
    if not good:
        raise BadSubscription
    known = vault.blind_indexes(endpoint, field=_ENDPOINT)
    with lifted():  # it may have been somebody else's
        PushSubscription.objects.filter(endpoint_index__in=known).delete()
    pk = uuid7()
    row = PushSubscription.objects.create(
        id=pk,
        user_id=account_of(actor),
        endpoint_sealed=vault.seal(endpoint, field=_ENDPOINT, pk=pk),
        endpoint_index=vault.blind_index(endpoint, field=_ENDPOINT),
        keys_sealed=vault.seal(json.dumps([p256dh, auth]), field=_KEYS, pk=pk),
        agent=agent[:200],
        made_at=at,
        seen_at=at,
    )
    mine = PushSubscription.objects.filter(user_id=account_of(actor)).order_by("-seen_at", "-id")
    PushSubscription.objects.filter(pk__in=list(mine.values("pk")[MOST_BROWSERS:])).delete()
    audit.record_change(
        actor=actor, action="notify.subscribe", ref=f"accounts.User/{actor.user_id}", at=at
    )
    return row


@transaction.atomic
def unsubscribe(*, actor: Actor, subscription_id: UUID, at: datetime) -> None:
    """Tell the actor in a browser no more. Raises NoSuchBrowser."""
    mine = PushSubscription.objects.filter(user_id=account_of(actor), pk=subscription_id)
    if not mine.delete()[0]:
        raise NoSuchBrowser
    audit.record_change(
        actor=actor, action="notify.unsubscribe", ref=f"accounts.User/{actor.user_id}", at=at
    )


def browsers_of(user_id: UUID) -> list[Browser]:
    """Return the browsers of a user, opened, for sending."""
    return [_open(row) for row in PushSubscription.objects.filter(user_id=user_id).order_by("id")]


def _open(row: PushSubscription) -> Browser:
    p256dh, auth = json.loads(vault.unseal(row.keys_sealed, field=_KEYS, pk=row.pk))
    endpoint = vault.unseal(row.endpoint_sealed, field=_ENDPOINT, pk=row.pk)
    return Browser(row.pk, endpoint, p256dh, auth)


def forget(browser_id: UUID) -> None:
    """Forget a browser that its push service no longer knows."""
    PushSubscription.objects.filter(pk=browser_id).delete()


def seen(browser_id: UUID, *, at: datetime) -> None:
    """Note that a browser's push service took something."""
    PushSubscription.objects.filter(pk=browser_id).update(seen_at=at)


def own_key(*, at: datetime) -> ec.EllipticCurvePrivateKey:
    """Return the install's key (P-256), made the first time and kept sealed."""
    row = PushKey.objects.filter(is_current=True).first()
    if row is None:
        row = _made(at)
    secret = int(vault.unseal(row.private_sealed, field=_PRIVATE, pk=row.pk), 16)
    return ec.derive_private_key(secret, ec.SECP256R1())


def _made(at: datetime) -> PushKey:
    pk = uuid7()
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    sealed = vault.seal(f"{number:064x}", field=_PRIVATE, pk=pk)
    with contextlib.suppress(IntegrityError), transaction.atomic():
        return PushKey.objects.create(id=pk, private_sealed=sealed, made_at=at)
    return PushKey.objects.get(is_current=True)  # of two who make one at once the first is right


def public_key(*, at: datetime) -> str:
    """Return the install's public key as browsers want it (base64url)."""
    return webpush.encode(webpush.public_of(own_key(at=at)))
