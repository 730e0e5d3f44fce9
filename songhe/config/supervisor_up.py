"""`songhe up`: the plan of one machine, from the database to the pages."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import songhe
from songhe.config.env import Env
from songhe.config.postgres import READY_LINE, Cluster, cluster_home
from songhe.config.supervisor import OURS, Process, Supervisor
from songhe.config.supervisor_instance import Instance, check_ports
from songhe.config.supervisor_log import OneLog
from songhe.config.supervisor_probes import Beat, Http
from songhe.config.supervisor_record import Record
from songhe.config.supervisor_tls import own_names, self_signed, today
from songhe.kernel.processes import record_file

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
WILDCARD = {"0.0.0.0", "::"}  # noqa: S104 - compared with, not bound
EVERYWHERE = ("migrate",)


def songhe_process(
    name: str, *argv: str, after: Sequence[str] = EVERYWHERE, once: bool = False
) -> Process:
    """Return a child that runs `songhe ARGV…`: the way for the demo to add its own."""
    return Process(name=name, argv=python_argv(*argv), after=after, once=once)


def python_argv(*argv: str) -> list[str]:
    """Return the command for `songhe ARGV…` with this very Python."""
    return [sys.executable, "-m", "songhe.config.cli", *argv]


class House:
    """What one machine runs: settings settled, environment of the children, list of processes."""

    def __init__(self, env: Env) -> None:
        """Settle every setting; nothing is started and nothing is written yet."""
        self.env = env
        self.state = env.state.resolve()
        self.instance = Instance(self.state)
        self.embedded = not env.database_url
        self.cluster = Cluster(
            cluster_home(self.state), env.port_of("postgres"), durable=env.mode != "test"
        )
        self.ports = {
            "web": env.port_of("web"),
            "live": env.port_of("live"),
            "gateway HTTP": env.port_of("gateway_http"),
            "MQTT": env.port_of("mqtt"),
        }
        self.tls = env.tls_cert is not None

    def use_tls(self) -> None:
        """Take the given certificate, or make one."""
        if not self.tls:
            cert, key = self_signed(self.state / "tls", [*own_names(), self.env.host], now=today())
            self.env.tls_cert, self.env.tls_key = cert, key
        self.tls = True

    def addresses(self) -> dict[str, str]:
        """Return what children and other commands must know, without secrets."""
        env = self.env
        hosts = dict.fromkeys(h.strip() for h in env.allowed_hosts.split(",") if h.strip())
        if env.host not in LOOPBACK:
            hosts |= dict.fromkeys(own_names() if env.host in WILDCARD else [env.host])
        known = {
            "SONGHE_MODE": env.mode,
            "SONGHE_STATE": str(self.state),
            "SONGHE_HOST": env.host,
            "SONGHE_PORT": str(env.port),
            "SONGHE_WEB_PORT": str(env.port_of("web")),
            "SONGHE_LIVE_PORT": str(env.port_of("live")),
            "SONGHE_GATEWAY_HTTP_PORT": str(env.port_of("gateway_http")),
            "SONGHE_MQTT_PORT": str(env.port_of("mqtt")),
            "SONGHE_POSTGRES_PORT": str(env.port_of("postgres")),
            "SONGHE_ALLOWED_HOSTS": ",".join(hosts),
            "SONGHE_METRICS_PORT": str(env.port_of("metrics")),
            "SONGHE_LOG_LEVEL": env.log_level,
            "SONGHE_LOG_FORMAT": env.log_style,
            "SONGHE_TIME_ZONE": env.time_zone,
            "SONGHE_REGION": env.region,
        }
        if self.tls:
            known |= {"SONGHE_TLS_CERT": str(env.tls_cert), "SONGHE_TLS_KEY": str(env.tls_key)}
        return known

    def child_environment(self) -> dict[str, str]:
        """Return the whole environment of our own children, secrets included."""
        here = str(Path(songhe.__file__).resolve().parent.parent)
        path = [here, *filter(None, [os.environ.get("PYTHONPATH")])]
        return {
            **os.environ,
            **self.addresses(),
            "SONGHE_DATABASE_URL": self.cluster.url() if self.embedded else self.env.database_url,
            "SONGHE_SECRET_KEY": self.env.secret(),
            "DJANGO_SETTINGS_MODULE": "songhe.config.settings",
            "PYTHONPATH": os.pathsep.join(path),
            "PYTHONUNBUFFERED": "1",
            "PYTHONUTF8": "1",
        }

    def processes(self) -> list[Process]:
        """Return the plan: database, tables, then gateway, web, live and jobs side by side."""
        plan: list[Process] = []
        if self.embedded:
            plan.append(self.postgres())
        plan += [
            Process(
                name="migrate",
                argv=python_argv("migrate"),
                after=[process.name for process in plan],
                once=True,
            ),
            self._server("gateway", "gateway HTTP"),
            self._server("web", "web"),
            self._server("live", "live"),
            Process(
                name="jobs",
                argv=python_argv("jobs"),
                after=EVERYWHERE,
                probe=Beat(heartbeat_file(self.state)),
                before_start=lambda: heartbeat_file(self.state).unlink(missing_ok=True),
            ),
        ]
        return plan

    def _server(self, name: str, port_name: str) -> Process:
        host = "127.0.0.1" if self.env.host in WILDCARD | LOOPBACK else self.env.host
        return Process(
            name=name,
            argv=python_argv(name),
            after=EVERYWHERE,
            probe=Http(self.ports[port_name], tls=self.tls, host=host),
        )

    def postgres(self) -> Process:
        """Return the embedded database as a process."""
        return Process(
            name="postgres",
            command=self.cluster.command,
            before_start=self.cluster.prepare,
            ready_line=READY_LINE,
            when_ready=self.cluster.ensure_database,
            env=self.cluster.environment(),
            cwd=Path("/"),
            account=self.cluster.account,
            stop_signal=signal.SIGINT,
            stop_within_s=60,
        )

    def check_ports(self) -> None:
        """Raise PortTaken when something else listens where we must."""
        check_ports(self.env.host, self.ports)
        if self.embedded:
            check_ports("127.0.0.1", {"PostgreSQL": self.cluster.port})


def heartbeat_file(state: Path) -> Path:
    """Return the file that the jobs process touches while its loop turns."""
    return state / "run" / "jobs.alive"


def run(
    env: Env,
    *,
    tls: bool = False,
    fresh: bool = False,
    extra: Sequence[Process] = (),
    on_ready: Callable[[House], None] | None = None,
    quiet: bool = False,
    plan: Callable[[House], Sequence[Process]] | None = None,
) -> int:
    """Run the whole house until it is stopped; return the exit code.

    `extra` are processes added after the house's own (the demo's county and simulator),
    `on_ready` is called once when all are ready, `quiet` keeps the terminal to our own words
    (the file has everything), `fresh` removes everything stored before, `plan` takes the place
    of the house's own processes (for a machine that runs only some of them).
    """
    house = House(env)
    with house.instance.hold():
        left = house.instance.clear_leftovers()
        if fresh:
            house.cluster.stop_orphan()
            house.instance.erase()
        log = OneLog(
            house.state / "log" / "songhe.log",
            terminal_names=frozenset({OURS}) if quiet else None,
            as_json=env.log_style == "json",
        )
        if left:
            log.write(OURS, f"ended what an earlier run left: {', '.join(left)}")
        aside = house.instance.set_aside_older() if house.embedded else None
        if aside:
            log.write(OURS, f"the database of an earlier state folder is kept in {aside}")
        if house.embedded:
            house.cluster.stop_orphan()
        house.check_ports()
        if tls or house.tls:
            house.use_tls()
        if house.embedded:
            house.cluster.prepare()
        house.instance.write(house.addresses())
        processes = [*(plan(house) if plan else house.processes()), *extra]
        try:
            return asyncio.run(_supervise(house, log, processes, on_ready))
        finally:
            house.instance.forget()
            log.close()


async def _supervise(
    house: House,
    log: OneLog,
    processes: Sequence[Process],
    on_ready: Callable[[House], None] | None,
) -> int:
    began = time.monotonic()
    os.environ |= house.child_environment()

    def announce() -> None:
        log.write(OURS, f"everything runs after {time.monotonic() - began:.1f} s: {url(house)}")
        if on_ready:
            on_ready(house)

    supervisor = Supervisor(
        processes,
        log=log,
        on_ready=announce,
        on_spawn=house.instance.add_child,
        record=Record(record_file(house.state)),
    )
    log.write(OURS, f"starting on {house.state}")
    return await supervisor.run()


def url(house: House) -> str:
    """Return the address of the pages, as a person on this machine would type it."""
    host = "localhost" if house.env.host in LOOPBACK | WILDCARD else house.env.host
    return f"{'https' if house.tls else 'http'}://{host}:{house.ports['web']}/"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that `up` and `demo` share."""
    parser.add_argument(
        "--port",
        type=int,
        metavar="N",
        help="first of six ports: pages N, event stream N+1, device HTTP N+2, MQTT N+3, "
        "database N+4, measures of background work N+5 (default 8000)",
    )
    parser.add_argument("--host", help="address to listen on (default 127.0.0.1: this machine)")
    parser.add_argument(
        "--tls",
        action="store_true",
        help="encrypt pages and devices: with SONGHE_TLS_CERT and SONGHE_TLS_KEY, or with a "
        "self-signed certificate",
    )
    parser.add_argument("--state", type=Path, help="folder of data, keys and logs")
    parser.add_argument("--quiet", action="store_true", help="show only our own words")


def env_of(arguments: argparse.Namespace, **more: str) -> Env:
    """Return the settings with the options on top; the environment follows them."""
    chosen = {"port": arguments.port, "host": arguments.host, "state": arguments.state, **more}
    for name, value in chosen.items():
        if value is not None:
            os.environ[f"SONGHE_{name.upper()}"] = str(value)
    return Env()


def main(argv: list[str]) -> int:
    """Run `songhe up`."""
    parser = argparse.ArgumentParser(
        prog="songhe up",
        description="Start database, gateway, pages, event stream and jobs on this machine, and "
        "watch them until Ctrl-C. What was stored stays for the next time.",
        epilog="Example: songhe up --port 8100 --tls",
    )
    add_arguments(parser)
    arguments = parser.parse_args(argv)
    return run(env_of(arguments), tls=arguments.tls, quiet=arguments.quiet)
