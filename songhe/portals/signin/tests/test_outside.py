"""Signing in at an outside provider: somebody else's, as a process, and one that lies."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from songhe.base.access import services as access
from songhe.base.access import sign_ins
from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.models import OutsideIdentity, User
from songhe.base.accounts.outside import IdentityTaken
from songhe.base.accounts.testing import signed_in
from songhe.base.audit.models import AuditEntry
from songhe.base.outside import identity
from songhe.kernel.errors import Denied
from tests.support.gateway import until
from tools.pytest_songhe import free_ports

pytestmark = pytest.mark.django_db
CLIENT = "songhe-of-the-county"
BACK = "/sign-in/outside/back/"
KEY, OTHER_KEY = (
    RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"}) for _key in range(2)
)


def account(login: str = "sun", role: str = "operator") -> User:
    user = User.objects.create_user(login=login, display_name=login, password="a long phrase")
    now = datetime.now(UTC)
    access.give_role(actor=SYSTEM, user=user, role=role, region_prefix="990121", at=now)
    return user


def link(user: User, subject: str) -> None:
    sign_ins.link_identity(actor=SYSTEM, user=user, subject=subject, at=datetime.now(UTC))


def is_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


@pytest.fixture
def issuer(settings: Any) -> Callable[[str], None]:
    def put(address: str) -> None:
        settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID = address, CLIENT
        settings.OIDC_CLIENT_SECRET, settings.OIDC_NAME = "a secret", "县统一身份"
        identity.forget()

    return put


# --- somebody else's provider, as a process ---------------------------------------------------


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    port = free_ports(1)
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "oidc_provider_mock",
            "--port",
            str(port),
            "--require-nonce",
            "true",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        assert process.poll() is None, "the provider ended"
        try:
            with urllib.request.urlopen(f"{address}/jwks", timeout=1):
                return True
        except OSError:
            return False

    try:
        until(answers, "an outside provider")
        yield address
    finally:
        process.terminate()
        process.wait(10)


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_a: Any, **_k: Any) -> None:
        return None


def consent(address: str, subject: str) -> str:
    """Say who one is on the provider's page; return the address that it sends the browser to."""
    form = urllib.parse.urlencode({"sub": subject}).encode()
    try:
        urllib.request.build_opener(_Stay).open(address, form, timeout=5).close()
    except urllib.error.HTTPError as error:
        location = str(error.headers["Location"])
        error.close()
        return location
    raise AssertionError("the provider sent nobody back")


def path_of(address: str) -> str:
    parts = urllib.parse.urlsplit(address)
    assert parts.netloc == "testserver"
    return f"{parts.path}?{parts.query}"


def test_a_linked_account_comes_in_by_a_real_provider(provider: str, issuer: Any) -> None:
    issuer(provider)
    user = account()
    link(user, "sub-of-sun")
    client = Client()
    assert "县统一身份" in client.get("/sign-in/").content.decode()
    asked = client.get("/sign-in/outside/?next=/people/").headers["Location"]
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(asked).query))
    assert query["client_id"] == CLIENT
    assert query["redirect_uri"] == f"http://testserver{BACK}"
    assert (query["scope"], query["code_challenge_method"]) == ("openid", "S256")
    back = path_of(consent(asked, "sub-of-sun"))
    answer = client.get(back)
    assert answer.headers["Location"] == "/people/"
    assert is_in(client)
    entry = AuditEntry.objects.get(action="signin.sign_in")
    assert (entry.user_id, entry.detail) == (user.pk, {"by": ["outside"]})
    # the same answer counts for nobody else, and not once more
    assert Client().get(back).headers["Location"] == "/sign-in/"
    assert client.get(back).headers["Location"] == "/sign-in/"


def test_nobody_comes_in_who_was_not_linked(provider: str, issuer: Any) -> None:
    issuer(provider)
    account()
    client = Client()
    client.cookies["songhe_language"] = "en"
    answer = client.get(path_of(consent(client.get("/sign-in/outside/")["Location"], "a-stranger")))
    assert answer.status_code == 403
    assert "No account here is linked" in answer.content.decode()
    assert not is_in(client)
    assert not OutsideIdentity.objects.exists()
    entry = AuditEntry.objects.get(action="signin.sign_in")
    assert (entry.kind, entry.detail["code"]) == ("refused", "signin.not_linked")


def test_one_links_the_own_account_and_ends_it(provider: str, issuer: Any) -> None:
    issuer(provider)
    user = account()
    client = signed_in(Client(), user, at=datetime.now(UTC))
    asked = client.get("/account/outside/").headers["Location"]
    answer = client.get(path_of(consent(asked, "sub-of-sun")))
    assert answer.headers["Location"] == "/account/"
    row = OutsideIdentity.objects.get()
    assert (row.user, row.issuer, row.subject) == (user, provider, "sub-of-sun")
    other = Client()
    other.get(path_of(consent(other.get("/sign-in/outside/").headers["Location"], "sub-of-sun")))
    assert is_in(other)
    client.post("/account/outside/")
    assert not OutsideIdentity.objects.exists()
    assert AuditEntry.objects.filter(action__endswith="link_identity").count() == 2


def test_a_closed_account_stays_out(provider: str, issuer: Any) -> None:
    issuer(provider)
    user = account()
    link(user, "sub-of-sun")
    sign_ins.close_account(actor=SYSTEM, user=user, at=datetime.now(UTC))
    client = Client()
    client.get(path_of(consent(client.get("/sign-in/outside/").headers["Location"], "sub-of-sun")))
    assert not is_in(client)


# --- one that lies ----------------------------------------------------------------------------


class Liar:
    """A provider on the loopback whose answers a test chooses."""

    def __init__(self) -> None:
        self.key = KEY
        self.metadata: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        self.token: str | None = None
        self.asked: list[tuple[str, dict[str, str], str]] = []
        liar = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = {
                    "/.well-known/openid-configuration": {
                        "issuer": liar.address,
                        "authorization_endpoint": f"{liar.address}/authorize",
                        "token_endpoint": f"{liar.address}/token",
                        "jwks_uri": f"{liar.address}/jwks",
                    }
                    | liar.metadata,
                    "/jwks": {"keys": [liar.key.as_dict(private=False)]},
                }.get(self.path)
                self.answer(body)

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["content-length"])).decode()
                form = dict(urllib.parse.parse_qsl(raw))
                liar.asked.append((self.path, form, self.headers["authorization"] or ""))
                self.answer({"id_token": liar.token or liar.signed(), "token_type": "Bearer"})

            def answer(self, body: object) -> None:
                raw = json.dumps(body).encode()
                self.send_response(200 if body else 302)
                if not body:
                    self.send_header("Location", "http://127.0.0.1:1/inside")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_a: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def signed(self, key: Any = None, alg: str = "RS256") -> str:
        header = {"alg": alg, "kid": "one"}
        return jwt.encode(header, self.claims, key or self.key, algorithms=[alg])


@pytest.fixture
def liar(issuer: Any) -> Iterator[Liar]:
    found = Liar()
    issuer(found.address)
    yield found
    found.server.shutdown()
    found.server.server_close()


def begun(client: Client, liar: Liar) -> dict[str, str]:
    """Begin to sign in; the liar would now tell the truth. Returns what was asked."""
    asked = client.get("/sign-in/outside/").headers["Location"]
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(asked).query))
    now = int(time.time())
    liar.claims = {
        "iss": liar.address, "aud": CLIENT, "sub": "sub-of-sun", "nonce": query["nonce"],
        "iat": now, "exp": now + 300,
    }  # fmt: skip
    return query


def finish(client: Client, query: dict[str, str], **more: str) -> Any:
    return client.get(BACK, {"code": "abc", "state": query["state"], **more})


def test_the_proof_of_who_asked_goes_along_and_the_secret_only_there(liar: Liar) -> None:
    link(account(), "sub-of-sun")
    client = Client()
    query = begun(client, liar)
    assert finish(client, query).headers["Location"] == "/"
    ((path, form, authorization),) = liar.asked
    assert path == "/token"
    challenge = hashlib.sha256(form["code_verifier"].encode()).digest()
    assert base64.urlsafe_b64encode(challenge).rstrip(b"=").decode() == query["code_challenge"]
    assert base64.b64decode(authorization.removeprefix("Basic ")).decode() == f"{CLIENT}:a secret"
    assert "a secret" not in str(query) + str(form)
    again = begun(Client(), liar)
    assert not {query["state"], query["nonce"]} & {again["state"], again["nonce"]}


LIES: dict[str, Callable[[Liar], None]] = {
    "issuer": lambda liar: liar.claims.update(iss="https://evil.example"),
    "audience": lambda liar: liar.claims.update(aud="another"),
    "two audiences": lambda liar: liar.claims.update(aud=[CLIENT, "another"]),
    "nonce": lambda liar: liar.claims.update(nonce="another"),
    "no nonce": lambda liar: liar.claims.pop("nonce"),
    "expired": lambda liar: liar.claims.update(exp=int(time.time()) - 120),
    "no end": lambda liar: liar.claims.pop("exp"),
    "of the future": lambda liar: liar.claims.update(iat=int(time.time()) + 3600),
    "no subject": lambda liar: liar.claims.pop("sub"),
    "no token": lambda liar: setattr(liar, "token", "x"),
    "another key": lambda liar: setattr(liar, "token", liar.signed(OTHER_KEY)),
    "a shared secret": lambda liar: setattr(
        liar, "token", liar.signed(OctKey.import_key("a secret of the client, long"), "HS256")
    ),
    "unsigned": lambda liar: setattr(
        liar,
        "token",
        ".".join(
            base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
            for part in ({"alg": "none"}, liar.claims)
        )
        + ".",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_lets_nobody_in(liar: Liar, lie: str) -> None:
    link(account(), "sub-of-sun")
    client = Client()
    query = begun(client, liar)
    LIES[lie](liar)
    assert finish(client, query).status_code == 403
    assert not is_in(client)
    entry = AuditEntry.objects.get(action="signin.sign_in")
    assert (entry.kind, entry.detail["code"]) == ("refused", "outside.not_proven")


def test_an_answer_that_was_not_asked_for_lets_nobody_in(liar: Liar) -> None:
    link(account(), "sub-of-sun")
    client = Client()
    query = begun(client, liar)
    assert finish(client, query, state="another").status_code == 403
    assert finish(client, query).headers["Location"] == "/sign-in/"
    assert finish(Client(), query).headers["Location"] == "/sign-in/"
    assert not liar.asked
    assert not is_in(client)


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("jwks_uri", "http://127.0.0.1:1/keys"),
        ("token_endpoint", "http://169.254.169.254/latest"),
        ("token_endpoint", "file:///etc/passwd"),
        ("authorization_endpoint", "https://evil.example/authorize"),
        ("jwks_uri", "http://user@{host}/jwks"),
        ("jwks_uri", "{issuer}/moved"),
        ("issuer", "https://evil.example"),
    ],
)
def test_nothing_is_fetched_from_elsewhere(liar: Liar, name: str, address: str) -> None:
    """A provider that names inside addresses, or sends on to them, is not followed."""
    link(account(), "sub-of-sun")
    host = liar.address.removeprefix("http://")
    liar.metadata = {name: address.format(issuer=liar.address, host=host)}
    client = Client()
    answer = client.get("/sign-in/outside/")
    if answer.status_code == 302:
        query = begun(client, liar)
        answer = finish(client, query)
    assert answer.status_code == 503
    assert not is_in(client)


def test_a_provider_that_is_away_is_said_so(issuer: Any) -> None:
    issuer(f"http://127.0.0.1:{free_ports(1)}")
    client = Client()
    client.cookies["songhe_language"] = "en"
    answer = client.get("/sign-in/outside/")
    assert answer.status_code == 503
    assert "sign in another way" in answer.content.decode()


def test_without_a_provider_there_is_no_such_way() -> None:
    assert not settings.OIDC_ISSUER
    assert Client().get("/sign-in/outside/").headers["Location"] == "/sign-in/"
    assert not re.search(r"sign-in/outside", Client().get("/sign-in/").content.decode())


def test_an_administrator_links_within_reach_only(issuer: Any) -> None:
    issuer("https://identity.example")
    sun, wang, who = account("sun"), account("wang"), account("admin", "admin")
    now = datetime.now(UTC)
    admin, operator = access.actor_for(who, now), access.actor_for(wang, now)
    sign_ins.link_identity(actor=admin, user=sun, subject="s", at=now)
    with pytest.raises(IdentityTaken):
        sign_ins.link_identity(actor=admin, user=wang, subject="s", at=now)
    with pytest.raises(Denied):
        sign_ins.link_identity(actor=operator, user=sun, subject="t", at=now)
    assert list(OutsideIdentity.objects.values_list("user__login", "subject")) == [("sun", "s")]
    sign_ins.unlink_identity(actor=admin, user=sun, at=now)
    assert not OutsideIdentity.objects.exists()
