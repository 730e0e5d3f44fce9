"""Waves within a plan: each device's detectors step over them, and its rules hear their signs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from songhe.kernel.detectors.counted import reading_of
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
# What was due is certainly told after so long: the clock ticks each second.
_TOLD_US = 2 * SECOND_US
# So long a device may take to come back after a time in which nobody listened.
_COME_BACK_US = 30 * SECOND_US


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


def relive(plan: Plan, rules: RuleBook, wave: Wave) -> None:
    """Judge a stored wave as it once was, after what time alone had brought about by then.

    plan: of the instant at which it was received.
    """
    track = plan.track("device", wave.device.int)
    for name, state in track.signals.items():
        if state.due_us is not None and state.due_us < plan.now_us - _TOLD_US:
            pass_time(plan, rules, wave.device.int, name)
    judge(plan, rules, (wave,))


def lent_us(due_us: int, deaf: Iterable[tuple[int, int]]) -> int:
    """Return until when a deadline waits for devices that nobody listened to; deaf: (from, until).

    0 where it did not fall into such a time.
    """
    return max((until + _COME_BACK_US for _, until in deaf if due_us < until), default=0)


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
        hangs = rules.mounting(device)
        _step(plan, track, profile, detector, _hung(listeners, hangs), (), last)


def _one(plan: Plan, rules: RuleBook, track: Track, wave: Wave) -> None:
    profile = rules.resolve(person_of(wave))
    hangs = rules.mounting(wave.device.int)
    for name, listeners in profile.rules.listeners(wave.code).items():
        state = track.signals.get(name)
        if state is None or wave.started_us >= state.end_us - _OVERLAP_US:
            track.wave = wave
            _step(plan, track, profile, name, _hung(listeners, hangs), (wave,), wave)


def _hung(listeners: Listeners, hangs: Mapping[str, object]) -> Listeners:
    """Return listeners whose detector knows how this device hangs, whatever a rule says."""
    return listeners._replace(params={**listeners.params, **hangs}) if hangs else listeners


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
        if (counted := reading_of(sign, last)) is not None:
            plan.counted.append(counted)
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
