"""Failed attempts to sign in, so that guessing takes time, and codes sent by message."""

from __future__ import annotations

from django.db import models

from songhe.kernel.ids import uuid7


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


class SmsCode(models.Model):
    """A code that was asked for a phone, whether or not an account has it.

    user and code_digest stay empty where no account may sign in by this phone: nobody who asks can
    tell the difference. tries: how often a code was typed for it, five at most.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey("accounts.User", models.CASCADE, null=True, related_name="+")
    phone_sealed = models.BinaryField()
    phone_index = models.BinaryField(max_length=32)
    address = models.GenericIPAddressField()
    code_digest = models.BinaryField(max_length=32, null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "signin_sms_code"
        indexes = [
            models.Index(fields=["phone_index", "asked_at"], name="sms_code_phone"),
            models.Index(fields=["address", "asked_at"], name="sms_code_address"),
            models.Index(fields=["asked_at"], name="sms_code_asked"),
        ]

    def __str__(self) -> str:
        return f"{self.asked_at:%H:%M}"
