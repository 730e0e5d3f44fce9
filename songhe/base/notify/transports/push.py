"""Browser push: to every browser of the user; what is shown names nobody (RFC 8030, 8291, 8292)."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import datetime
from typing import Any

from django.conf import settings

from songhe.base.notify import plans, proofs, subscriptions, webpush
from songhe.base.notify.subscriptions import Browser
from songhe.base.notify.transports import Failed, Letter

_GONE = {404, 410}
_LATER = {408, 425, 429}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: Any, **_named: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirect)


def send(letter: Letter, *, at: datetime) -> None:
    """Send to every browser; one that took it is enough. Raises Failed.

    Browsers that their push service no longer knows are forgotten.
    """
    browsers = subscriptions.browsers_of(letter.user.pk)
    if not browsers:
        raise Failed("no_browser", is_permanent=True)
    troubles = [trouble for one in browsers if (trouble := _send_one(one, letter, at)) is not None]
    if len(troubles) == len(browsers):
        later = next((trouble for trouble in troubles if not trouble.is_permanent), None)
        raise later or troubles[0]


def _send_one(browser: Browser, letter: Letter, at: datetime) -> Failed | None:
    """Return what went wrong, None where the push service took it."""
    facts = plans.facts()["push"]
    payload = {
        "title": letter.glance,
        "path": letter.path,
        "tag": str(letter.notice_id),
        "lang": letter.language,
        "seen": proofs.token_of(letter.delivery_id),
    }
    contact = settings.PUSH_CONTACT or f"mailto:postmaster@{settings.ALLOWED_HOSTS[0]}"
    key = subscriptions.own_key(at=at)
    headers = {
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(facts["ttl_s"]["urgent" if letter.is_urgent else "normal"]),
        "Urgency": "high" if letter.is_urgent else "normal",
        "Topic": letter.notice_id.hex,
        "Authorization": webpush.authorization(
            key, endpoint=browser.endpoint, contact=contact, at=at
        ),
    }
    body = webpush.encrypt(
        json.dumps(payload, ensure_ascii=False).encode(), p256dh=browser.p256dh, auth=browser.auth
    )
    if not subscriptions.is_allowed(browser.endpoint):
        return Failed("push_not_allowed", is_permanent=True)
    request = urllib.request.Request(  # noqa: S310 - the address was checked just now
        browser.endpoint, data=body, headers=headers, method="POST"
    )
    try:
        with _opener.open(request, timeout=facts["timeout_s"]):
            subscriptions.seen(browser.id, at=at)
            return None
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in _GONE:
            subscriptions.forget(browser.id)
            return Failed("browser_gone", is_permanent=True)
        later = error.code in _LATER or error.code >= 500
        return Failed("push_busy" if later else "push_refused", is_permanent=not later)
    except OSError:
        return Failed("push_away", is_permanent=False)
