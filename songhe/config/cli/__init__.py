"""The `songhe` command line: one table of commands, each loaded only when it is called."""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from contextlib import nullcontext
from dataclasses import dataclass

from pydantic import ValidationError

from songhe.config.env import Env
from songhe.kernel.errors import SongheError


@dataclass(frozen=True)
class Command:
    """One command: what it does in a sentence, an example, and the module whose main runs it."""

    name: str
    summary: str
    example: str
    module: str
    function: str = "main"
    takes_arguments: bool = True
    needs_database: bool = False


COMMANDS = (
    Command(
        "up",
        "Start everything on this machine and watch it until Ctrl-C.",
        "songhe up --port 8000",
        "songhe.config.supervisor_up",
    ),
    Command(
        "demo",
        "Start everything with the demo county and its simulated devices.",
        "songhe demo",
        "songhe.config.demo.cli",
    ),
    Command(
        "doctor",
        "Say in plain words what is wrong with this install and what to do.",
        "songhe doctor --lang zh",
        "songhe.config.doctor",
    ),
    Command(
        "backup",
        "Write the database and the keys into one file.",
        "songhe backup songhe-monday.backup",
        "songhe.config.backup",
        "backup_main",
        needs_database=True,
    ),
    Command(
        "restore",
        "Read a backup back into an empty install.",
        "songhe restore songhe-monday.backup",
        "songhe.config.backup",
        "restore_main",
        needs_database=True,
    ),
    Command(
        "createsuperuser",
        "Make the first account, which may do everything.",
        "songhe createsuperuser",
        "songhe.config.cli.accounts",
        needs_database=True,
    ),
    Command(
        "account",
        "Give an account a new first password, link it with the outside provider, or close it.",
        "songhe account renew --login lin",
        "songhe.config.cli.account",
        needs_database=True,
    ),
    Command(
        "vault",
        "Show the keys of what is stored encrypted; change them; drop the old ones.",
        "songhe vault rotate",
        "songhe.config.cli.vault",
        needs_database=True,
    ),
    Command(
        "audit",
        "Export the chain of reads and changes; check an export on any machine.",
        "songhe audit verify audit.jsonl --key 5f2c…",
        "songhe.config.cli.audit",
    ),
    Command(
        "device",
        "Register a device, show its secret once, rotate or revoke it.",
        "songhe device --help",
        "songhe.config.devicecli",
        needs_database=True,
    ),
    Command(
        "simulate",
        "Let simulated people and devices live against the running gateway.",
        "songhe simulate --help",
        "songhe.config.simulate",
        needs_database=True,
    ),
    Command(
        "replay",
        "Send a recording through a real socket into a person's home.",
        "songhe replay FOLDER --person NAME --speed 100",
        "songhe.config.replay",
        needs_database=True,
    ),
    Command(
        "migrate",
        "Bring the database's tables up to this version.",
        "songhe migrate",
        "songhe.config.cli.database",
        "migrate",
        needs_database=True,
    ),
    Command(
        "manage",
        "Run one of Django's own management commands (for developers).",
        "songhe manage makemigrations people",
        "songhe.config.cli.database",
        "manage",
        needs_database=True,
    ),
    Command(
        "gateway",
        "Run the gateway alone: devices speak MQTT and HTTP to it.",
        "SONGHE_DATABASE_URL=… songhe gateway",
        "songhe.gateway.main",
        takes_arguments=False,
        needs_database=True,
    ),
    Command(
        "web",
        "Run the pages and the API alone.",
        "SONGHE_DATABASE_URL=… songhe web --workers 2",
        "songhe.config.cli.web",
        needs_database=True,
    ),
    Command(
        "live",
        "Run the event stream to browsers alone.",
        "SONGHE_DATABASE_URL=… songhe live",
        "songhe.live.main",
        takes_arguments=False,
        needs_database=True,
    ),
    Command(
        "jobs",
        "Run background and timed work alone.",
        "SONGHE_DATABASE_URL=… songhe jobs",
        "songhe.config.jobs",
        takes_arguments=False,
        needs_database=True,
    ),
)


def overview() -> str:
    """Return the help that names every command."""
    lines = [
        "Songhe (松鹤): smart health and elderly care on your own machine.",
        "",
        "Usage: songhe COMMAND [OPTIONS]     songhe COMMAND --help tells more",
        "",
    ]
    for command in COMMANDS:
        lines += [f"  {command.name:<16}{command.summary}", f"  {'':<16}  {command.example}"]
    lines += [
        "",
        "Settings come from the environment: SONGHE_STATE (folder of data and keys),",
        "SONGHE_PORT, SONGHE_HOST, SONGHE_DATABASE_URL (a PostgreSQL of your own),",
        "SONGHE_TLS_CERT and SONGHE_TLS_KEY.",
    ]
    return "\n".join(lines)


def say(text: str) -> None:
    """Write a line for the person at the terminal."""
    sys.stdout.write(f"{text}\n")


def complain(text: str) -> int:
    """Write a line to standard error and return the exit code of a refused command."""
    sys.stderr.write(f"songhe: {text}\n")
    return 1


def main(argv: list[str] | None = None) -> int:
    """Run one command; return its exit code."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    if not arguments or arguments[0] in {"help", "-h", "--help"}:
        say(overview())
        return 0
    name, rest = arguments[0], arguments[1:]
    command = next((one for one in COMMANDS if one.name == name), None)
    if command is None:
        near = difflib.get_close_matches(name, [one.name for one in COMMANDS], n=1)
        hint = f" Did you mean {near[0]}?" if near else " songhe --help lists them."
        return complain(f"there is no command {name}.{hint}")
    if not command.takes_arguments and rest:
        say(f"songhe {command.name}: {command.summary}\nExample: {command.example}")
        return 0 if rest[0] in {"-h", "--help"} else 2
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "songhe.config.settings")
    try:
        result = _run(command, rest)
    except SongheError as error:
        return complain(str(error))
    except ValidationError as error:  # a setting that cannot be
        for fault in error.errors():
            name = "_".join(str(part) for part in fault["loc"]).upper()
            complain(f"SONGHE_{name} cannot be {fault['input']!r}: {fault['msg']}")
        return 2
    except KeyboardInterrupt:
        return 130
    return int(result or 0)


def _run(command: Command, arguments: list[str]) -> int | None:
    """Load the command's module and run it, with a database to talk to where it needs one."""
    from songhe.config.cli.database import reachable_database

    if command.needs_database:
        from songhe.config import logs

        logs.configure(command.name, Env())
    function = getattr(importlib.import_module(command.module), command.function)
    only_help = bool({"-h", "--help"} & set(arguments))
    with nullcontext() if only_help or not command.needs_database else reachable_database():
        result: int | None = function(arguments) if command.takes_arguments else function()
    return result
