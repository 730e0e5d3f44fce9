"""The simulator: the demo county's people live their days, their devices speak real MQTT.

About 1,600 devices keep a connection each in this one process. They use aiomqtt; it was measured
to be light enough: 1,500 idle connections cost 3 % of a core and 50 MB.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from datetime import UTC, datetime

from songhe.config.demo import install as demo
from songhe.config.demo.county import make_county
from songhe.config.demo.install import Install
from songhe.config.env import Env
from songhe.config.simulate.fleet import Fleet, allow_connections, tls_context
from songhe.config.simulate.link import Address
from songhe.config.simulate.player import Player
from songhe.kernel.time import DAY_US, MINUTE_US, to_us

CATCH_UP_US = 15 * MINUTE_US


def now_us() -> int:
    """Return the present instant: the one place where this process reads the wall clock."""
    return to_us(datetime.now(UTC))


def arguments() -> argparse.ArgumentParser:
    """Return the options of `songhe simulate`."""
    parser = argparse.ArgumentParser(
        prog="songhe simulate",
        description="Let the people of the demo county live and their devices speak to the "
        "running gateway, in real time, until Ctrl-C. `songhe demo` starts this by itself.",
        epilog="Example: songhe simulate --days 1 --speed 200 plays yesterday first, 200 times as "
        "fast, and then goes on in real time. What was stored before is recognised and dropped.",
    )
    parser.add_argument(
        "--days", type=float, default=0.0, metavar="D", help="begin D days ago (default: now)"
    )
    parser.add_argument(
        "--speed",
        type=float,
        metavar="N",
        help="play the time before now N times as fast as life (default: as fast as it goes)",
    )
    parser.add_argument("--no-script", action="store_true", help="usual life only, no trouble")
    parser.add_argument("--port", type=int, help="the gateway's MQTT port, where it is not usual")
    parser.add_argument("--quiet", action="store_true", help="no progress line")
    return parser


def main(argv: list[str]) -> int:
    """Run `songhe simulate`."""
    options = arguments().parse_args(argv)
    env = Env()
    found = demo.load(env.state)
    if (options.speed or 1) <= 0 or not 0 <= options.days <= 90:
        sys.stderr.write("songhe simulate: --speed is above 0, --days between 0 and 90.\n")
        return 2
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(env, found, options))
    return 0


async def run(env: Env, found: Install, options: argparse.Namespace) -> None:
    """Play until SIGTERM or SIGINT."""
    county = make_county(found.made_on, found.seed)
    allowed = allow_connections(len(county.gadgets))
    if allowed < len(county.gadgets) + 50:
        sys.stderr.write(
            f"simulate: only {allowed} files may be open here, so some devices stay off; "
            "raise it with `ulimit -n 4096`.\n"
        )
    host = "127.0.0.1" if env.host in {"0.0.0.0", "::"} else env.host  # noqa: S104
    fleet = Fleet(
        county.gadgets[: max(1, allowed - 50)],
        found.device_secret,
        Address(host, options.port or env.port_of("mqtt"), tls_context(env.tls_cert)),
        now_us,
    )
    player = Player(county, fleet, env.time_zone, now_us)
    start_us = now_us() - round(options.days * DAY_US)
    if not options.days:
        # What was said between the end of the stored history and this moment is still to come.
        start_us = max(found.filled_us, start_us - CATCH_UP_US)
    if not options.no_script:
        player.course_from(found.resumed_us or start_us, found.starts)
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    connecting = asyncio.create_task(fleet.run())
    playing = asyncio.create_task(player.run(start_us, options.speed))
    telling = asyncio.create_task(_tell(player, quiet=options.quiet))
    stopped = asyncio.create_task(_told(stop))
    tasks = {connecting, playing, telling, stopped}
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await fleet.close()
    for task in done:
        task.result()


async def _told(stop: asyncio.Event) -> None:
    await stop.wait()


async def _tell(player: Player, *, quiet: bool) -> None:
    """Say how it goes: a line that renews itself on a terminal, one a quarter hour in a log."""
    is_terminal = sys.stdout.isatty()
    every_s = 2 if is_terminal else 900
    if not is_terminal:
        await asyncio.sleep(10)
    while not quiet:
        line = player.line()
        sys.stdout.write(f"\r{line}" if is_terminal else f"{line}\n")
        sys.stdout.flush()
        await asyncio.sleep(every_s)
    await asyncio.Event().wait()
