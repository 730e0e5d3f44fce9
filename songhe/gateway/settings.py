"""What the gateway is told from outside: the shared SONGHE_ variables and its own limits."""

from __future__ import annotations

import ssl
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

PAYLOAD_LIMIT = 64 * 1024


class Settings(BaseSettings):
    """Every limit has a default that suits a county on one machine.

    Variables are the field names in capitals after SONGHE_, for example SONGHE_MQTT_PORT and
    SONGHE_GATEWAY_RATE_PER_S.
    """

    model_config = SettingsConfigDict(env_prefix="SONGHE_", extra="ignore")

    database_url: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    gateway_http_port: int | None = None
    mqtt_port: int | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    log_level: str = "INFO"
    log_format: str = ""
    mode: str = "production"
    secret_key: str = ""
    metrics_token: str = ""

    gateway_linger_ms: float = Field(default=1.5, ge=0, le=50)
    gateway_linger_busy_ms: float = Field(default=4.0, ge=0, le=50)
    gateway_batch_messages: int = Field(default=4000, ge=1)
    gateway_queue_messages: int = Field(default=40_000, ge=100)
    gateway_queue_bytes: int = Field(default=128 * 1024 * 1024, ge=PAYLOAD_LIMIT)
    gateway_rate_per_s: float = Field(default=200.0, gt=0)
    gateway_rate_burst: float = Field(default=2000.0, ge=1)
    gateway_letters_per_minute: float = Field(default=120.0, gt=0)
    gateway_connections: int = Field(default=20_000, ge=1)
    gateway_unknown_per_address: int = Field(default=2000, ge=1)
    gateway_connect_s: float = Field(default=10.0, gt=0)
    gateway_packet_s: float = Field(default=60.0, gt=0)
    gateway_outage_s: float = Field(default=30.0, gt=0)
    gateway_stall_s: float = Field(default=10.0, gt=0)
    gateway_rebuild_hours: float = Field(default=36.0, ge=0)

    @property
    def http_port(self) -> int:
        """Return the port of the HTTP side: its own setting, or base port + 2."""
        return self.gateway_http_port if self.gateway_http_port is not None else self.port + 2

    @property
    def device_port(self) -> int:
        """Return the MQTT port: its own setting, or base port + 3."""
        return self.mqtt_port if self.mqtt_port is not None else self.port + 3

    @property
    def is_log_readable(self) -> bool:
        """Tell whether the log is for eyes (demo, tests) rather than for machines."""
        return (self.log_format or ("json" if self.mode == "production" else "lines")) == "lines"

    def tls(self) -> ssl.SSLContext | None:
        """Return the TLS context when a certificate is given, else None."""
        if self.tls_cert is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.tls_cert, self.tls_key)
        return context
