"""Steps that are taken one after another, where one that fails must not hold up the rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import InterfaceError, OperationalError


class StepFailed(Exception):
    """The step of one finding or alarm failed, by a fault of its own; `of` is its id."""

    def __init__(self, of: UUID) -> None:
        self.of = of
        super().__init__(str(of))


@contextmanager
def step_of(of: UUID) -> Iterator[None]:
    """Name what a step was about when it fails; that the database is away is nobody's fault."""
    try:
        yield
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        raise StepFailed(of) from error
