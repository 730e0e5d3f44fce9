"""How often work is tried again that the database was away for."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError
from procrastinate import RetryStrategy

MOST_TRIES = 8


def while_away(*more: type[Exception]) -> RetryStrategy:
    """Return how to try again while the database is away (10 minutes in all), or for `more`.

    Whatever else goes wrong is for a person to see.
    """
    return RetryStrategy(
        max_attempts=MOST_TRIES,
        wait=5,
        exponential_wait=2,
        retry_exceptions=[*more, OperationalError, InterfaceError],
    )


AWAY = while_away()
