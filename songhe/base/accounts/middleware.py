"""Who asks: the account that the session was read with, if it is open and the password the same."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

from songhe.base.accounts.models import User
from songhe.base.database.base import DatabaseWrapper


class Authentication(AuthenticationMiddleware):
    """Django's middleware, asking the session for its account instead of the database again."""

    def process_request(self, request: Any) -> None:
        super().process_request(request)

        def known() -> User | AnonymousUser:
            request._cached_user = account_of(request)
            return request._cached_user  # type: ignore[no-any-return]

        request.user = SimpleLazyObject(known)


def account_of(request: HttpRequest) -> User | AnonymousUser:
    """Return the account of the request's session, or nobody.

    A closed account is nobody. A session from before a change of the password ends here.
    """
    account: User | None = request.session.account  # type: ignore[attr-defined]
    if account is None or not account.is_active:
        return AnonymousUser()
    known = request.session.get(HASH_SESSION_KEY, "")
    if constant_time_compare(known, account.get_session_auth_hash()):
        return account
    request.session.flush()
    cast(DatabaseWrapper, connection).stand_as(None)
    return AnonymousUser()
