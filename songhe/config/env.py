"""What the process is told from outside: environment variables that start with SONGHE_."""

from __future__ import annotations

import secrets
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

Mode = Literal["demo", "test", "production"]
PortName = Literal["web", "live", "gateway_http", "mqtt", "postgres", "metrics"]
PORTS: tuple[PortName, ...] = ("web", "live", "gateway_http", "mqtt", "postgres", "metrics")


class Env(BaseSettings):
    """Everything that may differ between two installs; each has a default that works."""

    model_config = SettingsConfigDict(env_prefix="SONGHE_", extra="ignore")

    mode: Mode = "production"
    state: Path = Path(".state")
    database_url: str = ""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1024, le=65000)
    web_port: int | None = None
    live_port: int | None = None
    gateway_http_port: int | None = None
    mqtt_port: int | None = None
    postgres_port: int | None = None
    metrics_port: int | None = None
    metrics_token: str = ""
    walled: bool = False  # set by the web process for itself: it reads as the pages' role
    allowed_hosts: str = "localhost,127.0.0.1,[::1]"
    secret_key: str = ""
    tls_cert: Path | None = None
    tls_key: Path | None = None
    log_level: str = "INFO"
    log_format: Literal["", "json", "lines"] = ""
    health_every_s: float = Field(default=15.0, ge=0.2, le=300)
    platform_limits: dict[str, dict[str, float]] = {}
    time_zone: str = "Asia/Shanghai"
    region: str = ""
    second_factor_roles: str | None = None
    rate_limits: bool | None = None  # None: on, but in tests and benchmarks
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    oidc_name: str = ""
    oidc_hosts: str = ""
    push_contact: str = ""
    push_hosts: str = ""

    @property
    def limited(self) -> bool:
        """Tell whether pages are refused to who asks too often."""
        return self.mode != "test" if self.rate_limits is None else self.rate_limits

    @property
    def log_style(self) -> Literal["json", "lines"]:
        """Return how the log is written: JSON in production, readable lines otherwise."""
        return self.log_format or ("json" if self.mode == "production" else "lines")

    def port_of(self, name: PortName) -> int:
        """Return the port of a process: its own setting, or the base port plus its place."""
        own: int | None = getattr(self, f"{name}_port")
        return self.port + PORTS.index(name) if own is None else own

    def secret(self) -> str:
        """Return the signing secret: given, or made once and kept in the state folder (0600)."""
        if self.secret_key:
            return self.secret_key
        path = self.state / "secret.key"
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(48), encoding="ascii")
        return path.read_text(encoding="ascii").strip()


@cache
def env() -> Env:
    """Return this process's environment, read once."""
    return Env()
