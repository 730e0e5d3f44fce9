"""Who an account is at the outside provider. Nobody comes in who was not linked before."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction

from songhe.base.accounts.models import OutsideIdentity, User
from songhe.kernel.errors import Conflict


class IdentityTaken(Conflict):
    code = "accounts.identity_taken"
    message = "This outside identity is linked with another account already."


def identity_of(user: User) -> OutsideIdentity | None:
    """Return the link of an account with the provider of this install."""
    if not settings.OIDC_ISSUER:
        return None
    return OutsideIdentity.objects.filter(user=user, issuer=settings.OIDC_ISSUER).first()


def put_identity(*, user: User, subject: str, at: datetime) -> None:
    """Link an account with a subject of the provider, in place of the one before.

    Raises IdentityTaken.
    """
    OutsideIdentity.objects.filter(user=user, issuer=settings.OIDC_ISSUER).delete()
    try:
        with transaction.atomic():
            OutsideIdentity.objects.create(
                user=user, issuer=settings.OIDC_ISSUER, subject=subject, linked_at=at
            )
    except IntegrityError:
        raise IdentityTaken from None


def user_at(*, subject: str, at: datetime) -> User | None:
    """Return the open account that is linked with a subject of the provider."""
    row = OutsideIdentity.objects.filter(issuer=settings.OIDC_ISSUER, subject=subject).first()
    if row is None or not row.user.is_active:
        return None
    OutsideIdentity.objects.filter(pk=row.pk).update(used_at=at)
    return row.user
