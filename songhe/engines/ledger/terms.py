"""What a ledger counts in."""

from __future__ import annotations

from django.db.models import TextChoices


class Unit(TextChoices):
    """The unit of an account: integers of it, never fractions."""

    FEN = "fen"
    MINUTES = "minutes"
    POINTS = "points"
