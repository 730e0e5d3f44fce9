"""Worker Liu with a phone, two kinds of notices, and a push service of our own on the loopback."""

from __future__ import annotations

import hmac
import os
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from songhe.base.access import services as access
from songhe.base.access.actor import Actor
from songhe.base.accounts import phones
from songhe.base.accounts.models import User
from songhe.base.notify import webpush
from songhe.base.notify.testing import declare_kinds

DAY = datetime(2026, 11, 22, 4, tzinfo=UTC)  # noon in China
NIGHT = datetime(2026, 11, 22, 15, tzinfo=UTC)  # 23:00 in China
MORNING = datetime(2026, 11, 22, 23, tzinfo=UTC)  # 07:00 of the next day


@pytest.fixture(autouse=True)
def kinds() -> None:
    declare_kinds()


@pytest.fixture
def liu(db: None) -> User:
    user = User.objects.create_user(login="liu", display_name="刘洋", password="a long phrase")
    phones.put_phone(user=user, phone="13900001234")
    return user


@pytest.fixture
def actor(liu: User) -> Actor:
    return access.actor_for(liu, DAY)


class Browser:
    """The receiving end of RFC 8291, written from the RFC with HMAC alone."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth = os.urandom(16)

    @property
    def p256dh(self) -> str:
        return webpush.encode(webpush.public_of(self.key))

    @property
    def secret(self) -> str:
        return webpush.encode(self.auth)

    def read(self, body: bytes) -> bytes:
        salt, (record, length) = body[:16], struct.unpack(">IB", body[16:21])
        sender = body[21 : 21 + length]
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        shared = self.key.exchange(ec.ECDH(), point)
        own = webpush.public_of(self.key)
        first = hmac.digest(self.auth, shared, "sha256")
        ikm = hmac.digest(first, b"WebPush: info\x00" + own + sender + b"\x01", "sha256")
        prk = hmac.digest(salt, ikm, "sha256")
        key = hmac.digest(prk, b"Content-Encoding: aes128gcm\x00\x01", "sha256")[:16]
        nonce = hmac.digest(prk, b"Content-Encoding: nonce\x00\x01", "sha256")[:12]
        assert len(body) - 21 - length <= record
        plain = AESGCM(key).decrypt(nonce, body[21 + length :], None)
        assert plain.endswith(b"\x02")
        return plain[:-1]


@dataclass
class PushService:
    """A push service: what came, and what it answers (the last answer stays)."""

    address: str
    answers: list[int] = field(default_factory=lambda: [201])
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def push_service() -> Iterator[PushService]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.came.append(({k.lower(): v for k, v in self.headers.items()}, body))
            status = found.answers.pop(0) if len(found.answers) > 1 else found.answers[0]
            self.send_response(status)
            if status in {301, 307}:
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = PushService(f"http://127.0.0.1:{server.server_port}/push/abc")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()
