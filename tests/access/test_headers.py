"""Every screen, as several people, once: what its answer says to the browser beyond the page."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.models import User
from songhe.base.accounts.testing import signed_in
from songhe.config.rates import LIMITS
from songhe.kit.api import all_operations
from songhe.kit.hardening import BARE_POLICY, HEADERS
from songhe.kit.limits import MOST_BYTES
from songhe.kit.screens import Screen, all_screens
from tests.access.test_matrix import address
from tests.access.world import World, make_world

pytestmark = pytest.mark.django_db
EVIL = "evil.example"
OTHERS = ("operator_b", "clinician_b", "wu")  # who may not see the things of town a


@pytest.fixture
def world(db: None) -> World:
    return make_world(datetime.now(UTC))


def askers(world: World, screen: Screen) -> list[str]:
    """Return who asks for a screen: nobody, and the first role that may open it."""
    now = datetime.now(UTC)
    if screen.action is None:
        return ["nobody"]
    for role, user in world.users.items():
        if role not in OTHERS and access.actor_for(user, now).may(screen.action):
            return ["nobody", role]
    return ["nobody"]


def policy_of(response: HttpResponse) -> dict[str, list[str]]:
    parts = [
        part.split() for part in response["Content-Security-Policy"].split(";") if part.strip()
    ]
    return {part[0]: part[1:] for part in parts}


def wrong_policy(response: HttpResponse) -> list[str]:
    """Return what is wrong with the policy: a page's own, or the one that forbids everything."""
    policy = policy_of(response)
    if "sandbox" in policy:
        return []
    if not response.headers.get("Content-Type", "").startswith("text/html"):
        more = response["Content-Security-Policy"].removeprefix(BARE_POLICY)
        if response["Content-Type"].startswith("text/javascript"):
            # A service worker asks this host, and is made of this host's scripts.
            more = more.replace("; script-src 'self'", "").replace("; connect-src 'self'", "")
        return ["policy of what is no page"] if more else []
    needed = {
        "object-src": ["'none'"], "base-uri": ["'none'"], "frame-ancestors": ["'none'"],
        "form-action": ["'self'"], "style-src": ["'self'"], "default-src": ["'self'"],
    }  # fmt: skip
    wrong = [f"policy {name}" for name, value in needed.items() if policy.get(name) != value]
    allowed = {"'self'", f"http://testserver:{settings.LIVE_PORT}"}
    if set(policy.get("connect-src", ["*"])) != allowed:
        wrong.append("policy connect-src")
    scripts = [one for one in policy.get("script-src", []) if not one.startswith("'nonce-")]
    if scripts != ["'self'"]:
        wrong.append("policy script-src")
    return wrong


def faults_of(response: HttpResponse, *, public: bool, is_worker: bool = False) -> list[str]:
    """Return which headers are not as they must be."""
    # A care worker's pages open the camera, microphone and place of the phone to this host alone.
    said = response.get("Permissions-Policy", "")
    if is_worker:
        for name in ("camera", "microphone", "geolocation"):
            said = said.replace(f"{name}=(self)", f"{name}=()")
    given = {name: response.get(name) for name in HEADERS} | {"Permissions-Policy": said}
    wrong = [name for name, value in HEADERS.items() if given[name] != value]
    wrong += wrong_policy(response)
    kind = response.get("Content-Type", "")
    if response.content and not kind:
        wrong.append("Content-Type")
    if kind.startswith("text/") and "charset=utf-8" not in kind:
        wrong.append("charset")
    personal = response.status_code == 200 and not public
    if (personal or kind.startswith("text/html")) and "no-store" not in response["Cache-Control"]:
        wrong.append("Cache-Control")
    for cookie in response.cookies.values():
        if cookie["samesite"] not in ("Lax", "Strict") or not cookie["httponly"]:
            wrong.append(f"cookie {cookie.key}")
    if re.search(
        r"<style|<script(?![^>]*\ssrc=)|\son[a-z]+=|\sstyle=",
        response.content.decode("utf-8", "replace"),
    ):
        wrong.append("something inline")
    return wrong


def test_every_screen_has_every_header_and_leads_nobody_elsewhere(world: World) -> None:
    """The same crawl asks to be led to another host by every way that an address can be given."""
    wrong, seen = [], 0
    hostile = f"next=https%3A%2F%2F{EVIL}%2F&next=%2F%2F{EVIL}&back=%2F%5C{EVIL}"
    lures = {"Referer": f"https://{EVIL}/x", "HX-Current-URL": f"https://{EVIL}/x"}
    clients = {"nobody": Client()}
    for role, user in world.users.items():
        clients[role] = Client()
        signed_in(clients[role], user, at=datetime.now(UTC))
    for screen in all_screens():
        for who in askers(world, screen):
            try:
                url = address(screen, world)
            except (KeyError, StopIteration):  # the matrix fails for a route that nobody knows
                continue
            url += ("&" if "?" in url else "?") + hostile
            response = clients[who].get(url, headers=lures)
            if response.streaming:
                response = HttpResponse(
                    b"".join(response.streaming_content), headers=response.headers
                )
            seen += response.status_code == 200
            is_worker = screen.name.startswith("worker:")
            found = faults_of(response, public=screen.public, is_worker=is_worker)
            if EVIL in response.get("Location", "").partition("?")[0]:
                found.append("led to another host")
            wrong += [f"{who} {screen.name}: {one}" for one in found]
    assert not wrong, "\n".join(wrong)
    assert seen >= 60, "too few pages were opened for this to say much"


AWAY = (
    f"https://{EVIL}/", f"//{EVIL}/", f"/\\{EVIL}", f"\\\\{EVIL}", f"https:{EVIL}", f"///{EVIL}",
    "javascript:alert(1)", f"http:///{EVIL}", f"\t//{EVIL}", f"https://testserver@{EVIL}/",
    f"\x01//{EVIL}", "data:text/html,x", f"/\t/{EVIL}",
)  # fmt: skip


def test_nobody_is_led_elsewhere_after_signing_in_or_choosing(db: None) -> None:
    User.objects.create_user(login="operator", display_name="o", password="a long phrase")
    for target in AWAY:
        client = Client()
        form = {"login": "operator", "password": "a long phrase", "next": target}
        for response in (
            client.post("/sign-in/", form),
            client.post("/preferences/", {"language": "en", "next": target}),
        ):
            assert response.status_code == 302
            assert response["Location"] == "/", target


def test_static_files_errors_and_refused_hosts_have_the_headers_too(db: None) -> None:
    client = Client()
    for response, status in (
        (client.get("/static/kit/live.js"), 200),
        (client.get("/nowhere/"), 404),
        (client.get("/static/../../etc/passwd"), 404),
        (client.get("/sign-in/", headers={"Host": EVIL}), 400),
        (client.get("/sign-in/", headers={"Host": "testserver", "X-Forwarded-Host": EVIL}), 200),
    ):
        assert response.status_code == status
        assert [n for n, value in HEADERS.items() if response.get(n) != value] == []
        assert "Content-Security-Policy" in response
        body = response.getvalue() if response.streaming else response.content
        assert EVIL not in body.decode("utf-8")


def operator() -> Client:
    """Return the client of somebody who may open the desk."""
    user = User.objects.create_user(login="operator", display_name="o", password="a long phrase")
    now = datetime.now(UTC)
    access.give_role(actor=SYSTEM, user=user, role="operator", region_prefix="990121", at=now)
    client = Client()
    signed_in(client, user, at=now)
    return client


def test_methods_that_no_page_has_are_refused(db: None) -> None:
    client = operator()
    for method in ("TRACE", "PUT", "DELETE", "PATCH", "CONNECT"):
        for path in ("/", "/desk/", "/alarms/", "/account/"):
            assert client.generic(method, path).status_code in (403, 405), f"{method} {path}"


def test_signing_out_leaves_nothing_in_the_browser(db: None) -> None:
    client = operator()
    assert "Clear-Site-Data" not in client.get("/desk/")
    assert client.post("/sign-out/")["Clear-Site-Data"] == '"cache", "storage"'
    client.cookies[settings.SESSION_COOKIE_NAME] = "ended-elsewhere-long-ago-12345678"
    assert "Clear-Site-Data" in client.get("/desk/")


def test_what_is_too_large_is_refused_in_words_before_it_is_read(db: None) -> None:
    client = Client()
    unread = client.generic("POST", "/sign-in/", b"x", CONTENT_LENGTH=str(MOST_BYTES + 1))
    assert unread.status_code == 413
    assert "33 MiB" in unread.content.decode()
    form = client.post("/sign-in/", {"login": "x" * (3 * 2**20), "password": "x"})
    assert form.status_code == 400
    many = client.post("/sign-in/", {f"f{n}": "x" for n in range(1_100)})
    assert many.status_code == 400


def as_production(**more: str) -> dict[str, object]:
    """Return the settings of an install with a certificate, read by a process of its own."""
    code = (
        "import json; from songhe.config import settings as s; print(json.dumps({n: getattr(s, n)"
        " for n in dir(s) if n.isupper() and isinstance(getattr(s, n), (bool, int, str))}))"
    )
    given = {"SONGHE_MODE": "production", "SONGHE_TLS_CERT": "/tls/cert.pem", **more}
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, **given},
                          capture_output=True, text=True, check=True)  # fmt: skip
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_under_tls_cookies_are_the_hosts_alone_and_the_way_is_kept() -> None:
    kept = as_production(SONGHE_SECRET_KEY="only-for-this-test")
    assert str(kept["SESSION_COOKIE_NAME"]).startswith("__Host-")
    assert str(kept["CSRF_COOKIE_NAME"]).startswith("__Host-")
    assert kept["COOKIE_PREFIX"] == "__Host-"
    names = ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY",
             "CSRF_COOKIE_HTTPONLY", "SECURE_HSTS_INCLUDE_SUBDOMAINS")  # fmt: skip
    assert [name for name in names if kept[name] is not True] == []
    assert int(str(kept["SECURE_HSTS_SECONDS"])) >= 365 * 24 * 3600
    assert kept["DEBUG"] is False


def test_every_limit_is_of_screens_that_exist() -> None:
    """A page that is renamed must not lose its limit."""
    names = {one.name for one in (*all_screens(), *all_operations())}
    limited = {route for limit in LIMITS for route in limit.get("routes", ())}
    assert limited - names == set()
