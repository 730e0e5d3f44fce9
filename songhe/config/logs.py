"""Where the log of the Django processes goes: one line a record to standard error.

The supervisor adds time and process name. Passwords and personal data are never logged; a fault's
line carries the request id that the reader was shown.
"""

from __future__ import annotations

import logging.config

CHATTY = {
    "django.request": "ERROR",  # a page that is not there is no fault of ours
    "django.security.DisallowedHost": "CRITICAL",
    "procrastinate": "WARNING",
    "asyncio": "WARNING",
    "PIL": "WARNING",
    "fontTools": "WARNING",
}


def configure(level: str) -> None:
    """Send every record from `level` on to standard error; libraries speak only when it matters."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": {"format": "%(levelname)s %(name)s: %(message)s"}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"handlers": ["stderr"], "level": level.upper()},
            "loggers": {name: {"level": quiet} for name, quiet in CHATTY.items()},
        }
    )
