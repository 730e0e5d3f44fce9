"""Seals old days again and again until its input ends: a process for the fault tests to kill."""

from __future__ import annotations

import os
import sys
import threading
import time

import django
from django.db import OperationalError, close_old_connections


def main(piece_messages: int) -> None:
    """Seal until the input is closed; each round is told on the output."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "songhe.config.settings")
    django.setup()
    from django.utils import timezone

    from songhe.domains.telemetry import services
    from songhe.domains.telemetry.services import sealing

    sealing.PIECE_MESSAGES = piece_messages
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    is_last = False
    while not is_last:
        is_last = ended.is_set()  # what came before the end is sealed as well
        try:
            sealed = services.seal_old_days(clock=timezone.now)
        except OperationalError:
            sealed = -1  # the database is away
            close_old_connections()
        sys.stdout.write(f"round: {sealed}\n")
        sys.stdout.flush()
        time.sleep(0.02)


if __name__ == "__main__":
    main(int(sys.argv[1]))
