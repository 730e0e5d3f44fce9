"""Starts processes in order, watches them, starts them again, and stops them without orphans."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from songhe.config.supervisor_child import Account, in_child
from songhe.config.supervisor_log import OneLog
from songhe.config.supervisor_probes import Probe
from songhe.config.supervisor_record import Record
from songhe.kernel.errors import SongheError
from songhe.kernel.logs import is_fault

OURS = "songhe"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, kw_only=True)
class Process:
    """One child and what is known of it.

    It starts when every process named in `after` is ready. It is ready when its `ready_line` was
    seen, its `probe` answered well, or (`once`) it ended with 0; with none of these, at once.
    `before_start` runs in a thread before each start, `when_ready` in a thread after it.
    """

    name: str
    argv: Sequence[str] = ()
    after: Sequence[str] = ()
    once: bool = False
    ready_line: str = ""
    probe: Probe | None = None
    before_start: Callable[[], None] | None = None
    when_ready: Callable[[], None] | None = None
    command: Callable[[], Sequence[str]] | None = None
    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_within_s: float = 10


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long the supervisor waits for what; all in seconds."""

    first_delay_s: float = 0.5
    longest_delay_s: float = 30
    forget_after_s: float = 60
    probe_first_s: float = 0.2
    probe_every_s: float = 5
    probe_timeout_s: float = 5
    misses: int = 4


@dataclass
class _Kept:
    """The running side of a Process."""

    process: Process
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    child: asyncio.subprocess.Process | None = None
    starts: int = 0


class Supervisor:
    """Keeps a set of processes alive until it is told to stop."""

    def __init__(
        self,
        processes: Sequence[Process],
        *,
        log: OneLog,
        on_ready: Callable[[], None] | None = None,
        on_spawn: Callable[[str, int], None] | None = None,
        record: Record | None = None,
        patience: Patience | None = None,
    ) -> None:
        """Check the plan: unique names, and only known and earlier ones in `after`."""
        self.log = log
        self.on_ready = on_ready
        self.on_spawn = on_spawn
        self.record = record or Record()
        self.patience = patience or Patience()
        self._kept: dict[str, _Kept] = {}
        for process in processes:
            missing = set(process.after) - set(self._kept)
            if process.name in self._kept or missing:
                raise ValueError(f"{process.name}: twice, or after unknown {sorted(missing)}")
            self._kept[process.name] = _Kept(process)
        self._stopping = asyncio.Event()
        self._hurry = False
        self._reason = ""
        self._failed = False

    # --- from outside ----------------------------------------------------------------------

    def stop(self, reason: str = "", *, failed: bool = False) -> None:
        """Ask for the end."""
        if self._stopping.is_set():
            return
        self._reason, self._failed = reason, failed
        self._stopping.set()

    def _on_signal(self, number: signal.Signals) -> None:
        """Stop; a second Ctrl-C waits for nobody but the database, which must flush its work."""
        if self._stopping.is_set() and number == signal.SIGINT:
            self._hurry = True
            for kept in self._kept.values():
                pid = self.pid(kept.process.name)
                if pid and kept.process.stop_signal == signal.SIGTERM:
                    _signal_group(pid, signal.SIGKILL)
        self.stop(f"{number.name} came")

    def pid(self, name: str) -> int | None:
        """Return the process number of a running child."""
        child = self._kept[name].child
        return None if child is None or child.returncode is not None else child.pid

    def starts(self, name: str) -> int:
        """Return how often a process was started."""
        return self._kept[name].starts

    async def until_ready(self, name: str) -> None:
        """Wait until a process is ready."""
        await self._kept[name].ready.wait()

    async def run(self) -> int:
        """Run until stopped; return 0 after a wished stop, 1 when something made it impossible."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, self._on_signal, number)
        keepers = [asyncio.create_task(self._keep(kept)) for kept in self._kept.values()]
        for task in keepers:
            task.add_done_callback(self._notice)
        herald = asyncio.create_task(self._announce())
        await self._stopping.wait()
        self.log.write(OURS, f"stopping ({self._reason})" if self._reason else "stopping")
        herald.cancel()
        await self._stop_in_order()
        for task in keepers:
            task.cancel()
        await asyncio.gather(*keepers, herald, return_exceptions=True)
        for number in SIGNALS:
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.remove_signal_handler(number)
        self.log.write(OURS, "stopped")
        return 1 if self._failed else 0

    # --- one process -----------------------------------------------------------------------

    async def _announce(self) -> None:
        for kept in self._kept.values():
            await kept.ready.wait()
        if self.on_ready:
            try:
                self.on_ready()
            except Exception as error:  # the house stands, whatever the caller had to say
                self.log.write(OURS, f"ready, but: {type(error).__name__}: {error}")

    def _notice(self, keeper: asyncio.Task[None]) -> None:
        """End the run when a keeper fails by a fault of ours: a process would go unwatched."""
        error = None if keeper.cancelled() else keeper.exception()
        if error is not None:
            self.log.write(OURS, f"{type(error).__name__}: {error}")
            self.stop("a fault of the supervisor", failed=True)

    async def _keep(self, kept: _Kept) -> None:
        """Start a process when its turn has come, and again whenever it ends."""
        process, patience = kept.process, self.patience
        for name in process.after:
            await self._kept[name].ready.wait()
        loop = asyncio.get_running_loop()
        delay_s = patience.first_delay_s
        while not self._stopping.is_set():
            began = loop.time()
            try:
                code = await self._one_life(kept)
            except (SongheError, OSError) as error:
                self.log.write(OURS, f"{process.name}: {error}")
                if not (kept.ready.is_set() and isinstance(error, OSError)):
                    self.stop(f"{process.name} cannot start", failed=True)
                    return
                code = -1  # it ran before, so that this will pass: a full disk, say
            if self._stopping.is_set():
                return
            if process.once:
                if code == 0:
                    kept.ready.set()
                    return
                self.stop(f"{process.name} ended with {code}", failed=True)
                return
            if loop.time() - began > patience.forget_after_s:
                delay_s = patience.first_delay_s
            self.log.write(
                OURS, f"{process.name} ended with {code}; starting it again in {delay_s:g} s"
            )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay_s)
            delay_s = min(delay_s * 2, patience.longest_delay_s)

    async def _one_life(self, kept: _Kept) -> int:
        """Start the child, see it ready, watch it, and return its exit code."""
        process = kept.process
        if process.before_start:
            await asyncio.to_thread(process.before_start)
        argv = list(process.command() if process.command else process.argv)
        # A pipe of our own: asyncio's would let wait() hang on whoever inherited it.
        out, into = os.pipe()
        try:
            child = await asyncio.create_subprocess_exec(
                *argv,
                env=dict(os.environ if process.env is None else process.env),
                cwd=process.cwd,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=into,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches us alone, and we stop in order
                preexec_fn=in_child(account=process.account, parent_death=process.stop_signal),
            )
        except BaseException:
            os.close(out)
            raise
        finally:
            os.close(into)
        kept.child = child
        kept.starts += 1
        if self._stopping.is_set():  # asked for while the child was being born
            _signal_group(child.pid, process.stop_signal)
        self.record.started(process.name, child.pid)
        if self.on_spawn:
            self.on_spawn(process.name, child.pid)
        spoke = asyncio.Event()
        pump = asyncio.create_task(self._pump(kept, out, spoke))
        watch = asyncio.create_task(self._watch(kept, child, spoke))
        try:
            code = await child.wait()
        finally:
            watch.cancel()
            _signal_group(child.pid, signal.SIGKILL)  # what a dead leader left behind
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(pump, 2)
        self.record.ended(process.name, code)
        fault = (await asyncio.gather(watch, return_exceptions=True))[0]
        if isinstance(fault, SongheError):
            raise fault
        if isinstance(fault, Exception):
            self.log.write(OURS, f"{process.name}: {fault}")
        return code

    async def _pump(self, kept: _Kept, out: int, spoke: asyncio.Event) -> None:
        """Carry the child's output into the log, whatever the length of its lines."""
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(out, "rb")
        )
        try:
            await self._carry(kept, reader, spoke)
        finally:
            transport.close()

    async def _carry(self, kept: _Kept, reader: asyncio.StreamReader, spoke: asyncio.Event) -> None:
        rest = b""
        while chunk := await reader.read(65_536):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > 65_536:
                lines, rest = [*lines, rest], b""
            for line in lines:
                text = line.decode("utf-8", "replace").rstrip()
                self.log.write(kept.process.name, text)
                if is_fault(text):
                    self.record.faulted(kept.process.name, text)
                if kept.process.ready_line and kept.process.ready_line in text:
                    spoke.set()
        if rest:
            self.log.write(kept.process.name, rest.decode("utf-8", "replace"))

    async def _watch(
        self, kept: _Kept, child: asyncio.subprocess.Process, spoke: asyncio.Event
    ) -> None:
        """See the child ready, then ask it time and again; end it when it stays silent."""
        process, patience = kept.process, self.patience
        if process.once:
            return
        if process.ready_line:
            await spoke.wait()
        while process.probe and not await self._said(process.probe.well()):
            await asyncio.sleep(patience.probe_first_s)
        if process.when_ready:
            try:
                await asyncio.to_thread(process.when_ready)
            except Exception:
                _signal_group(child.pid, signal.SIGTERM)
                raise
        if not kept.ready.is_set():
            kept.ready.set()
        elif process.probe or process.ready_line:
            self.log.write(OURS, f"{process.name} is back")
        missed = 0
        while process.probe and missed < patience.misses:
            await asyncio.sleep(patience.probe_every_s)
            missed = 0 if await self._said(process.probe.alive()) else missed + 1
        if process.probe:
            self.log.write(OURS, f"{process.name} does not answer; ending it")
            self.record.faulted(process.name, "did not answer; ended by the supervisor")
            await self._end(kept)

    async def _said(self, answer: Awaitable[bool]) -> bool:
        try:
            return await asyncio.wait_for(answer, self.patience.probe_timeout_s)
        except TimeoutError:
            return False

    # --- the end ---------------------------------------------------------------------------

    async def _stop_in_order(self) -> None:
        """Stop first what nobody needs any more; wait for each wave before the next."""
        running = [kept for kept in self._kept.values() if self.pid(kept.process.name)]
        while running:
            needed = {name for kept in running for name in self._below(kept.process)}
            wave = [kept for kept in running if kept.process.name not in needed]
            await asyncio.gather(*(self._end(kept) for kept in wave))
            running = [kept for kept in running if kept not in wave]

    def _below(self, process: Process) -> set[str]:
        """Return everything a process stands on, near and far."""
        below = set(process.after)
        for name in process.after:
            below |= self._below(self._kept[name].process)
        return below

    async def _end(self, kept: _Kept) -> None:
        child = kept.child
        if child is None or child.returncode is not None:
            return
        patience_s = 1.0 if self._hurry else kept.process.stop_within_s
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(kept.process.stop_signal)
        try:
            await asyncio.wait_for(child.wait(), patience_s)
        except TimeoutError:
            self.log.write(OURS, f"{kept.process.name} did not stop in time; killing it")
            _signal_group(child.pid, signal.SIGKILL)
            await child.wait()


def _signal_group(pid: int, number: signal.Signals) -> None:
    """Signal a child and whatever it started (each child leads a group of its own)."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
