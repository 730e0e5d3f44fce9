"""The settings of the embedded PostgreSQL, scaled to the machine it runs on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import psutil

MIB = 1024 * 1024
CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def machine_memory_bytes() -> int:
    """Return the memory we may use: the machine's, or the container's limit if that is lower."""
    total = int(psutil.virtual_memory().total)
    for name in CGROUP_LIMITS:
        try:
            text = Path(name).read_text(encoding="ascii").strip()
        except OSError:
            continue
        if text.isdigit() and int(text) < total:
            total = int(text)
    return total


def scaled(memory_bytes: int) -> dict[str, str]:
    """Return memory settings for a machine of this size (measured at 24 GB: 4, 14 GB, 32 MB)."""
    memory_mib = memory_bytes // MIB
    shared = max(128, min(4096, memory_mib // 6))
    return {
        "shared_buffers": f"{shared}MB",
        "effective_cache_size": f"{max(256, memory_mib * 58 // 100)}MB",
        "work_mem": f"{max(4, min(32, memory_mib // 768))}MB",
        "maintenance_work_mem": f"{max(64, min(512, memory_mib // 32))}MB",
        "wal_buffers": f"{max(4, min(64, shared // 32))}MB",
    }


def settings(*, port: int, sockets: Path, durable: bool, memory_bytes: int) -> dict[str, str]:
    """Return every setting that differs from PostgreSQL's own default.

    Without `durable` (tests only) nothing is flushed to disk and memory is kept small; what was
    committed still survives the death of any process, only not that of the machine.
    """
    chosen = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "password_encryption": "scram-sha-256",
        "max_connections": "120",
        "synchronous_commit": "on",
        "jit": "off",
        "random_page_cost": "1.1",
        "checkpoint_timeout": "5min",
        "max_wal_size": "2GB",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "C",
        "log_line_prefix": "",
        "log_checkpoints": "off",
        "log_min_messages": "warning",
        # No rows, no statements, no parameters: they would carry personal data into the log.
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
        "max_locks_per_transaction": "256",
        **scaled(memory_bytes),
    }
    if not durable:
        chosen |= {
            "fsync": "off",
            "full_page_writes": "off",
            "shared_buffers": "128MB",
            "wal_buffers": "4MB",
            "max_wal_size": "512MB",
            "autovacuum": "off",
        }
    return chosen


def render(values: Mapping[str, str]) -> str:
    """Return the settings as the text of a postgresql.conf."""
    quoted = {name: value.replace("'", "''") for name, value in values.items()}
    return "".join(f"{name} = '{value}'\n" for name, value in quoted.items())
