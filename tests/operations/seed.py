"""`python -m tests.operations.seed`: two towns in the database of the environment, told as JSON."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from importlib import import_module


def main() -> None:
    """Make the world, a device that may speak, and a session for each user."""
    import django

    django.setup()
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from songhe.domains.devices.testing import make_device
    from songhe.domains.organizations import selectors as organizations
    from tests.access.world import make_world

    now = datetime.now(UTC)
    world = make_world(now)
    town = world.towns["a"]
    device, secret = make_device(
        at=now - timedelta(hours=1),
        organization=organizations.get_organization(town.organization),
        person_id=town.person,
    )
    sessions = {}
    store = import_module(settings.SESSION_ENGINE).SessionStore
    for name, user in world.users.items():
        session = store()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save()
        sessions[name] = session.session_key
    told = {
        "cookie": settings.SESSION_COOKIE_NAME,
        "sessions": sessions,
        "person": str(town.person),
        "alarm": str(town.alarm),
        "key": device.key,
        "secret": secret,
    }
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
