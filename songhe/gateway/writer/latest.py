"""The newest value of every code of every subject, in memory; the table follows it."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from songhe.gateway.writer import rows
from songhe.kernel.wire import Reading

Cell = tuple[int, float, UUID]


class Row:
    """A subject's newest values: code to (effective time in us, value, device)."""

    __slots__ = ("cells", "kind", "subject")

    def __init__(self, subject: UUID, kind: int, cells: dict[int, Cell]) -> None:
        self.subject = subject
        self.kind = kind
        self.cells = cells


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
        self._rows[subject.int] = Row(subject, kind, cells)

    def plan(self, readings: Iterable[Reading]) -> dict[int, Row]:
        """Return the new cells that readings bring, by subject; memory is not changed."""
        planned: dict[int, Row] = {}
        known = self._rows
        for reading in readings:
            subject, at_us = reading.subject.int, reading.effective_us
            row = planned.get(subject)
            if row is None:
                row = planned[subject] = Row(reading.subject, reading.subject_kind, {})
            old = known.get(subject)
            old_cells = old.cells if old is not None else {}
            cells, device = row.cells, reading.device
            for code, value in zip(reading.codes, reading.values, strict=True):
                cell = cells.get(code) or old_cells.get(code)
                if cell is None or at_us > cell[0]:
                    cells[code] = (at_us, value, device)
        return planned

    def merge(self, planned: dict[int, Row]) -> None:
        """Take planned cells over, after their readings were committed."""
        for subject, row in planned.items():
            if not row.cells:
                continue
            known = self._rows.get(subject)
            if known is None:
                self._rows[subject] = row
            else:
                known.cells.update(row.cells)
            self.dirty.add(subject)

    def packed(self, subjects: Iterable[int], planned: dict[int, Row], now_us: int) -> bytes:
        """Return subjects' rows as a COPY stream, planned cells over remembered ones."""
        out = []
        for subject in subjects:
            known, new = self._rows.get(subject), planned.get(subject)
            cells = {**(known.cells if known else {}), **(new.cells if new else {})}
            row = new or known
            if cells and row is not None:
                out.append(rows.latest(row.subject, row.kind, cells, now_us))
        return rows.stream(out)
