"""Python's collector of cycles, told what a long-lived process knows better."""

from __future__ import annotations

import gc

# Allocations before a look at the young, and how many of those before the older are looked at.
THRESHOLDS = (50_000, 20, 50)


def leave_loaded_alone() -> None:
    """Take all that is loaded for permanent; to be called when a process has started.

    The collector looks through modules, routes and snapshots again and again, up to 70 ms at a time
    in the middle of somebody's page, and finds nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
