"""Web Push: encryption (RFC 8291 over RFC 8188) and the sender's own proof (VAPID, RFC 8292)."""

from __future__ import annotations

import base64
import os
import struct
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jwt
from joserfc.jwk import ECKey

RECORD = 4096
GOOD_FOR = timedelta(hours=12)  # RFC 8292, 2: at most 24 hours
_POINT = 65
_AUTH = 16


def encode(raw: bytes) -> str:
    """Return bytes as base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Return the bytes of base64url with or without padding. Raises ValueError."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def public_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the public key as an uncompressed point, 65 bytes."""
    return key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )


def check_keys(p256dh: str, auth: str) -> None:
    """Raise ValueError unless these are the keys of a browser's subscription."""
    if len(decode(auth)) != _AUTH:
        raise ValueError("the secret of a subscription has 16 bytes")
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decode(p256dh))
    except UnsupportedAlgorithm:
        raise ValueError("not a point of P-256") from None


def encrypt(
    plain: bytes,
    *,
    p256dh: str,
    auth: str,
    sender: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """Return a body of the content coding aes128gcm that only the browser opens (RFC 8291, 3).

    sender, salt: for tests against the RFC's example; made anew for each message otherwise.
    """
    theirs = decode(p256dh)
    mine = sender or ec.generate_private_key(ec.SECP256R1())
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs)
    shared, own = mine.exchange(ec.ECDH(), point), public_of(mine)
    salt = salt or os.urandom(16)
    secret = _derive(shared, decode(auth), b"WebPush: info\x00" + theirs + own, 32)
    key = _derive(secret, salt, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _derive(secret, salt, b"Content-Encoding: nonce\x00", 12)
    if len(plain) + 17 > RECORD:
        raise ValueError("a push message is one record")
    body = AESGCM(key).encrypt(nonce, plain + b"\x02", None)
    return salt + struct.pack(">IB", RECORD, len(own)) + own + body


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)


def authorization(
    key: ec.EllipticCurvePrivateKey, *, endpoint: str, contact: str, at: datetime
) -> str:
    """Return the header by which a push service knows who sends (RFC 8292, 3)."""
    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int((at + GOOD_FOR).timestamp()),
        "sub": contact,
    }
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    token = jwt.encode({"alg": "ES256", "typ": "JWT"}, claims, ECKey.import_key(pem))
    return f"vapid t={token}, k={encode(public_of(key))}"
