"""Slots: places on lower pages that higher domains fill, so that no lower domain knows of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

SlotFunction = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Filler:
    """One function in a slot; with an action, only actors who may do it get to see its work."""

    order: int
    func: SlotFunction
    action: str | None


_slots: dict[str, list[Filler]] = {}


def register(slot: str, order: int, func: SlotFunction, *, action: str | None = None) -> None:
    """Put a function into a slot; the same function twice is there once (apps may be re-readied).

    In a slot of panels it is called with (request, obj) and returns HTML or None; plain text is
    escaped. In a slot of values (`page.alarms_lit`) it is called with the arguments of `values`.
    """
    fillers = [f for f in _slots.get(slot, []) if f.func is not func]
    fillers.append(Filler(order, func, action))
    fillers.sort(key=lambda f: f.order)
    _slots[slot] = fillers


def withdraw(slot: str, func: SlotFunction) -> None:
    """Take a function out of a slot again; nothing happens when it is not there."""
    _slots[slot] = [f for f in _slots.get(slot, []) if f.func is not func]


def render(slot: str, request: HttpRequest, obj: Any = None) -> SafeString:
    """Return the HTML of all panels in a slot that the request's actor may see, in order."""
    pieces = [f.func(request, obj) for f in _slots.get(slot, []) if _may_see(f, request)]
    return mark_safe("".join(conditional_escape(p) for p in pieces if p))  # noqa: S308


def values(slot: str, request: HttpRequest, *args: Any) -> list[Any]:
    """Return what every function in a slot says that the request's actor may hear, in order."""
    return [f.func(request, *args) for f in _slots.get(slot, []) if _may_see(f, request)]


def _may_see(filler: Filler, request: HttpRequest) -> bool:
    if filler.action is None:
        return True
    actor = getattr(request, "actor", None)
    return actor is not None and bool(actor.may(filler.action))
