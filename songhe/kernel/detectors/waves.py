"""Waves within a plan: each device's detectors step over them, and its rules hear their signs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from songhe.kernel.detectors.kinds import KINDS
from songhe.kernel.detectors.plan import Plan
from songhe.kernel.detectors.program import Listeners
from songhe.kernel.detectors.rulebook import Profile, RuleBook
from songhe.kernel.detectors.signal import SignalRuleState, hear
from songhe.kernel.detectors.state import Context
from songhe.kernel.detectors.track import Track
from songhe.kernel.detectors.whose import person_of
from songhe.kernel.signals import Sign
from songhe.kernel.signals.catalogue import DETECTORS
from songhe.kernel.time import SECOND_US
from songhe.kernel.wire import Wave

# Timers of detectors carry this before the detector's name, where others carry a rule.
TIMER = "signal:"
# A wave that begins so much before the end of the newest one is an old one, not a jitter.
_OVERLAP_US = SECOND_US // 4


def judge(plan: Plan, rules: RuleBook, waves: Iterable[Wave]) -> None:
    """Judge waves of any devices, each device's in the order of their time.

    A wave that is older than what its device's detector has judged changes nothing: it was judged
    before, or it is too late for what a signal shows in passing.
    """
    devices: dict[int, list[Wave]] = {}
    for wave in waves:
        devices.setdefault(wave.device.int, []).append(wave)
    for device, batch in devices.items():
        batch.sort(key=_start)
        track = plan.track("device", device)
        for wave in batch:
            _one(plan, rules, track, wave)


def pass_time(plan: Plan, rules: RuleBook, device: int, detector: str) -> None:
    """Let time pass for a device's detector whose deadline has come."""
    track = plan.track("device", device)
    last = track.wave
    state = track.signals.get(detector)
    if state is None or last is None:
        return
    profile = rules.resolve(person_of(last))
    listeners = profile.rules.listeners(last.code).get(detector)
    if listeners is not None:
        _step(plan, track, profile, detector, listeners, (), last)


def _one(plan: Plan, rules: RuleBook, track: Track, wave: Wave) -> None:
    profile = rules.resolve(person_of(wave))
    for name, listeners in profile.rules.listeners(wave.code).items():
        state = track.signals.get(name)
        if state is None or wave.started_us >= state.end_us - _OVERLAP_US:
            track.wave = wave
            _step(plan, track, profile, name, listeners, (wave,), wave)


def _step(
    plan: Plan,
    track: Track,
    profile: Profile,
    name: str,
    listeners: Listeners,
    batch: Sequence[Wave],
    last: Wave,
) -> None:
    detector = DETECTORS[name]
    state = track.signals.get(name) or detector.new()
    after, signs = detector.step(state, batch, plan.now_us, listeners.params)
    track.signals = {**track.signals, name: after}
    track.person = person_of(last)
    if after.due_us is not None:
        plan.arm(after.due_us, ("device", track.key.int, TIMER + name))
    for sign in signs:
        _hear(plan, track, profile, listeners, sign, last)


def _hear(
    plan: Plan, track: Track, profile: Profile, listeners: Listeners, sign: Sign, wave: Wave
) -> None:
    for rule in listeners.rules.get(sign.what, ()):
        away = profile.away if rule.away == "suspend" else ()
        context = Context(key=track.key, facts=profile.facts, away=away, zone=profile.zone)
        before = track.active.get(rule.id)
        state = before if isinstance(before, SignalRuleState) else SignalRuleState()
        after, found = hear(state, sign, wave, plan.now_us, rule, context)
        plan.findings += found
        track.keep(rule, KINDS[rule.kind], state, after)


def _start(wave: Wave) -> int:
    return wave.started_us
