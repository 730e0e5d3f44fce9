"""Failed attempts to sign in, so that guessing takes time."""

from __future__ import annotations

from django.db import models


class FailedAttempt(models.Model):
    """One failure. The login is kept as a keyed digest: people type passwords into that field."""

    login_digest = models.BinaryField(max_length=32)
    address = models.GenericIPAddressField()
    at = models.DateTimeField()

    class Meta:
        db_table = "signin_attempt"
        indexes = [
            models.Index(fields=["login_digest", "at"], name="attempt_login"),
            models.Index(fields=["address", "at"], name="attempt_address"),
        ]

    def __str__(self) -> str:
        return f"{self.address} {self.at:%H:%M}"
