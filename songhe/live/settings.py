"""What the event stream is told from outside: the shared SONGHE_ variables and its own limits."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class NoSecret(SystemExit):
    """Without the secret that the web process signs with, no ticket can be checked."""


class Settings(BaseSettings):
    """Variables are the field names in capitals after SONGHE_, for example SONGHE_LIVE_PORT."""

    model_config = SettingsConfigDict(env_prefix="SONGHE_", extra="ignore")

    database_url: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    live_port: int | None = None
    secret_key: str = ""
    state: Path = Path(".state")
    tls_cert: Path | None = None
    tls_key: Path | None = None
    log_level: str = "INFO"
    log_format: str = ""
    mode: str = "production"
    metrics_token: str = ""

    live_beat_s: float = Field(default=10.0, gt=0)
    live_queue_events: int = Field(default=256, ge=1)
    live_streams: int = Field(default=5_000, ge=1)
    live_send_s: float = Field(default=15.0, gt=0)
    live_longest_s: float = Field(default=900.0, gt=0)

    @property
    def own_port(self) -> int:
        """Return the port of the stream: its own setting, or base port + 1."""
        return self.live_port if self.live_port is not None else self.port + 1

    @property
    def is_log_readable(self) -> bool:
        """Tell whether the log is for eyes (demo, tests) rather than for machines."""
        return (self.log_format or ("json" if self.mode == "production" else "lines")) == "lines"

    def secret(self) -> str:
        """Return the secret that tickets are signed with; raises NoSecret when there is none."""
        if self.secret_key:
            return self.secret_key
        try:
            return (self.state / "secret.key").read_text(encoding="ascii").strip()
        except OSError:
            raise NoSecret(
                f"There is no secret: give SONGHE_SECRET_KEY, or start `songhe web` first, "
                f"which writes {self.state / 'secret.key'}."
            ) from None
