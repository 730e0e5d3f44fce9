"""Whether a body has the shape that its schema says, and where it has not: shapes.yaml, read."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any

import yaml

DEEPEST = 40
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_NAME = re.compile(r"(?P<space>[a-z]+)/(?P<name>[a-z-]+)-(?P<major>\d+)(\.(?P<minor>\d+))?")


class Misfit(Exception):
    """A body does not fit; the text says where and why."""


@cache
def _shapes() -> dict[str, Any]:
    text = (resources.files("songhe.gateway.decoders.openmhealth") / "shapes.yaml").read_text()
    found: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)["shapes"]
    return found


@cache
def find(name: str) -> Any:
    """Return the shape of `space/name-1.0`, or of `space/name-1`, the newest; KeyError."""
    shapes = _shapes()
    if name in shapes:
        return shapes[name]
    parts = _NAME.fullmatch(name)
    if parts is None:
        raise KeyError(name)
    space, major = parts["space"], parts["major"]
    if space == "ieee":
        # The base shapes moved to IEEE 1752.1 as they were.
        return find(f"omh/{parts['name']}-{major}")
    if parts["minor"] is not None:
        raise KeyError(name)
    prefix = f"{space}/{parts['name']}-{major}."
    versions = [int(key.removeprefix(prefix)) for key in shapes if key.startswith(prefix)]
    if not versions:
        raise KeyError(name)
    return shapes[f"{prefix}{max(versions)}"]


def check(name: str, body: object) -> None:
    """Raise Misfit when a body is none of this schema, KeyError for a schema that is not known."""
    _fit(find(name), body, "body", 0)


def is_instant(given: object) -> bool:
    """Tell whether a text is a date and time of RFC 3339, with its zone."""
    if not isinstance(given, str) or _INSTANT.fullmatch(given) is None:
        return False
    try:
        datetime.fromisoformat(given.upper())
    except ValueError:
        return False
    return True


def _is_number(given: object) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool)


def _is_whole(given: object) -> bool:
    if isinstance(given, float):
        return given.is_integer()
    return isinstance(given, int) and not isinstance(given, bool)


_SIMPLE: dict[str, tuple[Callable[[object], bool], str]] = {
    "any": (lambda given: True, "anything"),
    "text": (lambda given: isinstance(given, str), "a text"),
    "number": (_is_number, "a number"),
    "integer": (_is_whole, "a whole number"),
    "boolean": (lambda given: isinstance(given, bool), "true or false"),
    "object": (lambda given: isinstance(given, dict), "an object"),
    "array": (lambda given: isinstance(given, list), "an array"),
    "instant": (is_instant, "a date and time with its zone (RFC 3339)"),
    "address": (
        lambda given: isinstance(given, str) and _ADDRESS.fullmatch(given) is not None,
        "an address (URI)",
    ),
}


def _fit(shape: Any, given: object, place: str, depth: int) -> None:
    if depth > DEEPEST:
        raise Misfit(f"{place}: nested too deeply")
    if isinstance(shape, str):
        simple = _SIMPLE.get(shape)
        if simple is None:
            _fit(find(shape), given, place, depth + 1)
        elif not simple[0](given):
            raise Misfit(f"{place}: {simple[1]} was expected")
        return
    for kind, rule in shape.items():
        _KINDS[kind](rule, given, place, depth + 1)


def _has(fields: dict[str, Any], given: object, place: str, depth: int) -> None:
    if not isinstance(given, dict):
        raise Misfit(f"{place}: an object was expected")
    for name, shape in fields.items():
        key = name.removesuffix("!")
        if key in given:
            _fit(shape, given[key], f"{place}.{key}", depth)
        elif name != key:
            raise Misfit(f"{place}: {key} is missing")


def _quantity(units: list[str], given: object, place: str, depth: int) -> None:
    _has({"value!": "number", "unit!": {"in": units}}, given, place, depth)


def _in(words: list[Any], given: object, place: str, depth: int) -> None:
    if not isinstance(given, str | int | float) or given not in words:
        shown = repr(given)[:40] if isinstance(given, str | int | float) else "this"
        known = ", ".join(str(word) for word in words[:12]) + (", …" if len(words) > 12 else "")
        raise Misfit(f"{place}: {shown} is none of {known}")


def _like(pattern: str, given: object, place: str, depth: int) -> None:
    if not isinstance(given, str) or re.search(pattern, given) is None:
        raise Misfit(f"{place}: not of the form {pattern}")


def _list(shape: Any, given: object, place: str, depth: int) -> None:
    if not isinstance(given, list):
        raise Misfit(f"{place}: an array was expected")
    for number, item in enumerate(given):
        _fit(shape, item, f"{place}[{number}]", depth)


def _least(count: int, given: object, place: str, depth: int) -> None:
    if isinstance(given, list) and len(given) < count:
        raise Misfit(f"{place}: at least {count} are needed")


def _all(shapes: list[Any], given: object, place: str, depth: int) -> None:
    for shape in shapes:
        _fit(shape, given, place, depth)


def _some(shapes: list[Any], given: object, place: str, depth: int) -> None:
    if not _fitting(shapes, given, place, depth):
        raise Misfit(f"{place}: none of the {len(shapes)} allowed forms")


def _one(shapes: list[Any], given: object, place: str, depth: int) -> None:
    count = _fitting(shapes, given, place, depth)
    if count != 1:
        how = "more than one" if count else "none"
        raise Misfit(f"{place}: {how} of the {len(shapes)} allowed forms")


def _fitting(shapes: list[Any], given: object, place: str, depth: int) -> int:
    count = 0
    for shape in shapes:
        try:
            _fit(shape, given, place, depth)
        except Misfit:
            continue
        count += 1
    return count


_KINDS: dict[str, Callable[[Any, object, str, int], None]] = {
    "has": _has,
    "quantity": _quantity,
    "in": _in,
    "like": _like,
    "list": _list,
    "least": _least,
    "all": _all,
    "some": _some,
    "one": _one,
}
