"""What strangers, and one device that is broken or stolen, can try; nobody else may notice.

Each attack is a function of an Attack; it ends by itself within seconds and returns what it found
that should not be. The addresses are always of this machine.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from songhe.gateway import mqtt

ANSWER_S = 5.0
LASTS_S = 2.0
HERE = "127.0.0.1"
GIANT = b"\xff\xff\xff\x7f"  # a remaining length of 268,435,455
TCP_REPAIR, REPAIR_ON = 19, 1


@dataclass
class Attack:
    """Where to attack, and the login of a device that has gone bad."""

    mqtt_port: int
    http_port: int
    key: str
    secret: str
    connect_s: float = 10.0

    @contextmanager
    def line(self, port: int | None = None) -> Iterator[socket.socket]:
        """Open a connection to the MQTT port, or another."""
        with socket.create_connection((HERE, port or self.mqtt_port), timeout=ANSWER_S) as line:
            yield line

    def connect(self, line: socket.socket, **more: object) -> bytes:
        """Sign in; return the server's answer (empty when it hangs up)."""
        line.sendall(self.login(**more))
        return received(line)

    def login(self, **more: object) -> bytes:
        """Return a CONNECT with the login."""
        fields: dict[str, object] = {
            "client_id": "hostile",
            "username": self.key,
            "password": self.secret.encode(),
        }
        return mqtt.encode(mqtt.Connect(**(fields | more)))  # type: ignore[arg-type]


def received(line: socket.socket, size: int = 65536) -> bytes:
    """Return what the server says; empty when it has hung up."""
    try:
        return line.recv(size)
    except ConnectionError:
        return b""


def hung_up(line: socket.socket, within_s: float = ANSWER_S) -> bool:
    """Tell whether the server ends a connection within a time, whatever it says before."""
    end_s = time.monotonic() + within_s
    while (left_s := end_s - time.monotonic()) > 0:
        line.settimeout(left_s)
        try:
            if not line.recv(65536):
                return True
        except TimeoutError:
            return False
        except ConnectionError:
            return True
    return False


def pour(line: socket.socket, piece: bytes, lasts_s: float = LASTS_S, most: int = 1 << 27) -> int:
    """Send a piece again and again, reading nothing; return how many bytes went."""
    end_s, sent = time.monotonic() + lasts_s, 0
    line.settimeout(0.2)
    while time.monotonic() < end_s and sent < most:
        try:
            sent += line.send(piece)
        except TimeoutError:
            continue
        except ConnectionError:
            break
    return sent


# --- MQTT ------------------------------------------------------------------------------------

MALFORMED: dict[str, bytes] = {
    "noise": bytes(range(256)),
    "HTTP on the MQTT port": b"GET / HTTP/1.1\r\nHost: songhe\r\n\r\n",
    "TLS on the plain port": bytes.fromhex("16030100a5010000a10303") + bytes(80),
    "giant length": b"\x10" + GIANT,
    "five length bytes": b"\x10\xff\xff\xff\xff\x7f",
    "packet before CONNECT": b"\x30\x05\x00\x03a/bx",
    "ping before CONNECT": b"\xc0\x00",
    "reserved type": b"\xf0\x00",
}
AFTER_CONNECT: dict[str, bytes] = {
    "wildcard in PUBLISH": mqtt.encode(mqtt.Publish("songhe/1/+/readings", b"{}", 1, 1)),
    "hash in PUBLISH": mqtt.encode(mqtt.Publish("#", b"{}", 1, 1)),
    "QoS 3": b"\x36\x07\x00\x03a/b\x00\x01",
    "packet id 0": b"\x32\x07\x00\x03a/b\x00\x00",
    "invalid UTF-8": b"\x32\x07\x00\x03\xff\xfe\xfd\x00\x01",
    "U+0000 in a topic": b"\x32\x07\x00\x03a\x00b\x00\x01",
    "giant PUBLISH": b"\x32" + GIANT + bytes(70_000),
    "empty SUBSCRIBE": b"\x82\x02\x00\x01",
    "SUBSCRIBE with QoS 3": b"\x82\x06\x00\x01\x00\x01a\x03",
    "an answer of a server": b"\x20\x02\x00\x00",
}


def malformed(attack: Attack) -> list[str]:
    """Send what is not MQTT: each time the connection ends, at once."""
    found = []
    for name, data in MALFORMED.items():
        with attack.line() as line, contextlib.suppress(ConnectionError):
            line.sendall(data)
            if not hung_up(line):
                found.append(f"{name}: the connection stands")
    for name, data in AFTER_CONNECT.items():
        with attack.line() as line, contextlib.suppress(ConnectionError):
            attack.connect(line)
            line.sendall(data)
            if not hung_up(line):
                found.append(f"{name}: the connection stands")
    return found


def second_connect(attack: Attack) -> list[str]:
    """Sign in twice on one connection [MQTT-3.1.0-2]."""
    with attack.line() as line:
        attack.connect(line)
        line.sendall(attack.login())
        return [] if hung_up(line) else ["a second CONNECT is taken"]


def strange_logins(attack: Attack) -> list[str]:
    """Sign in with a client id of 64 KiB, with wrong secrets, with none, with bad text."""
    found = []
    with attack.line() as line:
        answer = attack.connect(line, client_id="x" * 0xFF00)
        if answer[:2] not in (b"\x20\x02", b""):
            found.append("a huge client id is not answered")
    for more in ({"password": b"\0" * 60_000}, {"username": None, "password": None}):
        with attack.line() as line:
            if attack.connect(line, **more) != b"\x20\x02\x00\x05":
                found.append(f"a login without right: {sorted(more)}")
    raw = attack.login(username="u" * 4, password=b"p")
    with attack.line() as line:
        line.sendall(raw.replace(b"uuuu", b"\xff\xff\xff\xff"))
        if not hung_up(line):
            found.append("a user name that is no text")
    return found


def million_subscriptions(attack: Attack) -> list[str]:
    """Subscribe to a million topics, own and foreign, without reading an answer."""
    own = f"songhe/1/{attack.key}/commands"
    filters = tuple((own if n % 2 else f"t/{n}/#", 1) for n in range(2000))
    with attack.line() as line:
        attack.connect(line)
        pour(line, mqtt.encode(mqtt.Subscribe(1, filters)), most=40_000_000)
    return []


def many_topics(attack: Attack) -> list[str]:
    """Publish on thousands of topics that mean nothing."""
    with attack.line() as line, contextlib.suppress(ConnectionError, TimeoutError):
        attack.connect(line)
        for n in range(0, 6000, 200):
            topics = (f"songhe/1/{attack.key}/nonsense-{n + k}" for k in range(200))
            line.sendall(b"".join(mqtt.encode(mqtt.Publish(t, b"{}", 1, 7)) for t in topics))
    return []


def deaf_pinger(attack: Attack) -> list[str]:
    """Flood with PINGREQ and read nothing."""
    with attack.line() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        attack.connect(line)
        pour(line, b"\xc0\x00" * 30_000)
    return []


def deaf_publisher(attack: Attack) -> list[str]:
    """Publish as fast as possible and never read a PUBACK."""
    with attack.line() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        attack.connect(line)
        topic = f"songhe/1/{attack.key}/readings"
        pour(line, mqtt.encode(mqtt.Publish(topic, b'{"x":1}', 1, 9)) * 500)
    return []


def slow_and_half_open(attack: Attack) -> list[str]:
    """Open lines that say nothing, one byte a second, or vanish; all are shown out."""
    lines = [socket.create_connection((HERE, attack.mqtt_port)) for _ in range(60)]
    raw = attack.login()
    try:
        for line in lines[20:40]:
            line.sendall(raw[:1])
        for line in lines[40:]:
            line.sendall(raw[:-1])
        time.sleep(1)
        for line in lines[20:40]:
            line.sendall(raw[1:2])
        late_s = attack.connect_s + 3
        end_s = time.monotonic() + late_s
        left = [line for line in lines if not hung_up(line, max(0.01, end_s - time.monotonic()))]
        return [f"{len(left)} silent lines stand after {late_s:g} s"] if left else []
    finally:
        for line in lines:
            line.close()


def vanish(line: socket.socket) -> bool:
    """Close a connection as a lost battery does: no FIN, no RST. False where we may not."""
    try:
        line.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, REPAIR_ON)
    except OSError:
        return False
    line.close()
    return True


# --- HTTP ------------------------------------------------------------------------------------


def smuggling(attack: Attack) -> list[str]:
    """Send two lengths at once: a front that believes the other one would see a second request."""
    hidden = b"GET /metrics HTTP/1.1\r\nHost: songhe\r\n\r\n"
    heads = {
        "length and chunks": b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n",
        "two lengths": b"Content-Length: 0\r\nContent-Length: %d\r\n",
        "odd chunks": b"Content-Length: %d\r\nTransfer-Encoding: xchunked\r\n",
        "signed length": b"Content-Length: +%d\r\n",
        "spaced name": b"Content-Length : %d\r\n",
    }
    found = []
    for name, head in heads.items():
        with attack.line(attack.http_port) as line:
            line.sendall(
                b"POST /v1/x/readings HTTP/1.1\r\nHost: songhe\r\n" + head % (5 + len(hidden))
                + b"\r\n0\r\n\r\n" + hidden
            )  # fmt: skip
            said, end_s = b"", time.monotonic() + ANSWER_S
            while time.monotonic() < end_s:
                line.settimeout(max(0.05, end_s - time.monotonic()))
                try:
                    piece = line.recv(65536)
                except (TimeoutError, ConnectionError):
                    break
                if not piece:
                    break
                said += piece
                if b"HTTP/1.1 400" in said:
                    break
            if b"songhe_gateway_" in said:
                found.append(f"{name}: the hidden request was answered")
            elif b"HTTP/1.1 400" not in said:
                found.append(f"{name}: not refused: {said[:60]!r}")
    return found


def endless_head(attack: Attack) -> list[str]:
    """Send a head that never ends: one line of megabytes, and lines without number."""
    found = []
    for name, piece in (("line", b"x" * 65536), ("lines", b"x: y\r\n" * 8000)):
        with attack.line(attack.http_port) as line, contextlib.suppress(ConnectionError):
            line.sendall(b"GET /healthz HTTP/1.1\r\nHost: songhe\r\nx: ")
            sent = pour(line, piece, most=64 << 20)
            if sent >= 16 << 20:
                found.append(f"an endless head of {sent >> 20} MB is taken ({name})")
    return found


def slow_heads(attack: Attack) -> list[str]:
    """Hold many connections with unfinished heads; others are still answered, and these end."""
    lines = [socket.create_connection((HERE, attack.http_port)) for _ in range(300)]
    found = []
    try:
        for line in lines:
            line.sendall(b"GET /healthz HTTP/1.1\r\nHost: so")
        if answer(attack.http_port, "/healthz") != 200:
            found.append("slow heads keep others out")
        end_s = time.monotonic() + 13
        left = [line for line in lines if not hung_up(line, max(0.01, end_s - time.monotonic()))]
        if left:
            found.append(f"{len(left)} unfinished heads stand after 13 s")
    finally:
        for line in lines:
            line.close()
    return found


def slow_body(attack: Attack) -> list[str]:
    """Sign in and send a body a byte at a time: it is given up, with an answer."""
    import base64

    login = base64.b64encode(f"{attack.key}:{attack.secret}".encode())
    with attack.line(attack.http_port) as line:
        line.sendall(
            b"POST /v1/%b/readings HTTP/1.1\r\nHost: songhe\r\nContent-Length: 1000\r\n"
            b"Authorization: Basic %b\r\n\r\n{" % (attack.key.encode(), login)
        )
        end_s = time.monotonic() + 14
        line.settimeout(1)
        while time.monotonic() < end_s:
            with contextlib.suppress(TimeoutError):
                said = line.recv(200)
                # A device that has spent its tokens is told that instead.
                well = any(status in said for status in (b" 408 ", b" 429 "))
                return [] if well else [f"a slow body is answered {said[:40]!r}"]
            line.sendall(b" ")
    return ["a slow body is waited for"]


def answer(port: int, path: str) -> int:
    """Return the status of a GET."""
    with socket.create_connection((HERE, port), timeout=ANSWER_S) as line:
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: songhe\r\nConnection: close\r\n\r\n".encode())
        said = line.recv(200)
    return int(said.split(b" ")[1]) if said.count(b" ") > 1 else 0


def reset(line: socket.socket) -> None:
    """Close with RST."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


QUICK: tuple[Callable[[Attack], list[str]], ...] = (
    malformed,
    second_connect,
    strange_logins,
    million_subscriptions,
    many_topics,
    deaf_pinger,
    deaf_publisher,
    smuggling,
    endless_head,
)
PATIENT: tuple[Callable[[Attack], list[str]], ...] = (slow_and_half_open, slow_heads, slow_body)


def everything(attack: Attack, others: Callable[[int], None]) -> list[str]:
    """Do all attacks, one after another; `others` waits for so many messages of good devices."""
    found: list[str] = []
    for one in (*QUICK, *PATIENT):
        try:
            found += [f"{one.__name__}: {what}" for what in one(attack)]
            others(20)
        except (AssertionError, OSError) as error:
            found.append(f"{one.__name__}: {type(error).__name__}: {error}")
    return found
