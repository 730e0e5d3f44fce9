"""Who watches during a drill: a browser's event stream, the pages, and the memory."""

from __future__ import annotations

import contextlib
import http.client
import http.cookiejar
import json
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import UTC, datetime
from uuid import UUID

from songhe.domains.monitoring.terms import PLATFORM_TOPIC
from songhe.kernel import tickets
from songhe.kernel.wire import LiveTicket
from tests.support.drill.house import DrillHouse

COMES_BACK_S = 0.5
SILENT_S = 25.0
NOBODY = UUID(int=0)


class Stream:
    """The event stream of one browser, which comes back as a browser does.

    After a lost connection it asks for what was said since it last heard anything, as a page does
    that was drawn then.
    """

    def __init__(self, house: DrillHouse) -> None:
        self._house = house
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stream", daemon=True)
        self.heard: set[str] = set()
        self.connections = 0
        self.resyncs = 0
        # Everything raised before this is known: a resync lets the page ask for the whole list.
        self.knows_until = 0.0
        self._last = time.time()

    def start(self) -> Stream:
        self._thread.start()
        return self

    def stop(self) -> None:
        """End after what comes within a moment."""
        self._stopping.set()
        self._thread.join(SILENT_S + 5)

    def _run(self) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException):
                self._listen()
            self._stopping.wait(COMES_BACK_S)

    def _listen(self) -> None:
        offset_s = self._house.clock.offset_s if self._house.clock else 0.0
        ticket = LiveTicket(
            user=NOBODY,
            # People's alarms and the platform's own: a database that was away is one of these.
            topics=["region:990121", PLATFORM_TOPIC],
            exp=int(time.time() + offset_s) + 60,
        )
        drawn = datetime.fromtimestamp(self._last + offset_s, UTC).isoformat()
        asked = urllib.parse.urlencode(
            {"ticket": tickets.sign(ticket, self._house.secret()), "since": drawn}
        )
        port = self._house.live_port
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SILENT_S)
        try:
            connection.request("GET", f"/stream?{asked}", headers={"Host": f"localhost:{port}"})
            answer = connection.getresponse()
            if answer.status != 200:
                return
            self.connections += 1
            while not self._stopping.is_set():
                line = answer.readline()
                if not line:
                    return
                if line.startswith(b"data: "):
                    self._hear(json.loads(line[6:]))
        finally:
            connection.close()

    def _hear(self, said: dict[str, str]) -> None:
        self._last = time.time()
        if said["kind"] == "resync":
            self.resyncs += 1
            self.knows_until = self._last
        elif said["kind"] == "alarm":
            self.heard.add(said["id"])


class Desk:
    """The operator's pages, signed in once."""

    def __init__(self, house: DrillHouse) -> None:
        self._house = house
        self._jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._jar))

    def _open(self, path: str, data: bytes | None = None) -> tuple[int, str]:
        address = f"http://localhost:{self._house.web_port}{path}"
        request = urllib.request.Request(address, data=data, headers={"Referer": address})
        try:
            with self._opener.open(request, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode("utf-8", "replace")

    def sign_in(self) -> None:
        """Sign in through the page, as a person does."""
        _, page = self._open("/sign-in/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token is not None
        facts = self._house.facts
        form = {"csrfmiddlewaretoken": token[1], "login": facts["login"],
                "password": facts["password"]}  # fmt: skip
        self._open("/sign-in/", urllib.parse.urlencode(form).encode())
        assert any("session" in cookie.name for cookie in self._jar), "nobody is signed in"

    def alarms_shown(self) -> int:
        """Return how many alarms the list of the desk links to; the page must answer 200."""
        status, page = self._open("/desk/list/")
        assert status == 200, f"the desk answers {status}"
        return len(set(re.findall(r"/desk/alarms/([0-9a-f-]{36})/", page)))
