"""`songhe account`: what an engineer does for an account when no page can: let in, link, close."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime


def main(argv: list[str]) -> int:
    """Do one thing to one account; say what became of it."""
    parser = argparse.ArgumentParser(
        prog="songhe account",
        description="Accounts from the machine itself, for example when the only administrator has "
        "lost phone and recovery codes. What is done is in the audit as done by the system.",
        epilog="Example: songhe account renew --login lin",
    )
    acts = parser.add_subparsers(dest="act", required=True, metavar="renew | link | close")
    renew = acts.add_parser("renew", help="print a new first password; second factors are removed")
    link = acts.add_parser("link", help="let the account sign in at the outside provider")
    close = acts.add_parser("close", help="close the account; it is out at once")
    for one in (renew, link, close):
        one.add_argument("--login", required=True, help="whose account it is")
    link.add_argument(
        "--subject", required=True, help="who it is there (sub), as the provider says"
    )
    arguments = parser.parse_args(argv)
    import django

    django.setup()
    return _do(arguments)


def _do(arguments: argparse.Namespace) -> int:
    from django.conf import settings

    from songhe.base.access import sign_ins
    from songhe.base.access.actor import SYSTEM
    from songhe.base.accounts.models import User
    from songhe.kernel.errors import SongheError

    user = User.objects.filter(login=arguments.login.strip().lower()).first()
    if user is None:
        return _refused(f"there is no account {arguments.login}")
    now = datetime.now(UTC)
    try:
        if arguments.act == "renew":
            secret = sign_ins.renew_secret(actor=SYSTEM, user=user, at=now)
            said = f"{secret}\nGood for 72 hours, and only to choose a password."
        elif arguments.act == "close":
            sign_ins.close_account(actor=SYSTEM, user=user, at=now)
            said = f"{user.login} is closed, and out everywhere."
        elif not settings.OIDC_ISSUER:
            return _refused("there is no outside provider: set SONGHE_OIDC_ISSUER")
        else:
            subject = arguments.subject
            sign_ins.link_identity(actor=SYSTEM, user=user, subject=subject, at=now)
            said = f"{user.login} signs in at {settings.OIDC_ISSUER} as {subject}."
    except SongheError as error:
        return _refused(str(error))
    sys.stdout.write(said + "\n")
    return 0


def _refused(why: str) -> int:
    sys.stderr.write(f"songhe account: {why}\n")
    return 1
