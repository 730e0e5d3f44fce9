"""Whose notices they are: an account's, never the system's."""

from __future__ import annotations

from uuid import UUID

from songhe.base.access.actor import Actor
from songhe.kernel.errors import Denied


class NoAccount(Denied):
    code = "notify.no_account"
    message = "Only who is signed in has notices."


def account_of(actor: Actor) -> UUID:
    """Return the account of the actor. Raises NoAccount."""
    if actor.user_id is None:
        raise NoAccount
    return actor.user_id
