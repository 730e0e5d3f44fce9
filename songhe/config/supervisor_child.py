"""How a child process is started: under which account, and never outliving its parent."""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass

PR_SET_PDEATHSIG = 1
ACCOUNTS = ("songhe", "postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """A system account that a child runs under instead of root."""

    name: str
    uid: int
    gid: int


def unprivileged_account() -> Account | None:
    """Return the account for servers that refuse root, or None when we are not root."""
    if os.geteuid() != 0:
        return None
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    return Account("65534", 65534, 65534)


def die_with_parent(sig: signal.Signals = signal.SIGTERM) -> None:
    """Ask the kernel to signal this process when its parent goes, even by kill -9 (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(sig), 0, 0, 0)


def in_child(
    *, account: Account | None = None, parent_death: signal.Signals = signal.SIGTERM
) -> Callable[[], None]:
    """Return what runs between fork and exec: drop root, then bind the child's life to ours.

    The order matters: changing the account clears the parent-death signal. Start children from
    the main thread, because the signal fires when the *thread* that forked ends.
    """
    parent = os.getpid()

    def setup() -> None:
        if account is not None:
            os.setgroups([])
            os.setgid(account.gid)
            os.setuid(account.uid)
        die_with_parent(parent_death)
        if os.getppid() != parent:  # the parent went before the signal was asked for
            os._exit(143)

    return setup
