"""`songhe doctor`: looks at an install from outside and says what is wrong and what to do."""

from __future__ import annotations

import argparse
import os
import pwd
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path

import psycopg

from songhe.base.health import machine
from songhe.config.doctor_words import words
from songhe.config.env import Env
from songhe.config.postgres import EXTENSIONS, Cluster, cluster_home
from songhe.config.postgres_binaries import (
    SYSTEM_STATE,
    DatabaseUnavailable,
    utf8_locale,
    wheel_major,
)
from songhe.config.supervisor_instance import (
    Instance,
    PortTaken,
    StateUnusable,
    abandoned,
    check_ports,
)
from songhe.kernel.detectors import rules
from songhe.kernel.detectors.platform import is_beyond

MIN_POSTGRES = 15
CLOCK_TOLERANCE_S = 2
SAMPLE_SPEAKS = timedelta(minutes=5)
RELEASED = datetime(2026, 11, 1, tzinfo=UTC)
KEY_LENGTH = 32
MIB = 1024 * 1024


class Level(Enum):
    """How bad a finding is."""

    OK = "ok"
    NOTE = "note"
    MEND = "mend"


@dataclass(frozen=True)
class Finding:
    """One thing looked at: a key of `doctor_words`, its values, how bad it is."""

    key: str
    level: Level = Level.OK
    values: dict[str, object] = field(default_factory=dict)

    def said(self, language: str) -> str:
        """Return the sentence; of a value that is a pair, the half in that language."""
        half = 1 if language == "zh" else 0
        values = {k: v[half] if isinstance(v, tuple) else v for k, v in self.values.items()}
        return words(self.key, language, **values)


def ok(key: str, **values: object) -> Finding:
    """Return a finding that all is well."""
    return Finding(key, Level.OK, values)


def note(key: str, **values: object) -> Finding:
    """Return a finding that one should know of."""
    return Finding(key, Level.NOTE, values)


def mend(key: str, **values: object) -> Finding:
    """Return a finding that must be mended."""
    return Finding(key, Level.MEND, values)


def check_python() -> Iterator[Finding]:
    """Look at the version of Python."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    fits = (3, 11) <= sys.version_info[:2] < (3, 13)
    yield ok("python-ok", version=version) if fits else mend("python", version=version)


def check_state(state: Path) -> Iterator[Finding]:
    """Look at the state folder: there, ours, closed to others."""
    if not state.exists():
        yield note("state-missing", state=state)
        return
    found = state.stat()
    if not os.access(state, os.W_OK | os.X_OK):
        yield mend("state-unwritable", state=state, owner=_account_name(found.st_uid))
    elif found.st_mode & 0o077:
        yield mend("state-mode", state=state, mode=_mode(found.st_mode))
    else:
        yield ok("state-ok", state=state)
    wrong = False
    for key in sorted(state.glob("*.key")):
        mode = key.stat().st_mode
        if mode & 0o077:
            wrong = True
            yield mend("key-mode", file=key, mode=_mode(mode))
        elif os.access(key, os.R_OK) and key.stat().st_size < KEY_LENGTH:
            wrong = True
            yield mend("key-short", file=key)
    if not wrong:
        yield ok("key-ok")


def check_disk(folders: list[Path]) -> Iterator[Finding]:
    """Look at the free space where data and state stand, by the platform's own limit."""
    need_mb = int(rules.spec("platform-disk").params["below"]) // MIB
    for disk in machine.disks(folders):
        free_mb = disk.free_bytes // MIB
        if free_mb < need_mb:
            yield mend("disk-full", folder=disk.folder, free_mb=free_mb, need_mb=need_mb)
        else:
            yield ok("disk-ok", folder=disk.folder, free_mb=free_mb)


def check_running(env: Env, instance: Instance) -> Iterator[Finding]:
    """Look at what runs here, or whether our ports are free for it."""
    record = instance.read()
    if instance.running():
        yield ok("running", pid=record["pid"], port=record["environment"]["SONGHE_PORT"])
        return
    if record:
        yield note("left-behind")
    ports = {
        "web": env.port_of("web"),
        "live": env.port_of("live"),
        "gateway HTTP": env.port_of("gateway_http"),
        "MQTT": env.port_of("mqtt"),
    }
    if not env.database_url:
        ports["PostgreSQL"] = env.port_of("postgres")
    taken = False
    for use, port in ports.items():
        try:
            check_ports(env.host, {use: port})
        except PortTaken as error:
            taken = True
            yield mend("port-taken", **error.params)
        except StateUnusable as error:
            taken = True
            yield mend("port-taken", port=port, use=use, by=f" ({error.params['why']})")
    if not taken:
        yield ok("ports-ok", first=min(ports.values()), last=max(ports.values()))


def check_cluster(cluster: Cluster, instance: Instance) -> Iterator[Finding]:
    """Look at the embedded database's folder without starting it."""
    try:
        yield ok("locale-ok", name=utf8_locale())
    except DatabaseUnavailable:
        yield mend("locale")
    if not cluster.exists():
        yield note("data-none")
        return
    wanted = cluster.account.uid if cluster.account else os.geteuid()
    owner = cluster.data.stat().st_uid
    found = (cluster.data / "PG_VERSION").read_text(encoding="ascii").strip()
    if owner != wanted:
        yield mend("data-owner", data=cluster.data, owner=owner, wanted=wanted)
    elif found != str(wheel_major()):
        yield mend("data-version", data=cluster.data, found=found, wanted=wheel_major())
    elif instance.lost_its_mark(cluster.home):
        yield mend("data-keyless", home=cluster.home, state=instance.state)
    else:
        yield ok("data-ok", data=cluster.data)


def check_left_over(system_state: Path) -> Iterator[Finding]:
    """Look for databases of checkouts that are gone (root's stand outside of them)."""
    for folder in abandoned(system_state):
        size_mb = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) // MIB
        yield note("left-over", folder=folder, size_mb=size_mb)


def check_database(url: str) -> Iterator[Finding]:
    """Look into the running database: version, ctype, extensions, clock, tables."""
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            yield from _look_inside(connection)
            yield from check_platform(connection, datetime.now(UTC))
    except psycopg.OperationalError as error:
        yield mend("database-away", why=str(error).strip().splitlines()[-1])
        return
    done = subprocess.run(
        [sys.executable, "-m", "songhe.config.cli", "manage", "showmigrations", "--plan"],
        env={**os.environ, "SONGHE_DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    pending = sum(line.startswith("[ ]") for line in done.stdout.splitlines())
    if done.returncode != 0:
        yield mend("database-away", why=(done.stderr.strip().splitlines() or ["?"])[-1])
    else:
        yield mend("migrations", count=pending) if pending else ok("migrations-ok")


def _look_inside(connection: psycopg.Connection[tuple[object, ...]]) -> Iterator[Finding]:
    major = connection.info.server_version // 10_000
    if major < MIN_POSTGRES:
        yield mend("database-old", found=major)
    row = connection.execute(
        "SELECT datctype, clock_timestamp() FROM pg_database WHERE datname = current_database()"
    ).fetchone()
    ours = datetime.now(UTC)
    if row is None:
        return
    ctype, theirs = row
    if str(ctype) in {"C", "POSIX"}:
        yield mend("ctype", ctype=ctype)
    present = {str(name) for (name,) in connection.execute("SELECT extname FROM pg_extension")}
    for name in EXTENSIONS:
        if name not in present:
            yield mend("extension", name=name)
    if isinstance(theirs, datetime):
        apart_s = abs((ours - theirs).total_seconds())
        if apart_s > CLOCK_TOLERANCE_S:
            yield mend("clock-database", seconds=f"{apart_s:.0f}")


def check_platform(
    connection: psycopg.Connection[tuple[object, ...]], now: datetime
) -> Iterator[Finding]:
    """Look at the platform's newest sample with its own rules: what its page says, said here."""
    known = connection.execute("SELECT to_regclass('health_sample')").fetchone()
    if known is None or known[0] is None:
        return
    row = connection.execute(
        "SELECT at, figures FROM health_sample ORDER BY at DESC LIMIT 1"
    ).fetchone()
    if row is None or not isinstance(row[0], datetime) or now - row[0] > SAMPLE_SPEAKS:
        last = f"{row[0]:%Y-%m-%d %H:%M}" if row and isinstance(row[0], datetime) else "-"
        yield note("watch-silent", last=last)
        return
    figures = row[1] if isinstance(row[1], dict) else {}
    is_well = True
    for rule in rules.catalogue().platform.values():
        if is_beyond(rule.params, figures.get(rule.params["figure"])):
            is_well = False
            say = note if rule.level == "warn" else mend
            yield say("platform", name=(rule.en, rule.zh), todo=(rule.do_en, rule.do_zh))
    if is_well:
        yield ok("platform-ok", time=f"{row[0].astimezone():%H:%M:%S}")


def check_clock(now: datetime) -> Iterator[Finding]:
    """Look at whether the clock can be right at all."""
    wrong = now < RELEASED
    yield mend("clock-wrong", now=f"{now:%Y-%m-%d %H:%M}") if wrong else ok("clock-ok")


def check_tests() -> Iterator[Finding]:
    """Look for what only developers' tests need."""
    missing = []
    if not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
        missing.append(note("browser"))
    listed = shutil.which("fc-list")
    if listed:
        done = subprocess.run(  # noqa: S603 - the system's own lister of fonts
            [listed, ":lang=zh"], capture_output=True, text=True, check=False
        )
        if not done.stdout.strip():
            missing.append(note("font"))
    yield from missing or [ok("tests-ok")]


def examine(env: Env) -> list[Finding]:
    """Look at everything; nothing is started and nothing is changed."""
    state = env.state.resolve()
    instance = Instance(state)
    home = cluster_home(state)
    cluster = Cluster(home, env.port_of("postgres"))
    findings = [*check_python(), *check_state(state), *check_disk([state, home])]
    if any(finding.key == "state-unwritable" for finding in findings):
        return findings  # what stands inside cannot be looked at either
    findings += [*check_running(env, instance), *check_clock(datetime.now(UTC))]
    if not env.database_url:
        findings += check_cluster(cluster, instance)
        findings += check_left_over(SYSTEM_STATE) if os.geteuid() == 0 else []
    port = cluster.running_port()
    if env.database_url:
        findings += check_database(env.database_url)
    elif port is not None:
        cluster.port = port
        findings += check_database(cluster.url())
    elif cluster.exists():
        findings.append(note("database-asleep"))
    return [*findings, *check_tests()]


def language_of(environment: dict[str, str]) -> str:
    """Return zh or en, as the system's language variables say."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environment.get(name):
            return "zh" if environment[name].lower().startswith("zh") else "en"
    return "en"


def main(argv: list[str]) -> int:
    """Run `songhe doctor`; return 1 when something must be mended."""
    parser = argparse.ArgumentParser(
        prog="songhe doctor",
        description="Look at Python, ports, disk, clock, keys, locale and database, and say in "
        "plain words what is wrong and what to do. Changes nothing.",
        epilog="Example: songhe doctor --lang zh",
    )
    parser.add_argument("--lang", choices=("zh", "en"), help="language (default: by LANG)")
    parser.add_argument("--port", type=int, metavar="N", help="first of the five ports")
    arguments = parser.parse_args(argv)
    language = arguments.lang or language_of(dict(os.environ))
    if arguments.port:
        os.environ["SONGHE_PORT"] = str(arguments.port)
    findings = examine(Env())
    signs = {Level.OK: "  ok ", Level.NOTE: "  -  ", Level.MEND: "  !! "}
    for finding in findings:
        sys.stdout.write(f"{signs[finding.level]}{finding.said(language)}\n")
    wrong = sum(finding.level is Level.MEND for finding in findings)
    key = "verdict-mend" if wrong else "verdict-well"
    sys.stdout.write(f"{words(key, language, count=wrong)}\n")
    return 1 if wrong else 0


def _account_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _mode(mode: int) -> str:
    return f"{stat.S_IMODE(mode):o}"
