"""Makes a screenshot small: at most 256 colours, chosen by how often they stand in it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {2: 3, 6: 4}  # by PNG colour type: RGB, RGBA
MOST_COLOURS = 256
Bytes = NDArray[np.uint8]


def shrink(path: Path) -> int:
    """Write a picture anew with a palette; return its size in bytes."""
    pixels = _read(path.read_bytes())
    height, width, _ = pixels.shape
    palette, indexes = _reduced(pixels.reshape(-1, 3))
    rows = np.zeros((height, width + 1), np.uint8)  # the first byte: no filter
    rows[:, 1:] = indexes.reshape(height, width)
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = (
        (b"IHDR", header),
        (b"PLTE", palette.tobytes()),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    )
    path.write_bytes(SIGNATURE + b"".join(_chunk(kind, body) for kind, body in parts))
    return path.stat().st_size


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length


def _read(data: bytes) -> Bytes:
    """Return the pixels, uint8 (height, width, 3), of an 8-bit RGB or RGBA picture."""
    chunks = list(_chunks(data))
    width, height, depth, kind = struct.unpack(">IIBB", chunks[0][1][:10])
    if depth != 8 or kind not in CHANNELS:
        raise ValueError(f"not an 8-bit RGB picture: depth {depth}, colour type {kind}")
    step = CHANNELS[kind]
    raw = zlib.decompress(b"".join(body for name, body in chunks if name == b"IDAT"))
    lines = np.frombuffer(raw, np.uint8).reshape(height, width * step + 1)
    found = np.zeros((height, width * step), np.uint8)
    above = np.zeros(width * step, np.uint8)
    for y, line in enumerate(lines):
        above = found[y] = _unfiltered(int(line[0]), line[1:], above, step)
    return found.reshape(height, width, step)[:, :, :3]


def _unfiltered(kind: int, line: Bytes, above: Bytes, step: int) -> Bytes:
    """Undo one line's filter (PNG specification, 9.2)."""
    if kind == 0:
        return line
    if kind == 1:
        sums = np.cumsum(line.reshape(-1, step).astype(np.uint32), axis=0)
        return sums.astype(np.uint8).ravel()
    if kind == 2:
        return line + above
    values, up = line.tolist(), above.tolist()
    for i, over in enumerate(up):
        left = values[i - step] if i >= step else 0
        if kind == 3:
            guess = (left + over) // 2
        else:
            corner = up[i - step] if i >= step else 0
            guess = min((left, over, corner), key=lambda one: abs(left + over - corner - one))
        values[i] = (values[i] + guess) & 255
    return np.array(values, np.uint8)


def _reduced(pixels: Bytes) -> tuple[Bytes, Bytes]:
    """Return a palette (n, 3) and each pixel's index: frequent colours stay, others go near."""
    colours, inverse, counts = np.unique(pixels, axis=0, return_inverse=True, return_counts=True)
    wide = colours.astype(np.int32)
    kept = list(np.argsort(-counts)[: MOST_COLOURS // 2])
    distance = np.min(((wide[:, None] - wide[kept]) ** 2).sum(axis=2), axis=1)
    while len(kept) < min(MOST_COLOURS, len(colours)):
        # the colour that is missed most: by how often it stands there and how far it is
        worst = int(np.argmax(distance * np.sqrt(counts)))
        kept.append(worst)
        distance = np.minimum(distance, ((wide - wide[worst]) ** 2).sum(axis=1))
    nearest = np.argmin(((wide[:, None] - wide[kept]) ** 2).sum(axis=2), axis=1)
    return colours[kept], nearest.astype(np.uint8)[inverse.reshape(-1)]
