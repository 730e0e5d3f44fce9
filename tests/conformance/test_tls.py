"""The same over TLS, with a certificate made for the test."""

from __future__ import annotations

import queue
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from songhe.gateway import mqtt
from tests.support.gateway import PATIENCE_S, GatewayProcess, pressure


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the files of a self-signed certificate for 127.0.0.1 and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "songhe test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert_file, key_file


@pytest.fixture(scope="module")
def gateway(gateway_database_url: str, certificate: tuple[Path, Path]) -> Iterator[GatewayProcess]:
    """Return a gateway that speaks TLS on both ports."""
    cert_file, key_file = certificate
    process = GatewayProcess(
        gateway_database_url, SONGHE_TLS_CERT=str(cert_file), SONGHE_TLS_KEY=str(key_file)
    )
    try:
        yield process.start()
    finally:
        process.close()


def test_paho_publishes_over_tls(gateway: GatewayProcess, certificate: tuple[Path, Path]) -> None:
    device = gateway.device()
    published: queue.Queue[int] = queue.Queue()
    client = paho.Client(CallbackAPIVersion.VERSION2, "tls", protocol=4)
    client.username_pw_set(device.key, device.secret)
    client.tls_set(ca_certs=str(certificate[0]))
    client.on_publish = lambda c, u, mid, reason, properties: published.put(mid)
    client.connect("127.0.0.1", gateway.mqtt_port)
    client.loop_start()
    client.publish(device.topic("readings"), pressure(139), qos=1)
    published.get(timeout=PATIENCE_S)
    client.disconnect()
    client.loop_stop()
    assert [row["values"] for row in gateway.site.readings(device)] == [[139.0, 80.0]]
    assert gateway.post(device, "readings", pressure(140))[0] == 200


def test_a_client_without_tls_gets_nowhere(gateway: GatewayProcess) -> None:
    device = gateway.device()
    login = mqtt.Connect("plain", True, 10, None, device.key, device.secret.encode())
    with socket.create_connection(("127.0.0.1", gateway.mqtt_port), PATIENCE_S) as plain:
        plain.sendall(mqtt.encode(login))
        # Nothing, or a TLS alert, but no word of MQTT.
        assert plain.recv(100)[:1] in (b"", b"\x15")
