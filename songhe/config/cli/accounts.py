"""`songhe createsuperuser`: the first account of an install, with the administrator's role."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from datetime import UTC, datetime

PASSWORD = "SONGHE_PASSWORD"  # noqa: S105 - the name of a variable


def main(argv: list[str]) -> int:
    """Ask for what was not given; make the account and give it the role, both or neither."""
    parser = argparse.ArgumentParser(
        prog="songhe createsuperuser",
        description="Make an account with the administrator's role for every region. What is not "
        f"given is asked for; the password comes from the terminal or from {PASSWORD}.",
        epilog="Example: songhe createsuperuser --login lin --name 林主任",
    )
    parser.add_argument("--login", help="what the person signs in with")
    parser.add_argument("--name", help="how the person is called on the pages")
    arguments = parser.parse_args(argv)
    import django

    django.setup()
    login = arguments.login or input("Login: ")
    name = arguments.name or input("Name: ")
    password = os.environ.get(PASSWORD) or _asked()
    if not (login.strip() and name.strip() and password):
        sys.stderr.write("songhe createsuperuser: login, name and password may not be empty\n")
        return 1
    return _make(login.strip(), name.strip(), password)


def _asked() -> str:
    """Return the password, typed twice alike; empty when it was not."""
    first = getpass.getpass("Password: ")
    return first if first == getpass.getpass("Password again: ") else ""


def _make(login: str, name: str, password: str) -> int:
    """Make the account; refuse a weak password and a login that is taken, in a sentence each."""
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError
    from django.db import IntegrityError, transaction

    from songhe.base.access import services
    from songhe.base.access.actor import SYSTEM
    from songhe.base.accounts.models import User

    try:
        validate_password(password, User(login=login, display_name=name))
        with transaction.atomic():
            user = User.objects.create_user(login=login, display_name=name, password=password)
            services.give_role(
                actor=SYSTEM, user=user, role="admin", region_prefix="", at=datetime.now(UTC)
            )
    except ValidationError as error:
        sys.stderr.write(f"songhe createsuperuser: {' '.join(error.messages)}\n")
        return 1
    except IntegrityError:
        sys.stderr.write(f"songhe createsuperuser: the login {login} is taken\n")
        return 1
    sys.stdout.write(f"{login} may do everything. Sign in on the pages.\n")
    return 0
