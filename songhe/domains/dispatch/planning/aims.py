"""What a planner wants more of: short ways, or the faces that people know."""

from __future__ import annotations

import msgspec

from songhe.domains.dispatch.params import params
from songhe.engines.routing import Instance


def priced(instance: Instance, aim: str) -> Instance:
    """Return the task with the prices that an aim puts in place of the usual ones (status E)."""
    prices = params()["planning"]["aims"][aim]
    return msgspec.structs.replace(
        instance, weights=msgspec.structs.replace(instance.weights, **prices)
    )
