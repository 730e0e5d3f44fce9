"""The pytest plugin that looks at every log of a session: nobody's data may be in one.

It looks at the records of the test's own process, at structlog's events, and at what processes that
a test started wrote into files. What is ours (`songhe…`) is judged as it was handed to the log,
what libraries say as it would be written. What is found fails the run and names test and logger.
"""

from __future__ import annotations

import contextlib
import functools
import io
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pytest
import structlog

from songhe.kernel.logs import clean, fault_text

# The cast and the two towns of the tests; single letters (钱, 吴) would be found in any word.
NAMES = ("陈秀兰", "陈伟", "李桂芳", "赵医生", "小刘", "小孙", "桂花里 3 号", "望河村 17 号")
_PHONE = re.compile(r"(?<![0-9A-Za-z.-])(?:\+?86[ -]?)?(1[3-9]\d{9})(?![0-9A-Za-z.-])")
_IDENTITY = re.compile(
    r"(?<![0-9A-Za-z-])[1-8]\d{5}(?:19|20)\d{2}[01]\d[0-3]\d{4}[\dXx](?![0-9A-Za-z-])"
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
MOST_BYTES = 64 * 1024 * 1024
# Tests that hand personal data to a log on purpose, to see that it is masked there.
EXCUSED = {
    "songhe/kernel/tests/test_logs.py": "hands names and numbers to the masks",
    "tests/tools/test_log_search.py": "plants what must be found",
}


def is_identity(text: str) -> bool:
    """Tell whether 18 characters are an identity number by their check digit (GB 11643-1999)."""
    total = sum(int(digit) * weight for digit, weight in zip(text[:17], _WEIGHTS, strict=True))
    return "10X98765432"[total % 11] == text[17].upper()


def personal_in(text: str) -> list[str]:
    """Return what of a text is somebody's: names, numbers of telephones and identity cards."""
    found = [name for name in NAMES if name in text]
    found += _PHONE.findall(text)
    return found + [one for one in _IDENTITY.findall(text) if is_identity(one)]


@dataclass
class Kept:
    """What a process writes to: opened for reading, so that it outlives the file's name."""

    test: str
    what: str
    file: IO[bytes]


@dataclass
class Search:
    """Everything found in a session: (test, logger or file) to the words that were found."""

    found: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    files: list[Kept] = field(default_factory=list)

    def look(self, where: str, text: str, test: str = "") -> None:
        """Remember what of a text is somebody's."""
        if words := personal_in(text):
            name = test or running()
            if name.partition("::")[0] not in EXCUSED:
                self.found.setdefault((name, where), set()).update(words)

    def record(self, record: logging.LogRecord) -> None:
        """Look at a record of a logger."""
        with contextlib.suppress(Exception):  # a record that cannot be rendered is not written
            said = record.getMessage()
            if record.exc_info and record.exc_info[1] is not None:
                said += f"\n{fault_text(record.exc_info[1])}"
            ours = record.name.split(".")[0] == "songhe"
            self.look(f"logger {record.name}", said if ours else clean(said))

    def event(self, event: object, fields: dict[str, Any]) -> None:
        """Look at an event of structlog with its fields, before any of them is masked."""
        values = [str(value) for key, value in fields.items() if key != "exc_info"]
        self.look("structlog", "\n".join([str(event), *values]))

    def keep(self, what: str, target: object) -> None:
        """Open what a process is to write to, when it is a file."""
        with contextlib.suppress(OSError, ValueError, AttributeError, io.UnsupportedOperation):
            number = target if isinstance(target, int) else target.fileno()  # type: ignore[attr-defined]
            if number > 2:
                path = f"/proc/self/fd/{number}"
                if Path(os.readlink(path)).suffix == ".log":
                    self.files.append(Kept(running(), what, open(path, "rb")))  # noqa: SIM115

    def finish(self, folders: list[Path]) -> None:
        """Look at the files that processes wrote, and at every log that lies in the folders."""
        for kept in self.files:
            with kept.file as file:
                self._file(f"output of {kept.what}", file.read(MOST_BYTES), kept.test)
        self.files.clear()
        for folder in folders:
            for path in sorted(folder.rglob("*.log*")):
                if path.is_file() and "cluster" not in path.parts:
                    place = str(path.relative_to(folder))
                    self._file(f"file {place}", path.read_bytes()[:MOST_BYTES], place)

    def _file(self, where: str, data: bytes, test: str) -> None:
        self.look(where, data.decode("utf-8", "replace"), test)

    def lines(self) -> list[str]:
        """Return what was found, a line each; the words themselves are those of tests."""
        return [
            f"{test}: {where}: {', '.join(sorted(words))}"
            for (test, where), words in sorted(self.found.items())
        ]


def running() -> str:
    """Return the test that runs now."""
    return os.environ.get("PYTEST_CURRENT_TEST", "between tests").partition(" (")[0]


@contextlib.contextmanager
def searching(search: Search) -> Iterator[None]:
    """Let every record, event and process of this interpreter pass the search."""
    call, events = logging.Logger.callHandlers, structlog.BoundLoggerBase._process_event
    start = subprocess.Popen.__init__

    @functools.wraps(call)
    def call_handlers(self: logging.Logger, record: logging.LogRecord) -> None:
        search.record(record)
        call(self, record)

    @functools.wraps(events)
    def process_event(self: Any, name: str, event: Any, fields: dict[str, Any]) -> Any:
        search.event(event, {**self._context, **fields})
        return events(self, name, event, fields)

    @functools.wraps(start)
    def popen(self: Any, args: Any, *rest: Any, **options: Any) -> None:
        words = [args] if isinstance(args, str | bytes | Path) else list(args)
        name = " ".join(str(word) for word in words[:4])
        for stream in ("stdout", "stderr"):
            search.keep(name, options.get(stream))
        start(self, args, *rest, **options)

    patches: list[tuple[Any, str, Callable[..., Any], Callable[..., Any]]] = [
        (logging.Logger, "callHandlers", call, call_handlers),
        (structlog.BoundLoggerBase, "_process_event", events, process_event),
        (subprocess.Popen, "__init__", start, popen),
    ]
    for owner, name, _, ours in patches:
        setattr(owner, name, ours)
    try:
        yield
    finally:
        for owner, name, before, _ in patches:
            setattr(owner, name, before)


SEARCH = pytest.StashKey[Search]()
STOP = pytest.StashKey[contextlib.ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin to look."""
    search = config.stash[SEARCH] = Search()
    config.stash[STOP] = contextlib.ExitStack()
    config.stash[STOP].enter_context(searching(search))
    logging.getLogger("songhe").setLevel(logging.INFO)  # as in production


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Look at the files and fail the run when somebody's data is in a log."""
    config = session.config
    config.stash[STOP].close()
    folders = []
    factory = getattr(config, "_tmp_path_factory", None)
    if factory is not None and factory._basetemp is not None:
        folders.append(factory._basetemp)
    if state := os.environ.get("SONGHE_STATE"):
        folders.append(Path(state))
    search = config.stash[SEARCH]
    search.finish(folders)
    if search.found and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was found."""
    lines = terminalreporter.config.stash[SEARCH].lines()
    if lines:
        terminalreporter.section("personal data in logs", red=True)
        for line in lines:
            terminalreporter.line(line)


if sys.platform != "linux":  # files of processes are read by their open descriptors
    Search.keep = lambda self, what, target: None  # type: ignore[method-assign]
