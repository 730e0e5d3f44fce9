"""`songhe demo`: the whole house with the demo county and its simulated devices."""

from __future__ import annotations

import argparse
import os
import sys
import time
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from songhe.config.demo import install as installs
from songhe.config.env import Env
from songhe.config.supervisor import Process
from songhe.config.supervisor_up import House, add_arguments, env_of, run, songhe_process, url
from songhe.kernel.errors import Conflict

COUNTY, SIMULATE = "county", "simulate"
# The gateway remembers what is stored when it starts, and jobs would work on a half-made county.
AFTER_COUNTY = ("gateway", "jobs")


class NotOurs(Conflict):
    """`--fresh` on a database that is not the embedded one."""

    code = "config.fresh_outside"
    message = (
        "--fresh removes the embedded database only. SONGHE_DATABASE_URL names one of your own: "
        "empty it yourself, or start the demo without SONGHE_DATABASE_URL."
    )


def plan(house: House) -> list[Process]:
    """Return the house's processes with the county made before the gateway, and the simulator."""
    processes: list[Process] = []
    for process in house.processes():
        if process.name in AFTER_COUNTY and all(p.name != COUNTY for p in processes):
            processes.append(songhe_process(COUNTY, "demo", "--make-county", once=True))
        if process.name in AFTER_COUNTY:
            process = replace(process, after=[*process.after, COUNTY])
        processes.append(process)
    return [*processes, songhe_process(SIMULATE, "simulate", after=["gateway"])]


def make_county() -> int:
    """Make the county in the database, or bring it up to now; told from the supervisor's child."""
    import django

    django.setup()
    from songhe.config.demo.start import wake

    env = Env()
    began = time.monotonic()

    def say(text: str) -> None:
        sys.stdout.write(f"{time.monotonic() - began:5.1f} s  {text}\n")
        sys.stdout.flush()

    wake(env.state, now=lambda: datetime.now(UTC), zone=env.time_zone, say=say)
    return 0


def welcome(house: House) -> None:
    """Print where to look and how to sign in."""
    sys.stdout.write(welcome_text(url(house), house.ports["MQTT"], installs.load(house.state)))
    sys.stdout.flush()


def welcome_text(address: str, mqtt_port: int, install: installs.Install) -> str:
    """Return the address and one login for each of the cast."""
    from songhe.config.demo.logins import LOGINS

    lines = [
        "",
        f"  松鹤 Songhe demo county: {address}",
        "",
        "  login / password             who",
    ]
    for login in LOGINS:
        words = f"{login.login} / {install.password(login.login)}"
        lines.append(f"  {words:<28} {_wide(login.name, 12)} {login.en}")
    codes = " and ".join(f"{one.phone} ({one.login})" for one in LOGINS if one.phone)
    lines += [
        "",
        f"  A code by message instead: {codes}; admin reads it under Messages that left.",
        f"  Devices speak MQTT to port {mqtt_port}: songhe device --help",
        "  Something happens within a minute. Ctrl-C stops everything; the data stays.",
        "",
    ]
    return "\n".join(lines) + "\n"


def _wide(text: str, width: int) -> str:
    """Return a text filled up to a width in terminal cells, in which a hanzi takes two."""
    cells = sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
    return text + " " * max(0, width - cells)


def parser() -> argparse.ArgumentParser:
    """Return the options of `songhe demo`."""
    found = argparse.ArgumentParser(
        prog="songhe demo",
        description="Start everything with the demo county: 300 older people, about 1,600 "
        "simulated devices that speak MQTT, and a cast to sign in as. The first start makes the "
        "county; later ones go on with yesterday's. Ctrl-C stops everything.",
        epilog="Example: songhe demo --port 8100 --fresh",
    )
    add_arguments(found)
    found.add_argument(
        "--fresh", action="store_true", help="remove everything stored and begin anew"
    )
    found.add_argument("--make-county", action="store_true", help=argparse.SUPPRESS)
    return found


def main(argv: Sequence[str]) -> int:
    """Run `songhe demo`."""
    arguments = parser().parse_args(argv)
    env = env_of(arguments, mode="demo")
    if arguments.make_county:
        return make_county()
    if arguments.fresh and os.environ.get("SONGHE_DATABASE_URL"):
        raise NotOurs
    return run(
        env,
        tls=arguments.tls,
        fresh=arguments.fresh,
        quiet=arguments.quiet,
        plan=plan,
        on_ready=welcome,
    )
