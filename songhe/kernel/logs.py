"""One way of logging for every process: an event with its fields, as JSON or as a readable line.

Nothing personal is ever handed to the log; what libraries put into their errors is cleaned here as
well: details of database errors, hanzi, numbers of phones and identity cards.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, TextIO

import structlog

Event = MutableMapping[str, Any]
_PRIVATE_LINE = re.compile(r"^\s*(DETAIL|CONTEXT|HINT|QUERY|LINE \d+):.*$", re.MULTILINE)
_HANZI = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+")
_PHONE = re.compile(r"(?<![0-9A-Za-z-])(?:\+?86)?1[3-9]\d{9}(?![0-9A-Za-z-])")
_IDENTITY = re.compile(r"(?<![0-9A-Za-z-])\d{17}[\dXx](?![0-9A-Za-z-])")
_PARAMETERS = re.compile(r"Failing row contains \(.*\)", re.DOTALL)
MASK = "＊＊＊"


def clean(text: str) -> str:
    """Return a text of a library without what may be somebody's: data of rows, names, numbers."""
    text = _PARAMETERS.sub("Failing row left out", _PRIVATE_LINE.sub("", text))
    return _HANZI.sub(MASK, _mask_numbers(text)).strip()


def _mask_numbers(text: str) -> str:
    return _IDENTITY.sub(MASK, _PHONE.sub(MASK, text))


def fault_text(error: BaseException) -> str:
    """Return an exception with where it came from; its words are cleaned, its data left out."""
    lines: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = traceback.extract_tb(current.__traceback__)
        part = [f"  {_short(f.filename)}:{f.lineno} in {f.name}" for f in frames[-15:]]
        said = clean(str(current))
        part.append(f"{type(current).__name__}: {said}" if said else type(current).__name__)
        lines = [*part, *lines]
        current = current.__cause__ or (
            None if current.__suppress_context__ else current.__context__
        )
    return "\n".join(lines)


def _short(filename: str) -> str:
    for mark in ("/site-packages/", "/songhe/"):
        _, found, rest = filename.rpartition(mark)
        if found:
            return f"{mark.strip('/')}/{rest}" if mark == "/songhe/" else rest
    return filename


def _faults(_logger: Any, _name: str, event: Event) -> Event:
    """Turn exc_info into cleaned text, whatever way it was given."""
    given = event.pop("exc_info", None)
    error: BaseException | None = None
    if isinstance(given, BaseException):
        error = given
    elif isinstance(given, tuple):
        error = given[1]
    elif given:
        error = sys.exc_info()[1]
    if error is not None:
        event["fault"] = fault_text(error)
    return event


def _numbers(_logger: Any, _name: str, event: Event) -> Event:
    """Mask what looks like a phone or an identity card in any text of an event."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = _mask_numbers(value)
    return event


def _plain(_logger: Any, _name: str, event: Event) -> Event:
    event.pop("_record", None)
    event.pop("_from_structlog", None)
    return event


def _foreign_words(_logger: Any, _name: str, event: Event) -> Event:
    """Clean what a library says; our own events are fixed words."""
    event["event"] = clean(str(event.get("event", "")))
    return event


class _Named:
    """Puts the name of the process into every event."""

    def __init__(self, process: str) -> None:
        self.process = process

    def __call__(self, _logger: Any, _name: str, event: Event) -> Event:
        event.setdefault("process", self.process)
        return event


def _readable(_logger: Any, _name: str, event: Event) -> str:
    """Return `LEVEL event key=value …`: the supervisor's log adds time and process."""
    event.pop("process", None)
    event.pop("timestamp", None)
    level = str(event.pop("level", "info")).upper()
    fault = event.pop("fault", None)
    said = f"{level} {event.pop('event', '')}"
    said += "".join(f" {key}={_value(value)}" for key, value in event.items())
    return f"{said}\n{fault}" if fault else said


def _value(value: Any) -> str:
    text = str(value)
    return repr(text) if " " in text or not text else text


def configure(
    process: str,
    *,
    level: str = "INFO",
    readable: bool = False,
    quiet: Mapping[str, str] | None = None,
    stream: TextIO | None = None,
    filters: Iterable[logging.Filter] = (),
) -> None:
    """Send every event and every record of libraries to standard error, one line each.

    JSON unless `readable`. `quiet` names loggers of libraries with the level they speak from,
    `filters` look at each record of a library.
    """
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    into = stream or sys.stderr
    before: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _Named(process),
    ]
    after: list[Any] = [
        _faults,
        _numbers,
        _readable if readable else structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
    structlog.configure(
        processors=[*before, *after],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=into),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, *before],
        processors=[_plain, _foreign_words, *after],
    )
    handler = logging.StreamHandler(into)
    handler.setFormatter(formatter)
    for one in filters:
        handler.addFilter(one)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    for name, from_level in (quiet or {}).items():
        logging.getLogger(name).setLevel(from_level)


def is_fault(line: str) -> bool:
    """Tell whether a line of a log, JSON or readable, is a fault (level error or worse)."""
    return line.startswith(("ERROR ", "CRITICAL ")) or (
        line.startswith("{") and ('"level": "error"' in line or '"level": "critical"' in line)
    )
