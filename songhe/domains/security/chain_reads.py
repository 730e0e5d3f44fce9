"""The state of the chain, and asking for a look over all of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from songhe.base.access.actor import Actor
from songhe.base.audit import checks, walking
from songhe.base.audit.checking import SENTENCES
from songhe.base.audit.models import AuditCheckpoint, ChainCheck
from songhe.base.audit.proof import fingerprint
from songhe.kernel.errors import Denied

VIEW = "security.view_chain"
VERIFY = "security.verify_chain"


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One look over the chain; permille of it is done, sentences say what is wrong."""

    check: ChainCheck
    permille: int
    sentences: list[str]


@dataclass(frozen=True, slots=True)
class Chain:
    sealed_to: int
    sealed_at: datetime | None
    waiting: int
    checkpoint: AuditCheckpoint | None
    key: str
    checks: list[CheckLine]
    is_running: bool


def chain(actor: Actor) -> Chain:
    """Return how far the chain is sealed and what the last checks found; 4 queries."""
    if not actor.may(VIEW):
        raise Denied(action=VIEW)
    state: dict[str, Any] = walking.state()
    last, checkpoint = state["last"], state["checkpoint"]
    lines = [_line(check) for check in checks.last_checks()]
    return Chain(
        sealed_to=last.position if last else 0,
        sealed_at=last.sealed_at if last else None,
        waiting=state["pending"],
        checkpoint=checkpoint,
        key=fingerprint(checkpoint.key) if checkpoint else "",
        checks=lines,
        is_running=any(line.check.ended_at is None for line in lines),
    )


def _line(check: ChainCheck) -> CheckLine:
    sentences = [
        _(SENTENCES[finding["code"]]) % finding["params"] for finding in check.findings[:50]
    ]
    permille = 1000 * check.done // check.total if check.total else 0
    return CheckLine(check, permille, sentences)


def ask_check(*, actor: Actor, at: datetime) -> ChainCheck:
    """Ask for a look over the whole chain; one that waits or runs already is taken."""
    if not actor.may(VERIFY):
        raise Denied(action=VERIFY)
    return checks.ask(actor=actor, action=VERIFY, at=at)
