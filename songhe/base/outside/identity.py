"""The outside provider of identities: OpenID Connect Core 1.0, code flow with PKCE (RFC 7636).

Its address comes from the settings alone. Nothing is fetched from anywhere but its host and hosts
that the settings name, over TLS, without redirects, within limits.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.utils.crypto import constant_time_compare
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from songhe.kernel.errors import Denied, Unavailable

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
TIMEOUT_S = 5.0
MOST_BYTES = 262_144
DRIFT_S = 60
KEPT_S = 600
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class ProviderAway(Unavailable):
    code = "outside.provider_away"
    message = "The outside sign-in does not answer as it should. Please sign in another way."


class NotProven(Denied):
    """The provider's answer does not fit what was asked, or is not signed as it must be."""

    code = "outside.not_proven"
    message = "The outside sign-in could not be confirmed. Please begin again."


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of the provider and is held against its answer; kept in the session."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> Asked:
        """Return fresh random values, 256 bits each."""
        return cls(*(secrets.token_urlsafe(32) for _ in range(3)))


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: Any, **_named: Any) -> None:
        return None


_kept: dict[str, tuple[float, dict[str, Any]]] = {}
_opener = urllib.request.build_opener(_NoRedirect)


def address_to_ask(*, asked: Asked, back: str, at: datetime) -> str:
    """Return where the browser goes to sign in outside; `back` is our page for the answer."""
    challenge = hashlib.sha256(asked.verifier.encode()).digest()
    query = {
        "response_type": "code",
        "client_id": settings.OIDC_CLIENT_ID,
        "redirect_uri": back,
        "scope": "openid",
        "state": asked.state,
        "nonce": asked.nonce,
        "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    where = str(_metadata(at)["authorization_endpoint"])
    return f"{where}{'&' if '?' in where else '?'}{urlencode(query)}"


def subject_of(*, asked: Asked, state: str, code: str, back: str, at: datetime) -> str:
    """Return who signed in outside, from the answer's state and code.

    Raises NotProven, ProviderAway.
    """
    if not code or not constant_time_compare(asked.state, state):
        raise NotProven
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": back,
        "client_id": settings.OIDC_CLIENT_ID,
        "code_verifier": asked.verifier,
    }
    answer = _fetch(str(_metadata(at)["token_endpoint"]), form)
    return _judge(str(answer.get("id_token", "")), asked.nonce, at)


def _judge(token: str, nonce: str, at: datetime) -> str:
    """Return the subject of an ID token (OpenID Connect Core 1.0, 3.1.3.7). Raises NotProven."""
    try:
        claims = jwt.decode(token, _keys(at), algorithms=ALGORITHMS).claims
    except (JoseError, ValueError, KeyError):
        raise NotProven from None
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else list(audience or [])
    now = at.timestamp()
    fits = (
        claims.get("iss") == settings.OIDC_ISSUER
        and settings.OIDC_CLIENT_ID in audiences
        and (len(audiences) == 1 or claims.get("azp") == settings.OIDC_CLIENT_ID)
        and _number(claims.get("exp")) > now - DRIFT_S
        and _number(claims.get("iat")) < now + DRIFT_S
        and constant_time_compare(str(claims.get("nonce", "")), nonce)
    )
    subject = claims.get("sub")
    if not fits or not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise NotProven
    return subject


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _metadata(at: datetime) -> dict[str, Any]:
    found = _cached(f"{settings.OIDC_ISSUER}/.well-known/openid-configuration", at)
    wanted = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    if found.get("issuer") != settings.OIDC_ISSUER or not all(found.get(w) for w in wanted):
        raise ProviderAway
    _check(str(found["authorization_endpoint"]))
    return found


def _keys(at: datetime) -> KeySet:
    return KeySet.import_key_set(_cached(str(_metadata(at)["jwks_uri"]), at))  # type: ignore[arg-type]


def _cached(url: str, at: datetime) -> dict[str, Any]:
    """Return a document of the provider, at most ten minutes old."""
    now = at.timestamp()
    kept = _kept.get(url)
    if kept is None or not 0 <= now - kept[0] < KEPT_S:
        kept = _kept[url] = (now, _fetch(url))
    return kept[1]


def forget() -> None:
    """Forget what is kept of the provider: its keys have changed."""
    _kept.clear()


def _check(url: str) -> None:
    """Raise ProviderAway unless an address is one that the settings allow."""
    asked, issuer = urlsplit(url), urlsplit(settings.OIDC_ISSUER)
    is_plain_here = (
        asked.scheme == "http" and asked.hostname in _LOOPBACK and settings.ENV.mode != "production"
    )
    is_known = asked.netloc == issuer.netloc or (asked.hostname or "") in settings.OIDC_HOSTS
    if asked.username or not is_known or not (asked.scheme == "https" or is_plain_here):
        raise ProviderAway


def _fetch(url: str, form: dict[str, str] | None = None) -> dict[str, Any]:
    _check(url)
    request = urllib.request.Request(url, headers={"Accept": "application/json"})  # noqa: S310
    if form is not None:
        request.data = urlencode(form).encode()
        if settings.OIDC_CLIENT_SECRET:
            pair = f"{settings.OIDC_CLIENT_ID}:{settings.OIDC_CLIENT_SECRET}".encode()
            request.add_header("Authorization", f"Basic {base64.b64encode(pair).decode()}")
    try:
        with _opener.open(request, timeout=TIMEOUT_S) as answer:
            body = answer.read(MOST_BYTES + 1)
        found = json.loads(body) if len(body) <= MOST_BYTES else None
    except urllib.error.HTTPError as error:
        error.close()
        if form is not None and error.code in {400, 401, 403}:
            raise NotProven from None  # a code that is not good
        raise ProviderAway from None
    except (OSError, ValueError):
        raise ProviderAway from None
    if not isinstance(found, dict):
        raise ProviderAway
    return found
