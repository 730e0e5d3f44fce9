"""`songhe account`: what the machine's owner does for an account when no page can.

The roles that watch over administrators are given here alone (roles.yaml, `apart`).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from songhe.base.accounts.models import User


def main(argv: list[str]) -> int:
    """Do one thing to one account; say what became of it."""
    parser = argparse.ArgumentParser(
        prog="songhe account",
        description="Accounts from the machine itself, for example when the only administrator has "
        "lost phone and recovery codes. What is done is in the audit as done by the system.",
        epilog="Example: songhe account give --login qin --role auditor --region 990121",
    )
    acts = parser.add_subparsers(
        dest="act", required=True, metavar="open | give | take | key | renew | link | close"
    )
    new = acts.add_parser("open", help="open an account; print its first password")
    give = acts.add_parser("give", help="give a role in a region, also one that no page gives")
    take = acts.add_parser("take", help="end a role everywhere, at once")
    key = acts.add_parser("key", help="print a new key by which another system asks the API")
    renew = acts.add_parser("renew", help="print a new first password; second factors are removed")
    link = acts.add_parser("link", help="let the account sign in at the outside provider")
    close = acts.add_parser("close", help="close the account; it is out at once")
    for one in (new, give, take, key, renew, link, close):
        one.add_argument("--login", required=True, help="whose account it is")
    link.add_argument(
        "--subject", required=True, help="who it is there (sub), as the provider says"
    )
    new.add_argument("--name", required=True, help="how the person is called on the pages")
    for one in (give, take):
        one.add_argument("--role", required=True, help="such as auditor or privacy_officer")
    give.add_argument("--region", required=True, help="code of a region, or all")
    give.add_argument("--until", type=date.fromisoformat, help="the last day, 2027-06-30")
    key.add_argument("--system", required=True, help="which system the key is for")
    key.add_argument("--days", type=int, default=90, help="how long it is good (default 90)")
    key.add_argument("--may-change", action="store_true", help="it may do more than read")
    arguments = parser.parse_args(argv)
    import django

    django.setup()
    return _do(arguments)


def _do(arguments: argparse.Namespace) -> int:
    from songhe.base.accounts.models import User
    from songhe.kernel.errors import SongheError

    user = User.objects.filter(login=arguments.login.strip().lower()).first()
    if user is None and arguments.act != "open":
        return _refused(f"there is no account {arguments.login}")
    acts: dict[str, Callable[..., str]] = {
        "open": _open,
        "give": _give,
        "take": _take,
        "key": _key,
    }
    try:
        said = acts.get(arguments.act, _let_in_or_out)(arguments, user, datetime.now(UTC))
    except (SongheError, ValueError) as error:
        return _refused(str(error))
    sys.stdout.write(said + "\n")
    return 0


def _open(arguments: argparse.Namespace, _user: User | None, at: datetime) -> str:
    from songhe.base.access import sign_ins
    from songhe.base.access.actor import SYSTEM

    user, secret = sign_ins.open_account(
        actor=SYSTEM, login=arguments.login, display_name=arguments.name, at=at
    )
    return f"{secret}\nGood for 72 hours, to choose a password. {user.login} has no role yet."


def _give(arguments: argparse.Namespace, user: User, at: datetime) -> str:
    from django.utils import timezone

    from songhe.base.access import services
    from songhe.base.access.actor import SYSTEM
    from songhe.base.accounts import streams
    from songhe.base.regions import selectors as regions

    region = "" if arguments.region == "all" else arguments.region
    if region and not regions.by_code([region]):
        raise ValueError(f"there is no region {region}")
    until = None
    if arguments.until is not None:
        until = timezone.make_aware(datetime.combine(arguments.until + timedelta(days=1), time()))
        if until <= at:
            raise ValueError(f"{arguments.until} is over")
    services.give_role(
        actor=SYSTEM, user=user, role=arguments.role, region_prefix=region, at=at, until=until
    )
    streams.ask_again(user.pk)
    return f"{user.login} is {arguments.role} in {region or 'all regions'}."


def _take(arguments: argparse.Namespace, user: User, at: datetime) -> str:
    from songhe.base.access import giving
    from songhe.base.access.actor import SYSTEM
    from songhe.domains.organizations import services as organizations

    held = [line for line in giving.roles_of_user(user.pk, at=at) if line.role == arguments.role]
    for line in held:
        organizations.end_role(actor=SYSTEM, assignment_id=line.id, at=at)
    if not held:
        raise ValueError(f"{user.login} is not {arguments.role}")
    return f"{user.login} is no longer {arguments.role}."


def _key(arguments: argparse.Namespace, user: User, at: datetime) -> str:
    from songhe.base.access import api_keys
    from songhe.base.access.actor import SYSTEM

    if not 1 <= arguments.days <= 365:
        raise ValueError("a key is good for 1 to 365 days")
    row, secret = api_keys.make_key(
        actor=SYSTEM,
        user=user,
        name=arguments.system,
        ends_at=at + timedelta(days=arguments.days),
        may_change=arguments.may_change,
        at=at,
    )
    return f"{secret}\nGood until {row.ends_at:%Y-%m-%d}. It is shown this once."


def _let_in_or_out(arguments: argparse.Namespace, user: User, at: datetime) -> str:
    from django.conf import settings

    from songhe.base.access import sign_ins
    from songhe.base.access.actor import SYSTEM

    if arguments.act == "renew":
        secret = sign_ins.renew_secret(actor=SYSTEM, user=user, at=at)
        return f"{secret}\nGood for 72 hours, and only to choose a password."
    if arguments.act == "close":
        sign_ins.close_account(actor=SYSTEM, user=user, at=at)
        return f"{user.login} is closed, and out everywhere."
    if not settings.OIDC_ISSUER:
        raise ValueError("there is no outside provider: set SONGHE_OIDC_ISSUER")
    sign_ins.link_identity(actor=SYSTEM, user=user, subject=arguments.subject, at=at)
    return f"{user.login} signs in at {settings.OIDC_ISSUER} as {arguments.subject}."


def _refused(why: str) -> int:
    sys.stderr.write(f"songhe account: {why}\n")
    return 1
