"""How the Django processes log: `songhe.kernel.logs`, with what libraries may say.

JSON lines in production, readable ones in the demo and in tests; SONGHE_LOG_FORMAT (json, lines)
chooses otherwise. The supervisor adds time and process to readable lines.
"""

from __future__ import annotations

from songhe.config.env import Env
from songhe.kernel import logs

CHATTY = {
    "django.request": "ERROR",  # a page that is not there is no fault of ours
    "django.security.DisallowedHost": "CRITICAL",
    "procrastinate": "WARNING",
    "psycopg.pool": "ERROR",  # the page that had to wait says it
    "asyncio": "WARNING",
    "PIL": "WARNING",
    "fontTools": "WARNING",
    "_granian": "WARNING",
    "granian": "WARNING",
}


def configure(process: str, env: Env) -> None:
    """Set up the log of a process from its environment."""
    logs.configure(process, level=env.log_level, readable=env.log_style == "lines", quiet=CHATTY)
