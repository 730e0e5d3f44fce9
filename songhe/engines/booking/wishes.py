"""What somebody asks for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from uuid import UUID

from songhe.engines.booking.terms import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for: seats (units) of a resource for a time, whose and what for.

    key: asked again with the same, it is the same. Name it after the thing and its step.
    """

    resource_id: UUID
    span: Span
    holder: str
    kind: str
    key: str
    units: int = 1

    @property
    def digest(self) -> bytes:
        """Return SHA-256 of what is asked for."""
        said = (
            f"{self.resource_id}|{self.span.begins.timestamp()}|{self.span.ends.timestamp()}"
            f"|{self.holder}|{self.kind}|{self.units}"
        )
        return hashlib.sha256(said.encode()).digest()
