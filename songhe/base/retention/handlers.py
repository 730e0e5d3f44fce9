"""Who destroys what: each handler knows some classes, counts what is due and destroys it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from songhe.base.retention import classes
from songhe.base.retention.classes import DataClass
from songhe.base.retention.held import Held


@dataclass(frozen=True, slots=True)
class Due:
    """What is out of time: how many rows or values, and since when the oldest that stands is."""

    count: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Ask:
    """One class to be counted or destroyed: what is older than `before`, but not what is held."""

    data_class: DataClass
    before: datetime
    at: datetime
    held: Held


class Work(Protocol):
    """What a handler tells while it destroys."""

    def count(self, rows: int) -> None:
        """Count what went; called inside the transaction in which it goes."""

    def note(self, **said: object) -> None:
        """Note something for who reads the run: no personal data."""

    def goes_on(self) -> bool:
        """Tell whether to go on; called between two pieces, outside any transaction."""


@dataclass(frozen=True, slots=True)
class Handler:
    """name is what classes refer to; classes: those that it brings along itself."""

    name: str
    find: Callable[[Ask], Due]
    destroy: Callable[[Ask, Work], None]
    classes: Callable[[], Sequence[DataClass]] = lambda: ()


_handlers: dict[str, Handler] = {}


def register(handler: Handler) -> None:
    """Let a handler destroy its classes."""
    _handlers[handler.name] = handler


def handler_of(data_class: DataClass) -> Handler:
    """Return who destroys a class."""
    return _handlers[data_class.handler or "rows"]


def all_classes() -> dict[str, DataClass]:
    """Return every class by name, in the order in which they are destroyed."""
    brought = {one.name: one for handler in _handlers.values() for one in handler.classes()}
    return brought | classes.packaged()
