"""A Merkle tree over a list that only grows, as RFC 6962 (2.1) and RFC 9162 define it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

_LEAF, _NODE = b"\x00", b"\x01"
EMPTY = hashlib.sha256(b"").digest()


def leaf(data: bytes) -> bytes:
    """Return the hash of one leaf; its prefix keeps a node from being passed off as a leaf."""
    return hashlib.sha256(_LEAF + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node over its two halves."""
    return hashlib.sha256(_NODE + left + right).digest()


class Tree:
    """A tree that leaves are added to, holding one hash a level: a million leaves are twenty."""

    def __init__(self) -> None:
        self.size = 0
        self._whole: list[tuple[int, bytes]] = []  # perfect subtrees, the largest first

    def add(self, data: bytes) -> None:
        """Add the next leaf."""
        height, found = 0, leaf(data)
        while self._whole and self._whole[-1][0] == height:
            found = node(self._whole.pop()[1], found)
            height += 1
        self._whole.append((height, found))
        self.size += 1

    def root(self) -> bytes:
        """Return the root hash over all leaves so far (the hash of nothing where there is none)."""
        if not self._whole:
            return EMPTY
        found = self._whole[-1][1]
        for _, left in reversed(self._whole[:-1]):
            found = node(left, found)
        return found


def root(leaves: Iterable[bytes]) -> bytes:
    """Return the root hash of a tree over these leaves."""
    tree = Tree()
    for data in leaves:
        tree.add(data)
    return tree.root()
