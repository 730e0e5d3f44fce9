"""Judges readings by the rules and hands back a plan that is taken over only after the commit."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from songhe.kernel.detectors.rulebook import RuleBook
from songhe.kernel.wire import DeviceSnapshot, Finding, Reading, RuleScope


class Plan:
    """What one batch or one tick found. Dropping it without `commit` is the rollback."""

    findings: list[Finding]

    def commit(self) -> None:
        """Take over the new states. Raises StalePlan when another plan was committed since."""
        raise NotImplementedError


class Evaluator:
    """All detector states of this process. One plan at a time: judge or tick, store, commit."""

    def __init__(self, rules: RuleBook) -> None:
        self.rules = rules

    def judge(self, readings: Iterable[Reading], now_us: int) -> Plan:
        """Judge really new readings of any subjects, in any order."""
        raise NotImplementedError

    def tick(self, now_us: int) -> Plan:
        """Judge what time alone brings about: cost is by what is due, not by subjects."""
        raise NotImplementedError

    def put_scope(self, scope: RuleScope) -> None:
        """Take over changed rules; deadlines of those it concerns are looked at on the next tick."""
        raise NotImplementedError

    def remove_scope(self, scope: str) -> None:
        """Forget a scope of rules."""
        raise NotImplementedError

    def watch(self, device: DeviceSnapshot, seen_us: int | None = None) -> None:
        """Watch an active device for silence, from when it was last heard (received time), or from
        the start of its binding if never; call again on every snapshot change. Inactive, unbound or
        without silent_after_s: not watched any more."""
        raise NotImplementedError

    def heard(self, device: UUID, received_us: int) -> None:
        """Say that a device spoke without a new reading (status, acknowledgement, repeat)."""
        raise NotImplementedError

    def rebuild(self, readings: Iterable[Reading]) -> None:
        """Replay stored readings silently, in time order (last 36 h at gateway start)."""
        raise NotImplementedError

    def adopt(self, findings: Iterable[Finding]) -> None:
        """After `rebuild`: take over raised findings that were not cleared, under their ids."""
        raise NotImplementedError

    def forget(self, subject: UUID) -> None:
        """Drop every state of a subject or device."""
        raise NotImplementedError
