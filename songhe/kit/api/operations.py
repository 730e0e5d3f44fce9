"""operation(): the only way to an address of the API. Who may ask is said there, as by screen()."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.urls import get_resolver
from ninja import Router
from ninja.constants import NOT_SET

from songhe.kit.screens import ACTION, patterns

F = TypeVar("F", bound=Callable[..., Any])
READS = frozenset({"GET"})


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address. `route` and `name` are whole once the URLconf is walked.

    refuses: what it may answer beyond what every operation may, as status codes.
    """

    method: str
    route: str
    name: str
    action: str | None
    refuses: tuple[int, ...] = ()

    @property
    def public(self) -> bool:
        return self.action is None

    @property
    def changes(self) -> bool:
        return self.method not in READS


class Operations(Router):
    """The operations of one room, under one heading of the document."""

    def __init__(self, heading: str) -> None:
        super().__init__(tags=[heading])

    def operation(
        self,
        method: str,
        path: str,
        *,
        returns: Any = NOT_SET,
        action: str | None = None,
        public: bool = False,
        status: int = 200,
        refuses: Sequence[int] = (),
    ) -> Callable[[F], F]:
        """Tie a function to a method of an address that only roles with `action` may ask.

        The function's name is the operation's, its docstring what the document says. `public=True`
        is for what everybody may know. Raises ImproperlyConfigured as screen() does.
        """
        if public == (action is not None):
            raise ImproperlyConfigured(f"{method} {path}: give an action, or public=True, not both")
        if action is not None and not ACTION.match(action):
            raise ImproperlyConfigured(f"{method} {path}: {action!r} is not domain.verb_noun")

        def tied(function: F) -> F:
            function.declared = Operation(  # type: ignore[attr-defined]
                method, path, function.__name__, action, tuple(refuses)
            )
            self.add_api_operation(
                path,
                [method],
                function,
                response={status: returns},
                operation_id=function.__name__,
            )
            return function

        return tied


def declared(function: Callable[..., Any]) -> Operation:
    """Return what was declared of a function; AttributeError where it was tied beside us."""
    found: Operation = function.declared  # type: ignore[attr-defined]
    return found


def operations_at(request: HttpRequest) -> dict[str, Operation]:
    """Return the operations of the request's address by method; none where it is no such one."""
    match = getattr(request, "resolver_match", None)
    found: dict[str, Operation] = getattr(match.func, "operations", {}) if match else {}
    return found


def operation_of(request: HttpRequest) -> Operation | None:
    """Return the operation that answers this request, None where none does."""
    return operations_at(request).get(request.method or "")


def all_operations() -> tuple[Operation, ...]:
    """Return every operation of the installed URLconf with its whole route and qualified name."""
    return tuple(
        replace(one, route=route, name=namespace + one.name)
        for route, namespace, pattern in patterns(get_resolver(), "", "")
        for one in getattr(pattern.callback, "operations", {}).values()
        if one.name == pattern.name
    )
