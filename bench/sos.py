"""`./dev bench sos`: from a button that is pressed to the phone of the worker who is to go.

At 10,000 readings a second from 1,000 connections, buttons are pressed 50 times a minute. A plain
client stands in for the operator: as soon as her event stream has the alarm she opens who could go
and sends the first, as her page does by two requests. The worker's phone is notified when its own
event stream has the notice. Without the operator's own time: she is a machine here.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from datetime import UTC, datetime
from urllib.error import HTTPError
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from bench.house import ROOT, Bench, Login, house
from bench.load import connect, publish, text
from bench.options import Options, percentile
from bench.pace import Outcome, Plan
from songhe.kernel import tickets
from songhe.kernel.wire import LiveTicket

READINGS = 10_000.0
A_MESSAGE = 5
SECONDS = 60.0
DEVICES, WORKERS = 1000, 12
A_MINUTE = 50
_WORKER = re.compile(r'name="worker" value="([0-9a-f-]{36})"')
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
_SENT = """
SELECT o.id::text, d.key FROM dispatch_order o
JOIN monitoring_alarmfinding l ON 'monitoring.Alarm/' || l.alarm_id = o.source_ref
JOIN finding f ON f.id = l.finding_id JOIN gateway_device d ON d.device = f.device
WHERE f.phase = 'raised' AND f.rule = 'sos'
"""
# Nobody answers here: after a minute the next is asked as well, by a notice of her own.
_NOTICES = """
SELECT DISTINCT ON (ref) id::text, substr(ref, 16) FROM notify_notice
WHERE kind = 'dispatch.help_wanted' ORDER BY ref, id
"""


class Stream(threading.Thread):
    """Reads an event stream; heard: when each event of a kind came, by its id."""

    def __init__(self, bench: Bench, topics: list[str], kind: str) -> None:
        super().__init__(daemon=True)
        ticket = tickets.sign(LiveTicket(UUID(int=0), topics, int(time.time()) + 60), bench.secret)
        self._stream = urllib.request.urlopen(
            f"http://127.0.0.1:{bench.port + 1}/stream?ticket={ticket}"
        )
        self._mark = f'"kind":"{kind}"'.encode()
        self.heard: dict[str, float] = {}
        self.fresh = threading.Condition()

    def run(self) -> None:
        """Read until the other side ends."""
        for line in self._stream:
            if line.startswith(b"data: ") and self._mark in line:
                event = json.loads(line[6:])
                with self.fresh:
                    self.heard.setdefault(event["id"], time.time())
                    self.fresh.notify_all()


class Operator(threading.Thread):
    """Sends somebody to every alarm, in the order in which they come; refused: what was not."""

    def __init__(self, bench: Bench, alarms: Stream, cookie: str) -> None:
        super().__init__(daemon=True)
        self._base = f"http://127.0.0.1:{bench.port}"
        self._alarms, self._cookie = alarms, cookie
        self.sent: dict[str, float] = {}
        self.refused: list[str] = []

    def run(self) -> None:
        """Answer alarms as long as the process lives."""
        done: set[str] = set()
        while True:
            with self._alarms.fresh:
                self._alarms.fresh.wait_for(lambda: set(self._alarms.heard) - done)
                waiting = [one for one in self._alarms.heard if one not in done]
            for alarm in waiting:
                done.add(alarm)
                try:
                    self._send(alarm)
                except (HTTPError, AttributeError) as error:
                    self.refused.append(f"{alarm}: {error}")

    def _ask(self, path: str, form: dict[str, str] | None = None, token: str = "") -> str:
        headers = {"Cookie": self._cookie, "HX-Request": "true", "X-CSRFToken": token}
        body = urlencode(form).encode() if form is not None else None
        if form is not None:
            headers |= {"Cookie": f"{self._cookie}; {self._csrf}", "Referer": self._base}
        request = urllib.request.Request(self._base + path, body, headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            for cookie in answer.headers.get_all("Set-Cookie") or []:
                if "csrf" in cookie:
                    self._csrf = cookie.split(";")[0]
            found: str = answer.read().decode()
        return found

    def _send(self, alarm: str) -> None:
        page = self._ask(f"/rescues/alarm/{alarm}/")
        worker, token = _WORKER.search(page), _TOKEN.search(page)
        if worker is None or token is None:
            raise AttributeError("nobody could be sent")
        form = {"worker": worker.group(1), "csrfmiddlewaretoken": token.group(1)}
        self._ask(f"/rescues/alarm/{alarm}/send/", form, token.group(1))
        self.sent[alarm] = time.time()


def _press(bench: Bench, logins: list[Login], seconds: float) -> dict[str, float]:
    """Press the button of one device after the other, evenly; return when each was sent."""
    sockets = []
    for login in logins:
        one = socket.create_connection(("127.0.0.1", bench.mqtt_port))
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        one.sendall(connect(login.key, login.secret))
        if one.recv(4)[3]:
            raise SystemExit("sign-in refused")
        sockets.append(one)
    began, sent = time.time(), {}
    for number, (login, one) in enumerate(zip(logins, sockets, strict=True)):
        time.sleep(max(0.0, began + number * seconds / len(logins) - time.time()))
        body = {"at": datetime.now(UTC).isoformat(), "event": "sos", "state": "pressed"}
        topic = text(f"songhe/1/{login.key}/events")
        sent[login.key] = time.time()
        one.sendall(publish(topic, 1, json.dumps(body).encode()))
    return sent


def run(options: Options) -> dict[str, float]:
    """Measure; what is lost on the way is counted, not left out."""
    seconds = options.seconds or SECONDS
    with house() as bench:
        options.say("a county, an operator, care workers")
        presses = max(1, round(A_MINUTE * seconds / 60))
        logins = bench.county((options.devices or DEVICES) + presses)
        staff = json.loads(bench.django("bench.sos_staff", str(WORKERS)))
        bench.gateway()
        bench.start("live", health=bench.port + 1)
        bench.start("jobs")
        bench.start("web", health=bench.port)
        alarms = Stream(bench, staff["topics"], "alarm")
        phones = Stream(bench, [f"user:{worker}" for worker in staff["workers"]], "notice")
        operator = Operator(bench, alarms, staff["session"])
        for thread in (alarms, phones, operator):
            thread.start()
        options.say("buttons under load")
        plan = Plan(
            port=bench.mqtt_port,
            logins=[(login.key, login.secret) for login in logins[presses:]],
            rate=(options.rate or READINGS) / A_MESSAGE,
            seconds=seconds,
            critical=0,
        )
        path = bench.folder / "plan.json"
        path.write_bytes(msgspec.json.encode(plan))
        command = [sys.executable, "-m", "bench.pace", str(path)]
        load = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        time.sleep(3.0)
        pressed = _press(bench, logins[:presses], seconds - 6.0)
        out, _ = load.communicate()
        outcome = msgspec.json.decode(out, type=Outcome)
        bench.settled("SELECT count(*) FROM dispatch_offer", presses)
        options.say("what came of it")
        orders = dict(bench.rows(_SENT))
        notices = {order: notice for notice, order in bench.rows(_NOTICES)}
        raised = bench.one("SELECT count(*) FROM monitoring_alarm WHERE rule = 'sos'")
        for name in ("web", "jobs", "live", "gateway"):
            bench.stop(name)
    keys = {key: order for order, key in orders.items()}
    took = []
    for key, at in pressed.items():
        heard = phones.heard.get(str(notices.get(keys.get(key))))
        if heard is not None:
            took.append((heard - at) * 1000)
    for refused in operator.refused[:3]:
        options.say(refused)
    return {
        "readings_per_s": outcome.sent * A_MESSAGE / (outcome.ended_s - outcome.began_s),
        "pressed": len(pressed),
        "raised": raised,
        "notified": len(took),
        "p50_ms": percentile(took, 0.5),
        "p99_ms": percentile(took, 0.99),
        "most_ms": max(took, default=0.0),
        "acknowledged_p99_ms": percentile(outcome.ack_ms, 0.99),
    }
