"""`python -m bench.trial_run RULE SCOPE`: try a rule in this process; what it took as JSON."""

from __future__ import annotations

import resource
import sys
import time

import django
import msgspec


def main(rule: str, scope: str) -> None:
    """Ask and run one trial with a laxer limit; print seconds, readings, counts, peak memory."""
    django.setup()
    from django.utils import timezone

    from songhe.base.access.actor import SYSTEM
    from songhe.domains.monitoring import services

    trial = services.ask_trial(
        actor=SYSTEM,
        scope=scope,
        rule=rule,
        params={"sbp_ge": 190} if rule == "bp-critical" else {},
        enabled=True,
        at=timezone.now(),
    )
    began_s = time.perf_counter()
    services.run_trial(trial_id=trial.pk, clock=timezone.now, should_end=lambda: False)
    took_s = time.perf_counter() - began_s
    trial.refresh_from_db()
    figures = {
        "seconds": took_s,
        "readings": trial.readings,
        "present": trial.result["counts"]["present"],
        "tried": trial.result["counts"]["tried"],
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print()
    sys.stdout.buffer.write(msgspec.json.encode(figures))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
