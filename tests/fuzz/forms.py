"""Every form of every screen as a role meets it, and what hostile people send to it."""

from __future__ import annotations

import copy
import io
import logging
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from hypothesis import strategies as st

from songhe.kit.screens import Screen
from tests.access.test_matrix import QUIET

Values = dict[str, list[str]]
# What must never be read in an answer: our insides.
INSIDES = ("Traceback (most recent", "psycopg", 'File "/', "DataError", "django.db", "SELECT ")
# A page that says that something outside is away may do so: nothing outside is there in tests.
OUTSIDE = {"signin:outside", "signin:outside_link", "signin:outside_back"}


Mark = list[tuple[str, int, int]]


@cache
def _fingerprint_sql() -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        )
        tables = sorted(row[0] for row in cursor.fetchall() if row[0] not in QUIET)
    counted = " UNION ALL ".join(
        f"SELECT '{table}', count(*), coalesce(sum(hashtext(t::text)::bigint), 0) FROM {table} t"
        for table in tables
    )
    return f"{counted} ORDER BY 1"


def fingerprint() -> Mark:
    """Return count and checksum of every table that a refusal must leave alone."""
    with connection.cursor() as cursor:
        cursor.execute(_fingerprint_sql())
        return cursor.fetchall()


def rows_written() -> int:
    """Return how many rows this transaction touched, also those that it took back since."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)"
            " FROM pg_stat_xact_user_tables WHERE NOT relname = ANY(%s)",
            [sorted(QUIET)],
        )
        return int(cursor.fetchone()[0])


@dataclass(frozen=True)
class Form:
    """A form as it stood on a page: `fields` are name to (type, values it was sent with)."""

    screen: str
    action: str
    method: str
    fields: dict[str, tuple[str, tuple[str, ...]]] = field(hash=False)

    @property
    def key(self) -> tuple[str, str, tuple[str, ...]]:
        """Return what makes two forms the same: where it leads but for ids, and its fields."""
        path = re.sub(r"[0-9a-f-]{36}", "*", urlsplit(self.action).path)
        return self.method, path, tuple(sorted(self.fields))

    def usual(self) -> Values:
        """Return what is sent when nobody touches anything."""
        return {name: list(values) for name, (_, values) in self.fields.items()}


class _Reader(HTMLParser):
    """Collects the forms of a page and the names of questions in its links."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, str, dict[str, tuple[str, list[str]]]]] = []
        self.asked: dict[str, str] = {}
        self._by_id: dict[str, int] = {}
        self._open: int | None = None
        self._select: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            method = given.get("method", "get").lower()
            self.forms.append((given.get("action", ""), method, {}))
            self._open = len(self.forms) - 1
            if "id" in given:
                self._by_id[given["id"]] = self._open
        elif tag in ("input", "textarea", "select", "button"):
            at = self._by_id.get(given.get("form", ""), self._open)
            self._select = None
            if at is None or not given.get("name"):
                return
            kind = tag if tag != "input" else given.get("type", "text")
            fields = self.forms[at][2]
            values = fields.setdefault(given["name"], (kind, []))[1]
            if tag == "select":
                self._select = values
            elif kind in ("radio", "checkbox") and "checked" not in given:
                return
            elif tag != "textarea":
                values.append(given.get("value", ""))
        elif tag == "option" and self._select is not None and not self._select:
            self._select.append(given.get("value", ""))
        elif tag == "a" and "?" in given.get("href", ""):
            self.asked |= dict(parse_qsl(urlsplit(given["href"]).query, keep_blank_values=True))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


def forms_of(screen: Screen, url: str, html: str) -> list[Form]:
    """Return the forms of a page, and one for the questions that its links ask in addresses."""
    reader = _Reader()
    reader.feed(html)
    found = []
    for action, method, fields in reader.forms:
        kept = {name: (kind, tuple(values)) for name, (kind, values) in fields.items()}
        if method != "dialog":
            found.append(Form(screen.name, action or url, method, kept))
    if reader.asked:
        asked = {name: ("link", (value,)) for name, value in reader.asked.items()}
        found.append(Form(screen.name, urlsplit(url).path, "get", asked))
    return found


def png(width: int, height: int, rows: bytes) -> bytes:
    """Return a PNG that claims a size; what it holds may be something else."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        whole = kind + body
        return struct.pack(">I", len(body)) + whole + struct.pack(">I", zlib.crc32(whole))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def zipped(**parts: bytes) -> bytes:
    """Return a zip archive, as tables are."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            archive.writestr(name.replace("__", "/") + ".xml", body)
    return whole.getvalue()


ENTITY = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">'
    b'<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&e;&b;</x>'
)
FILES = {
    "nothing": b"",
    "a picture bomb": png(60_000, 60_000, b"\0" * 1_000_000),
    "half a picture": png(4, 4, b"\0" * 20)[:30],
    "a lie": b"MZ\x90\0" + b"\0" * 200,
    "a page": b"<html><script>alert(1)</script>",
    "a drawing": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "an archive bomb": zipped(
        xl__workbook=b"\0" * 20_000_000, xl__worksheets__sheet1=b" " * 9_000_000
    ),
    "outer entities": zipped(xl__workbook=ENTITY, xl__sharedStrings=ENTITY),
    "half an archive": zipped(xl__workbook=b"x")[:40],
    "a table of nonsense": "姓名,\0,=cmd|' /C calc'!A0\n\"\n\xff".encode("utf-8", "replace"),
    "a paper": b"%PDF-1.7\n/JavaScript /OpenAction" + b"\xff" * 300,
}
NAMES = (
    "a.png",
    "a.xlsx",
    "a.csv",
    "../../etc/passwd",
    "x" * 300 + ".png",
    "a\r\nX: y.png",
    "表.xlsx",
    "",
)
HOSTILE = (
    "", " ", "0", "-1", "1e309", "NaN", "-0.0", "9" * 30, "99999999999999999999", "2147483648",
    "9223372036854775808", "true", "null", "undefined", "[]", "{}", "\x00", "a\x00b", "\x1b[2J",
    "\r\nX: y",
    "'; DROP TABLE people_person; --", '" OR 1=1 --', "%", "_%_", "\\", "$1", "%s%n",
    "{0.__class__}",
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7|add:7 }}",
    "{% load x %}",
    "../../../etc/passwd", "=cmd|' /C calc'!A0", "\u202e\u2066陈秀兰\u2069", "\ufeff\u200b",
    "👵🏽‍🦽" * 50,
    "é" * 5_000, "\u0301" * 3_000, "\ud800", "\udfff\ud800", "\uffff\U0010ffff", "٣٤",
    "１９９１１１１０００１", "Ⅷ",
    "0001-01-01", "9999-12-31", "2026-02-30", "10000-01-01", "2026-11-22T25:61", "24:00", "-1:00",
    "00000000-0000-0000-0000-000000000000", "not-a-uuid", "people.Person", "*", "990121" * 9,
    "110105194912310021", "11010519491231002X", "+86 199 1111 0001", "199", "1" * 400,
)  # fmt: skip
text = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(), max_size=40),
    st.integers().map(str),
    st.floats().map(str),
    st.dates().map(str),
)


def values(form: Form) -> st.SearchStrategy[tuple[Values, bool]]:
    """Return what is sent: some fields hostile, some twice, some not, some unasked."""
    names = sorted(form.fields)

    @st.composite
    def drawn(draw: Any) -> tuple[Values, bool]:
        sent = form.usual()
        touched = draw(st.lists(st.sampled_from(names), unique=True, max_size=4)) if names else []
        for name in touched or names[:6]:
            sent[name] = (
                draw(st.lists(text, min_size=0, max_size=2))
                if draw(st.integers(0, 4)) == 0
                else [draw(text)]
            )
        if draw(st.integers(0, 9)) == 0:
            sent[draw(text)] = [draw(text)]
        return sent, draw(st.booleans())

    return drawn()


@dataclass
class Sent:
    """What came back: status, what our log says of a fault, words of our insides, changes."""

    status: int
    fault: str
    insides: list[str]
    changed: bool


class _Faults(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said = ""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            self.said = record.getMessage()
            return
        trace, frames = error.__traceback__, []
        while trace is not None:
            code = trace.tb_frame.f_code
            if "/songhe/" in code.co_filename:
                frames.append(f"{code.co_filename.rpartition('/songhe/')[2]}:{trace.tb_lineno}")
            trace = trace.tb_next
        self.said = (
            f"{type(error).__name__}: {str(error)[:120]!r} at {' < '.join(frames[::-1][:3])}"
        )


@contextmanager
def faults() -> Iterator[_Faults]:
    """Hear what the pages' log says of faults."""
    hearing, logger = _Faults(), logging.getLogger("songhe.web")
    logger.addHandler(hearing)
    try:
        yield hearing
    finally:
        logger.removeHandler(hearing)


def encoded(sent: Values) -> str:
    """Return a body as a browser would send it, and what none would: halves of surrogates."""
    pairs = [(name, one) for name, many in sent.items() for one in many]
    return urlencode(pairs, encoding="utf-8", errors="surrogatepass")


def post(
    client: Client, form: Form, sent: Values, before: Mark | None, *, as_fragment: bool
) -> Sent:
    """Send a form and take back what it did; look for changes when it was refused."""
    kept = copy.deepcopy(client.cookies)
    headers = {"HX-Request": "true", "HX-Current-URL": form.action} if as_fragment else {}
    with transaction.atomic(), faults() as heard:
        touched = rows_written()
        if form.method == "get":
            path = urlsplit(form.action).path
            response = client.generic("GET", path, QUERY_STRING=encoded(sent), headers=headers)
        else:
            body = encoded(sent)
            kind = "application/x-www-form-urlencoded"
            response = client.generic("POST", form.action, body, kind, headers=headers)
        result = _read(response, heard)
        result.changed = before is not None and _changed(result.status, touched, before)
        transaction.set_rollback(True)
    client.cookies = kept
    return result


def upload(client: Client, form: Form, name: str, file: tuple[str, bytes], before: Mark) -> Sent:
    """Send a file where a form takes one."""
    sent: dict[str, Any] = {n: v[0] if len(v) == 1 else v for n, v in form.usual().items()}
    body = SimpleUploadedFile("x", file[1], "image/png")
    body._name = file[0]  # type: ignore[attr-defined]
    with transaction.atomic(), faults() as heard:
        touched = rows_written()
        response = client.post(form.action, sent | {name: body})
        result = _read(response, heard)
        result.changed = _changed(result.status, touched, before)
        transaction.set_rollback(True)
    return result


def _changed(status: int, touched: int, before: Mark) -> bool:
    """Tell whether what was refused is there all the same; most refusals wrote nothing at all."""
    if not 400 <= status < 500 or connection.needs_rollback or rows_written() == touched:
        return False
    return fingerprint() != before


def _read(response: Any, heard: _Faults) -> Sent:
    body = b"".join(response.streaming_content) if response.streaming else response.content
    page = body.decode("utf-8", "replace")
    shown = page if "html" in response.get("Content-Type", "") else ""
    return Sent(response.status_code, heard.said, [w for w in INSIDES if w in shown], False)


def wrong(form: Form, result: Sent) -> str:
    """Return what is wrong with an answer, "" when nothing is."""
    if result.status >= 500 and not (result.status == 503 and form.screen in OUTSIDE):
        return f"{result.status} {result.fault}"
    if result.insides:
        return f"shows {result.insides}"
    return f"{result.status}, and something changed" if result.changed else ""


def hostile_paths(url: str, screen: Screen) -> list[str]:
    """Return the address with hostile words where its route takes words."""
    if not re.search(r"<(str|slug):", screen.route):
        return []
    parts = urlsplit(url).path.split("/")
    takes = [
        at
        for at, part in enumerate(f"/{screen.route}".split("/"))
        if re.match(r"<(str|slug):", part)
    ]
    found = []
    for word in ("\x00", "%", "'", "a" * 500, "-1", "..%2f", "陈", "0.0.0.0", "1.2.3.4", "None"):
        changed = list(parts)
        for at in takes:
            changed[at] = quote(word, safe="%")
        found.append("/".join(changed))
    return found
