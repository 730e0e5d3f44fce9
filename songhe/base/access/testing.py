"""For tests: a machine that asks the API with a key."""

from __future__ import annotations

from datetime import datetime, timedelta

from songhe.base.access import api_keys
from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.models import User


def keyed(user: User, *, at: datetime, may_change: bool = True) -> dict[str, str]:
    """Return the headers of a request with a new key of this account, good for a day."""
    _row, secret = api_keys.make_key(
        actor=SYSTEM,
        user=user,
        name="test",
        ends_at=at + timedelta(days=1),
        may_change=may_change,
        at=at,
    )
    return {"Authorization": f"Bearer {secret}"}
