"""The files of imports: kept sealed in pieces, opened in memory, thrown away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from songhe.base import vault
from songhe.engines.exchange.models import ImportPiece, ImportRun
from songhe.engines.exchange.terms import Piece
from songhe.kernel.ids import uuid7

SIZE = 2**20


def keep(run: ImportRun, body: bytes) -> None:
    """Seal an uploaded file in pieces of a megabyte."""
    for number, begin in enumerate(range(0, len(body), SIZE)):
        _put(run, Piece.UPLOAD, number, body[begin : begin + SIZE])


def body_of(run: ImportRun) -> bytes:
    """Return an uploaded file. Raises VaultClosed."""
    return b"".join(_open(run, Piece.UPLOAD))


def keep_wrong(run: ImportRun, number: int, rows: list[dict[str, Any]]) -> None:
    """Seal rows that are wrong, with what is wrong with them."""
    _put(run, Piece.WRONG, number, json.dumps(rows, ensure_ascii=False).encode())


def wrong_of(run: ImportRun) -> Iterator[dict[str, Any]]:
    """Yield the rows that are wrong, in the file's order. Raises VaultClosed."""
    for body in _open(run, Piece.WRONG):
        yield from json.loads(body)


def forget(run: ImportRun, of: Piece) -> None:
    """Throw a run's file, or its wrong rows, away."""
    ImportPiece.objects.filter(run=run, of=of).delete()


def _put(run: ImportRun, of: Piece, number: int, body: bytes) -> None:
    pk = uuid7()
    sealed = vault.seal_bytes(body, field=ImportPiece.FIELD, pk=pk)
    ImportPiece.objects.create(id=pk, run=run, of=of, number=number, body_sealed=sealed)


def _open(run: ImportRun, of: Piece) -> Iterator[bytes]:
    pieces = ImportPiece.objects.filter(run=run, of=of).order_by("number")
    for piece in pieces.iterator(chunk_size=4):
        yield vault.unseal_bytes(piece.body_sealed, field=ImportPiece.FIELD, pk=piece.pk)
