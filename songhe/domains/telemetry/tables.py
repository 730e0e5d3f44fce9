"""Tables of telemetry: readings as they are stored, dead letters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from songhe.domains.telemetry.kept import Term
from songhe.domains.telemetry.selectors import StoredReading, TermLine
from songhe.domains.telemetry.terms import (
    KEPT_WORDS,
    LetterState,
    Work,
    code_name,
    flag_words,
    in_english,
    reason_word,
    unit_words,
)
from songhe.kit import formats
from songhe.kit.statuses import status_words
from songhe.kit.tables import Column, Table


@dataclass(frozen=True, slots=True)
class ReadingRow:
    """One stored reading in words. void is the way to void it, None for who may not."""

    reading: StoredReading
    main: tuple[str, ...]
    device: str
    void: str | None

    @property
    def value(self) -> str:
        """Return the values that the table is about: 128/78 mmHg."""
        asked = [(code, value) for code, value in self.reading.values if code.key in self.main]
        asked.sort(key=lambda pair: self.main.index(pair[0].key))
        if not asked:
            return ""
        text = "/".join(code.text(value) for code, value in asked)
        return f"{text} {unit_words(asked[0][0])}".strip()

    @property
    def beside(self) -> str:
        """Return the other values of the same message."""
        return gettext(", ").join(
            f"{code_name(code)} {code.text(value)} {unit_words(code)}".strip()
            for code, value in self.reading.values
            if code.key not in self.main
        )

    @property
    def at(self) -> str:
        return (
            f"{formats.moment(self.reading.at)}:{formats.clock(self.reading.at, seconds=True)[6:]}"
        )

    @property
    def received(self) -> str:
        return formats.moment(self.reading.received_at)

    @property
    def flags(self) -> str:
        words = flag_words(self.reading.flags)
        return gettext(", ").join(words) if words else gettext("none")


class ReadingTable(Table):
    columns: ClassVar[Sequence[Column]] = (
        Column("at", _("Measured"), second=lambda row: row.beside),
        Column("value", _("Value")),
        Column("received", _("Received at")),
        Column("device", _("Device")),
        Column("flags", _("Remarks")),
    )
    per_page = 50
    caption = _("Readings")
    empty = _("No readings in this time")


class VoidableTable(ReadingTable):
    columns: ClassVar[Sequence[Column]] = (
        *ReadingTable.columns,
        Column("void", _("Void"), value=lambda _row: _("Void…"), link=lambda row: row.void),
    )


class Rows:
    """Rows fetched a page at a time: `fetch(limit, offset)` gives (rows, how many there are)."""

    def __init__(self, fetch: Callable[[int, int], tuple[list[Any], int]], per_page: int) -> None:
        self._fetch, self._per_page = fetch, per_page
        self._kept: dict[int, list[Any]] = {}
        self._count = -1

    def __len__(self) -> int:
        if self._count < 0:
            self._kept[0], self._count = self._fetch(self._per_page, 0)
        return self._count

    def __getitem__(self, page: slice) -> list[Any]:
        start = page.start or 0
        if start not in self._kept:
            self._kept[start], self._count = self._fetch(self._per_page, start)
        return self._kept[start]


class LetterTable(Table):
    columns = (
        Column(
            "received_at",
            _("Received at"),
            value=lambda row: formats.moment(row.received_at),
            link=lambda row: reverse("telemetry:letter", args=[row.pk]),
        ),
        Column("reason", _("Why it was not taken"), value=lambda row: reason_word(row.reason)),
        Column("device_key", _("Device key")),
        Column("topic", _("Topic")),
        Column("state", _("State"), value=lambda row: LetterState(row.state).label),
    )
    per_page = 50
    caption = _("Messages not taken")
    empty = _("Every message was understood")


def _counted(run: Any) -> str:
    if "error" in run.found:
        return str(run.found["words"])
    if run.work == Work.SEAL or not run.found:
        return formats.number(run.done)
    if run.work == Work.REGIONS:
        days = run.found["days"]
        return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
    gone = [f"{KEPT_WORDS[name]} {formats.number(n)}" for name, n in run.found.items() if n]
    return gettext(", ").join(gone) or gettext("nothing was out of time")


class RunTable(Table):
    columns = (
        Column("started_at", _("Begun"), value=lambda row: formats.moment(row.started_at)),
        Column("work", _("Work"), value=lambda row: row.get_work_display()),
        Column("day", _("Day"), value=lambda row: formats.short_date(row.day) if row.day else "–"),
        Column("state", _("State"), value=lambda row: row.get_state_display()),
        Column("done", _("How much"), value=_counted),
    )
    per_page = 20
    caption = _("What was done")
    empty = _("Nothing has been done yet")


def _kept_for(line: TermLine) -> str:
    days = line.term.days
    if not days:
        return gettext("for ever")
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}


SOURCES = {
    "ours": gettext_noop("our own choice"),
    "PIPL Art. 19": gettext_noop("PIPL Art. 19"),
    "PIPL Art. 28": gettext_noop("PIPL Art. 28"),
}


def _basis(term: Term) -> str:
    """Return what a term follows, and how sure that is."""
    source = gettext(SOURCES.get(term.source, term.source))
    return f"{source} · {status_words(term.status)}"


class TermTable(Table):
    columns = (
        Column("term", pgettext_lazy("kept", "What"), value=lambda row: KEPT_WORDS[row.term.name]),
        Column("days", _("Kept for"), value=_kept_for),
        Column(
            "why",
            _("Why"),
            value=lambda row: row.term.en if in_english() else row.term.zh,
            second=lambda row: _basis(row.term),
        ),
        Column(
            "until",
            _("Destroyed before"),
            value=lambda row: (
                formats.short_date(row.destroyed_until) if row.destroyed_until else "–"
            ),
        ),
    )
    caption = _("How long it is kept")


def reading_table(
    request: HttpRequest, rows: Rows | Sequence[ReadingRow], *, caption: str, voidable: bool
) -> Table:
    """Return the table of readings, with the way to void them for who may."""
    kind = VoidableTable if voidable else ReadingTable
    return kind(request, rows, caption=caption)
