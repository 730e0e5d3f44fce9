"""How often work is tried again that the database was away for."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError
from procrastinate import RetryStrategy

# The database may be away for a while; whatever else goes wrong is for a person to see.
AWAY = RetryStrategy(
    max_attempts=8, wait=5, exponential_wait=2, retry_exceptions=[OperationalError, InterfaceError]
)
