"""The newest value of every code of every subject, in memory; the table follows it."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from songhe.gateway.writer import rows
from songhe.kernel.wire import Reading

Cell = tuple[int, float, UUID]
Entry = tuple[int, tuple[float, ...], UUID]
# A subject whose devices send ever other combinations of codes is brought back to one code each.
ENTRIES_MAX = 24


class Row:
    """A subject's newest messages: codes to (effective time in us, their values, device).

    Kept by combination of codes, so that a message costs one look and not one for each code; what
    is newest of a code is found when the row is written.
    """

    __slots__ = ("entries", "kind", "subject")

    def __init__(self, subject: UUID, kind: int) -> None:
        self.subject = subject
        self.kind = kind
        self.entries: dict[tuple[int, ...], Entry] = {}

    def cells(self) -> dict[int, Cell]:
        """Return code to (effective time, value, device); of two at one time the first."""
        found: dict[int, Cell] = {}
        for codes, (at_us, values, device) in self.entries.items():
            for code, value in zip(codes, values, strict=True):
                known = found.get(code)
                if known is None or at_us > known[0]:
                    found[code] = (at_us, value, device)
        return found

    def set_cells(self, cells: dict[int, Cell]) -> None:
        """Keep one entry a code."""
        self.entries = {
            (code,): (at_us, (value,), device) for code, (at_us, value, device) in cells.items()
        }


class Latest:
    """What table `latest` says or will say. Newest by effective time; of two at one time the first.

    A batch's changes are planned first and merged after its commit, so that memory never holds a
    value whose reading is not stored. Keys are the subjects' ids as numbers, quicker to hash.
    """

    def __init__(self) -> None:
        self._rows: dict[int, Row] = {}
        self.dirty: set[int] = set()

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, subject: UUID, kind: int, cells: dict[int, Cell]) -> None:
        """Take over a stored row (at start)."""
        row = self._rows[subject.int] = Row(subject, kind)
        row.set_cells(cells)

    def plan(self, readings: Iterable[Reading]) -> dict[int, Row]:
        """Return the entries that readings renew, by subject; memory is not changed."""
        planned: dict[int, Row] = {}
        known = self._rows
        for reading in readings:
            subject, codes, at_us = reading.subject.int, reading.codes, reading.effective_us
            row = planned.get(subject)
            entry = row.entries.get(codes) if row is not None else None
            if entry is None and subject in known:
                entry = known[subject].entries.get(codes)
            if entry is not None and at_us <= entry[0]:
                continue
            if row is None:
                row = planned[subject] = Row(reading.subject, reading.subject_kind)
            row.entries[codes] = (at_us, reading.values, reading.device)
        return planned

    def merge(self, planned: dict[int, Row]) -> None:
        """Take planned entries over, after their readings were committed."""
        for subject, row in planned.items():
            known = self._rows.get(subject)
            if known is None:
                self._rows[subject] = row
            else:
                known.entries.update(row.entries)
                if len(known.entries) > ENTRIES_MAX:
                    known.set_cells(known.cells())
        self.dirty.update(planned)

    def packed(self, subjects: Iterable[int], planned: dict[int, Row], now_us: int) -> bytes:
        """Return rows as a COPY stream, planned entries over remembered ones; of none, nothing."""
        out = []
        for subject in subjects:
            row, new = self._rows.get(subject), planned.get(subject)
            if new is not None and row is not None:
                both = Row(row.subject, row.kind)
                both.entries = {**row.entries, **new.entries}
                row = both
            row = row or new
            if row is not None:
                out.append(rows.latest(row.subject, row.kind, row.cells(), now_us))
        return rows.stream(out) if out else b""
