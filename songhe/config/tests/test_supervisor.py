"""The supervisor with small children: order, restarts, probes, and an end without orphans."""

from __future__ import annotations

import asyncio
import errno
import io
import os
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from songhe.config.supervisor import Patience, Process, Supervisor
from songhe.config.supervisor_log import OneLog
from songhe.config.supervisor_probes import Http
from tools.pytest_songhe import free_ports

QUICK = Patience(first_delay_s=0.01, probe_first_s=0.01, probe_every_s=0.01, misses=2)
WAIT = "import signal; signal.pause()"


def python(code: str) -> list[str]:
    return [sys.executable, "-u", "-c", code]


@dataclass
class House:
    """A supervisor under test, what it wrote, and whom it started."""

    processes: list[Process]
    patience: Patience = QUICK
    text: io.StringIO = field(default_factory=io.StringIO)
    spawned: asyncio.Queue[tuple[str, int]] = field(default_factory=asyncio.Queue)
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.supervisor = Supervisor(
            self.processes,
            log=OneLog(terminal=self.text),
            on_ready=self.ready.set,
            on_spawn=lambda name, pid: self.spawned.put_nowait((name, pid)),
            patience=self.patience,
        )

    async def started(self) -> asyncio.Task[int]:
        task = asyncio.create_task(self.supervisor.run())
        async with asyncio.timeout(30):
            await self.ready.wait()
        return task

    async def stopped(self, task: asyncio.Task[int]) -> int:
        self.supervisor.stop()
        async with asyncio.timeout(30):
            return await task

    async def next_start(self) -> tuple[str, int]:
        async with asyncio.timeout(30):
            return await self.spawned.get()


async def test_a_process_starts_when_those_before_it_are_ready() -> None:
    house = House(
        [
            Process(name="base", argv=python(f"print('I stand'); {WAIT}"), ready_line="I stand"),
            Process(name="tables", argv=python("print('made')"), after=["base"], once=True),
            Process(name="pages", argv=python(WAIT), after=["tables"]),
        ]
    )
    task = await house.started()
    assert [(await house.next_start())[0] for _ in range(3)] == ["base", "tables", "pages"]
    assert await house.stopped(task) == 0
    lines = house.text.getvalue()
    assert "base      | I stand" in lines
    assert lines.index("I stand") < lines.index("made")


async def test_a_failed_preparation_stops_everything() -> None:
    house = House(
        [
            Process(name="base", argv=python(WAIT)),
            Process(name="tables", argv=python("raise SystemExit(3)"), after=["base"], once=True),
            Process(name="pages", argv=python(WAIT), after=["tables"]),
        ]
    )
    async with asyncio.timeout(30):
        assert await house.supervisor.run() == 1
    assert "tables ended with 3" in house.text.getvalue()
    assert house.supervisor.starts("pages") == 0
    assert house.supervisor.pid("base") is None


async def test_a_program_that_is_missing_is_said_and_ends_the_run() -> None:
    house = House([Process(name="ghost", argv=["/nowhere/ghost"])])
    async with asyncio.timeout(30):
        assert await house.supervisor.run() == 1
    assert "ghost: " in house.text.getvalue()
    assert "/nowhere/ghost" in house.text.getvalue()


async def test_a_killed_process_comes_back_and_others_stay() -> None:
    house = House([Process(name="one", argv=python(WAIT)), Process(name="two", argv=python(WAIT))])
    task = await house.started()
    first = dict([await house.next_start(), await house.next_start()])
    os.kill(first["one"], signal.SIGKILL)
    name, pid = await house.next_start()
    assert name == "one"
    assert pid != first["one"]
    assert house.supervisor.pid("two") == first["two"]
    assert await house.stopped(task) == 0
    assert "one ended with -9; starting it again" in house.text.getvalue()


async def test_the_wait_before_a_restart_grows_and_ends() -> None:
    patience = Patience(first_delay_s=0.01, longest_delay_s=0.04)
    house = House([Process(name="weak", argv=python("raise SystemExit(7)"))], patience=patience)
    task = asyncio.create_task(house.supervisor.run())
    for _ in range(5):
        await house.next_start()
    assert await house.stopped(task) == 0
    text = house.text.getvalue()
    waits = [part.split(" s")[0] for part in text.split("starting it again in ")[1:]]
    assert waits[:4] == ["0.01", "0.02", "0.04", "0.04"]


@dataclass
class Answers:
    """A probe that answers as listed, then always the last."""

    answers: list[bool]

    async def well(self) -> bool:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    async def alive(self) -> bool:
        return await self.well()


async def test_a_process_that_stops_answering_is_ended_and_started_again() -> None:
    probe = Answers([False, True, True, False, True, False, False, True])
    house = House([Process(name="mute", argv=python(WAIT), probe=probe)])
    task = await house.started()
    _, first = await house.next_start()
    _, second = await house.next_start()
    assert first != second
    assert await house.stopped(task) == 0
    assert "mute does not answer; ending it" in house.text.getvalue()


async def test_a_process_that_ran_before_outlives_a_full_disk() -> None:
    tries = 0

    def prepare() -> None:
        nonlocal tries
        tries += 1
        if tries in (2, 3):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    house = House([Process(name="base", argv=python(WAIT), before_start=prepare)])
    task = await house.started()
    _, first = await house.next_start()
    os.kill(first, signal.SIGKILL)
    _, second = await house.next_start()
    assert second != first
    assert tries == 4
    assert await house.stopped(task) == 0
    assert house.text.getvalue().count("No space left") == 2


async def test_a_process_that_never_ran_and_cannot_start_ends_the_house() -> None:
    def prepare() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    house = House([Process(name="base", argv=python(WAIT), before_start=prepare)])
    async with asyncio.timeout(30):
        assert await house.supervisor.run() == 1
    assert "base cannot start" in house.text.getvalue()


async def test_a_process_that_says_why_it_cannot_work_is_left_alone() -> None:
    code = (
        "import http.server, os\n"
        "class Answer(http.server.BaseHTTPRequestHandler):\n"
        "    asked = 0\n"
        "    def do_GET(self):\n"
        "        Answer.asked += 1\n"
        "        self.send_response(200 if Answer.asked == 1 else 503)\n"
        "        self.end_headers()\n"
        "        if Answer.asked == 12: print('asked enough', flush=True)\n"
        "http.server.HTTPServer(('127.0.0.1', int(os.environ['AT'])), Answer).serve_forever()\n"
    )
    port = free_ports(1)
    house = House(
        [
            Process(
                name="away",
                argv=python(code),
                probe=Http(port),
                env={**os.environ, "AT": str(port)},
            )
        ]
    )
    task = await house.started()
    async with asyncio.timeout(20):
        while "asked enough" not in house.text.getvalue():
            await asyncio.sleep(0.02)
    assert house.supervisor.starts("away") == 1
    assert await house.stopped(task) == 0


async def test_a_child_that_ignores_the_signal_is_killed_with_its_own_children() -> None:
    code = (
        "import os, signal\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = os.fork()\n"
        "print('deaf', os.getpid()) if child else None\n"
        "signal.pause()"
    )
    house = House([Process(name="deaf", argv=python(code), ready_line="deaf", stop_within_s=0.2)])
    task = await house.started()
    _, pid = await house.next_start()
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    assert len(family) == 2
    assert await house.stopped(task) == 0
    _, alive = psutil.wait_procs(family, timeout=10)
    assert all(p.status() == psutil.STATUS_ZOMBIE for p in alive)


async def test_dependants_stop_before_what_they_stand_on() -> None:
    says_goodbye = (
        "import signal, sys\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('goodbye')))\n"
        "print('up')\nsignal.pause()"
    )
    house = House(
        [
            Process(name="base", argv=python(says_goodbye), ready_line="up"),
            Process(name="middle", argv=python(says_goodbye), ready_line="up", after=["base"]),
            Process(name="top", argv=python(says_goodbye), ready_line="up", after=["middle"]),
        ]
    )
    task = await house.started()
    assert await house.stopped(task) == 0
    goodbyes = [line for line in house.text.getvalue().splitlines() if "goodbye" in line]
    assert [line.split()[1] for line in goodbyes] == ["top", "middle", "base"]


def test_a_plan_that_names_an_unknown_process_is_refused() -> None:
    with pytest.raises(ValueError, match="after unknown"):
        Supervisor([Process(name="a", after=["b"])], log=OneLog(terminal=io.StringIO()))


def test_the_log_has_names_and_the_quiet_terminal_has_not(tmp_path: Path) -> None:
    terminal = io.StringIO()
    log = OneLog(
        tmp_path / "log" / "songhe.log", terminal=terminal, terminal_names=frozenset({"songhe"})
    )
    log.write("web", "一行")
    log.write("songhe", "ready")
    log.close()
    assert "web       一行" in (tmp_path / "log" / "songhe.log").read_text(encoding="utf-8")
    assert "一行" not in terminal.getvalue()
    assert "songhe    | ready" in terminal.getvalue()


async def test_a_fault_of_the_callers_words_is_said_and_stops_nobody() -> None:
    house = House([Process(name="one", argv=python(WAIT))])

    def stumble() -> None:
        house.ready.set()
        raise LookupError("no such county")

    house.supervisor.on_ready = stumble
    task = await house.started()
    assert house.supervisor.pid("one") is not None
    assert await house.stopped(task) == 0
    assert "LookupError: no such county" in house.text.getvalue()


async def test_a_fault_while_preparing_ends_the_run_instead_of_hiding() -> None:
    def stumble() -> None:
        raise LookupError("not thought of")

    house = House([Process(name="one", argv=python(WAIT), before_start=stumble)])
    async with asyncio.timeout(30):
        assert await house.supervisor.run() == 1
    assert "LookupError: not thought of" in house.text.getvalue()
