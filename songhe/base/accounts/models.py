"""Accounts and their sessions. What a person may do is said by base.access, never here."""

from __future__ import annotations

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
    """One account. Accounts are closed with a date, never deleted: the audit points at them."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    login = models.CharField(max_length=64, unique=True)
    display_name = models.CharField(max_length=64)
    phone_sealed = models.BinaryField(null=True)
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
