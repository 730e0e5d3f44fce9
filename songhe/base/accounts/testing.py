"""For tests: a browser that is signed in and has just proved it."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.test import Client

from songhe.base.accounts import proofs
from songhe.base.accounts.models import User


def signed_in(client: Client, user: User, *, at: datetime) -> Client:
    """Sign a test's client in, as if a password had been typed at `at`; return it."""
    client.force_login(user)
    session = client.session
    proofs.mark(session, at=at)
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key or ""
    return client
