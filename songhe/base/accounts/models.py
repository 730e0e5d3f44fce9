"""Accounts and their sessions. What a person may do is said by base.access, never here."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils import timezone

from songhe.kernel.ids import uuid7


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(login__iexact=username)

    def create_user(self, *, login: str, display_name: str, password: str, **extra: Any) -> User:
        user = self.model(login=login.lower(), display_name=display_name, **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """One account. Accounts are closed with a date, never deleted: the audit points at them.

    first_secret_until: the password is a first secret, told by whoever opened the account. It is
    good until then, and only to set a password of one's own.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    login = models.CharField(max_length=64, unique=True)
    display_name = models.CharField(max_length=64)
    phone_sealed = models.BinaryField(null=True)
    phone_index = models.BinaryField(max_length=32, null=True, unique=True)
    first_secret_until = models.DateTimeField(null=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    left_at = models.DateTimeField(null=True)

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "login"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["display_name"]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(left_at__isnull=True) | models.Q(is_active=False),
                name="user_left_is_inactive",
            )
        ]

    def __str__(self) -> str:
        return self.display_name


class Session(AbstractBaseSession):
    """A browser that somebody is signed in with, or a stranger's. It may go at any time.

    seen_at: when it last asked for anything, to some minutes.
    """

    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="+")
    seen_at = models.DateTimeField(default=timezone.now)

    @classmethod
    def get_session_store_class(cls) -> Any:
        from songhe.base.accounts.sessions import SessionStore

        return SessionStore


class FactorSecret(models.Model):
    """What a second factor is computed from: the key of a code app, the seed of recovery codes.

    The factor itself is a row of allauth (`mfa_authenticator`) that names this one.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    secret_sealed = models.BinaryField()

    def __str__(self) -> str:
        return str(self.pk)


class ApiKey(models.Model):
    """A key by which a machine asks the JSON API as an account. Only a digest of it is kept.

    may_change: it may do more than read. used_on: the last day on which it was used.
    """

    LONGEST = timedelta(days=366)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    name = models.CharField(max_length=60)
    digest = models.BinaryField(max_length=32, unique=True)
    may_change = models.BooleanField(default=False)
    made_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    used_on = models.DateField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    ends_at__gt=models.F("made_at"),
                    ends_at__lte=models.F("made_at") + timedelta(days=366),
                ),
                name="key_ends_within_a_year",
            )
        ]

    def __str__(self) -> str:
        return self.name


class OutsideIdentity(models.Model):
    """Who an account is at the outside provider (OpenID Connect: issuer and subject)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    issuer = models.CharField(max_length=200)
    subject = models.CharField(max_length=255)
    linked_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="identity_once"),
            models.UniqueConstraint(fields=["user", "issuer"], name="identity_one_a_user"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} @ {self.issuer}"
