"""What higher rooms give to a sample, and who hears of one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from songhe.base.health.figures import Figures

Source = Callable[[datetime], Figures]
Listener = Callable[[datetime], object]
_sources: list[Source] = []
_listeners: list[Listener] = []


def contribute(source: Source) -> None:
    """Let a function give figures (names of `figures.FIGURES`) to every sample."""
    if source not in _sources:
        _sources.append(source)


def listen(listener: Listener) -> None:
    """Let a function hear of every stored sample, in the order in which they were taken."""
    if listener not in _listeners:
        _listeners.append(listener)


def sources() -> list[Source]:
    """Return every source."""
    return list(_sources)


def listeners() -> list[Listener]:
    """Return every listener."""
    return list(_listeners)
