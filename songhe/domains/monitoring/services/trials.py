"""Trying a rule on stored readings: asked by a person, run by the jobs process, stopped at will."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from procrastinate.contrib.django import app

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.audit import services as audit
from songhe.domains.monitoring import bounds, replay, rule_scopes, signal_trials, trial_reads
from songhe.domains.monitoring.comparing import Tally
from songhe.domains.monitoring.models import RuleTrial
from songhe.domains.monitoring.terms import TrialState
from songhe.domains.telemetry.selectors import stored
from songhe.kernel.detectors import RuleBook, catalogue
from songhe.kernel.detectors.rules import check_params, spec
from songhe.kernel.errors import Conflict, Denied, Invalid
from songhe.kernel.time import from_us, to_us
from songhe.kernel.wire import DeviceSnapshot, RuleChange, Wave

JOB = "monitoring.run_trial"
QUEUE = "trials"
ONE_AT_A_TIME = "monitoring.trials"
PERIOD = timedelta(days=30)
LONGEST = timedelta(days=15)  # the longest time that is judged before the period
TELLS_EVERY = timedelta(milliseconds=500)
MOST_WAITING = 3
FETCHED_ROWS = 2_000  # of a week of 40 persons, what memory holds at a time
UNFINISHED = (TrialState.WAITING, TrialState.RUNNING)
Clock = Callable[[], datetime]


class TooManyTrials(Conflict):
    code = "monitoring.too_many_trials"
    message = "Three of your trials are waiting or running. Stop one, or wait until it is done."


class NotReplayed(Invalid):
    code = "monitoring.not_replayed"
    message = "Rules on trends are judged by the night and not tried on the past."


class Interrupted(Exception):
    """The process that ran a trial is asked to end; the trial begins anew elsewhere."""


class Stopped(Exception):
    """Somebody stopped the trial."""


@transaction.atomic
def ask_trial(
    *,
    actor: Actor,
    scope: str,
    rule: str,
    params: dict[str, Any],
    enabled: bool,
    at: datetime,
    period: timedelta = PERIOD,
) -> RuleTrial:
    """Ask that a changed rule be judged over the last days, for who is open to the actor.

    Raises Denied, NoSuchScope, UnknownRule, NotReplayed, BadParameter, BeyondBounds, TooManyTrials.
    """
    if not actor.may(trial_reads.TRY):
        raise Denied(action=trial_reads.TRY)
    found = rule_scopes.find(actor, scope, at=at)
    if not trial_reads.is_replayed(spec(rule)):
        raise NotReplayed
    check_params(rule, params)
    bounds.check(rule, params)
    mine = RuleTrial.objects.select_for_update().filter(
        asked_by=actor.user_id, state__in=UNFINISHED
    )
    if len(mine) >= MOST_WAITING:
        raise TooManyTrials
    base, base_on = rule_scopes.base_of(found, rule)
    present = rule_scopes.holding(base, base_on, rule_scopes.newest(scope, rule))
    trial = RuleTrial.objects.create(
        rule=rule,
        scope=scope,
        params=params,
        enabled=enabled,
        present=present | {"tried": {"enabled": enabled, "params": base | params}},
        rule_version=f"{rule}@{catalogue().version}",
        since=at - period,
        until=at,
        asked_by_id=actor.user_id,
        asked_at=at,
    )
    audit.record_change(
        actor=actor,
        action=trial_reads.TRY,
        ref=f"monitoring.RuleTrial/{trial.pk}",
        at=at,
        detail={"scope": scope, "rule": rule, "params": params},
    )
    app.configure_task(name=JOB, queue=QUEUE, lock=ONE_AT_A_TIME).defer(trial_id=str(trial.pk))
    return trial


@transaction.atomic
def cancel_trial(*, actor: Actor, trial_id: UUID, at: datetime) -> RuleTrial:
    """Stop one of the actor's trials; a running one ends within a second. Raises NoSuchTrial."""
    trial_reads.get_trial(actor, trial_id)
    trial = RuleTrial.objects.select_for_update().get(pk=trial_id)
    if trial.state == TrialState.WAITING:
        trial.state, trial.finished_at = TrialState.CANCELLED, at
    trial.is_cancel_asked = True
    trial.save(update_fields=["state", "finished_at", "is_cancel_asked"])
    return trial


def run_trial(
    *, trial_id: UUID, clock: Clock, should_end: Callable[[], bool], is_last: bool = False
) -> str:
    """Judge the trial's readings and write the result; return the state it ended in.

    clock tells the present; should_end whether this process is asked to end, which raises
    Interrupted and leaves the trial to begin anew, as does a database that is away, unless this
    try is_last: then it has failed. Who is judged is who is open to the asker now.
    """
    with transaction.atomic():
        trial = RuleTrial.objects.select_for_update().get(pk=trial_id)
        if trial.state not in UNFINISHED:
            return trial.state
        trial.state, trial.started_at, trial.permille = TrialState.RUNNING, clock(), 0
        trial.save(update_fields=["state", "started_at", "permille"])
    try:
        actor = SYSTEM if trial.asked_by is None else access.actor_for(trial.asked_by, clock())
        judge(trial, actor, clock, _Progress(trial, clock, should_end).tell)
    except Stopped:
        trial.state = TrialState.CANCELLED
    except (Interrupted, OperationalError, InterfaceError):
        if is_last:
            _finish(trial, TrialState.FAILED, clock())
        raise
    except Exception:
        _finish(trial, TrialState.FAILED, clock())
        raise
    else:
        trial.state = TrialState.DONE
    _finish(trial, trial.state, clock())
    return trial.state


def _finish(trial: RuleTrial, state: str, at: datetime) -> None:
    trial.state, trial.finished_at, trial.permille = state, at, 1000
    trial.save()


class _Progress:
    """Tells how far a trial is, at most twice a second, and hears whether it is to end."""

    def __init__(self, trial: RuleTrial, clock: Clock, should_end: Callable[[], bool]) -> None:
        self._trial, self._clock, self._should_end = trial, clock, should_end
        self._told_at = clock()

    def tell(self, share: float) -> None:
        """Note the share that is done, 0 to 1. Raises Stopped or Interrupted."""
        now = self._clock()
        if now - self._told_at < TELLS_EVERY:
            return
        self._told_at = now
        if self._should_end():
            raise Interrupted
        rows = RuleTrial.objects.filter(pk=self._trial.pk)
        rows.update(permille=min(999, round(1000 * share)))
        if rows.filter(is_cancel_asked=True).exists():
            raise Stopped


def judge(
    trial: RuleTrial,
    actor: Actor,
    clock: Clock,
    tell: Callable[[float], None],
    budget_s: float = signal_trials.BUDGET_S,
) -> None:
    """Judge the persons of a trial some at a time and fill in its result; it need not be stored.

    tell hears the share that is done, 0 to 1, and may raise to end it. A rule on signals is judged
    only as far back as budget_s (of a processor) reaches: since moves, and the result says so.
    """
    began, asked = clock(), trial.since
    persons = trial_reads.persons_for(actor, trial.scope, trial.rule, at=trial.until)
    detector = spec(trial.rule).params.get("detector") if is_on_signals(trial.rule) else None
    if detector is not None:
        trial.since = _reaches(trial, persons, detector, budget_s)
    signal_s = 0.0
    tally = Tally(trial.rule, ZoneInfo(settings.TIME_ZONE))
    heard: set[UUID] = set()
    trial.persons, trial.readings, done = len(persons), 0, 0
    for chunk in trial_reads.chunks(persons):
        refs = [f"people.Person/{pk}" for pk in chunk]
        audit.record_reads(actor=actor, action=trial_reads.TRY, refs=refs, at=clock())
        devices = trial_reads.devices_of(chunk, since=trial.since - LONGEST, until=trial.until)
        subjects = trial_reads.subjects_of(chunk, devices)
        replayed, codes = _replay(trial, chunk, devices)
        readings = stored.stream(
            subjects=subjects, since=from_us(replayed.starts_us), until=trial.until, codes=codes,
            chunk_rows=FETCHED_ROWS,
        )  # fmt: skip
        waves: Iterable[Wave] = () if detector is None else _waves(trial, subjects, detector)
        for now_us in replayed.feed(readings, codes, waves):
            share = (now_us - replayed.starts_us) / (replayed.until_us - replayed.starts_us)
            tell((done + share * len(chunk)) / len(persons))
        real = trial_reads.real_alarms(
            actor, trial.rule, subjects, since=trial.since, until=trial.until
        )
        present, tried = replayed.found
        tally.add(present, tried, real)
        heard |= replayed.heard & set(chunk)
        trial.readings += replayed.readings
        signal_s += replayed.signal_s
        done += len(chunk)
    trial.result = tally.result(
        took_s=(clock() - began).total_seconds(),
        heard=len(heard),
        days=round((trial.until - trial.since) / timedelta(days=1), 2),
    )
    if detector is not None:
        trial.result |= {"signal_s": round(signal_s), "asked_since": asked.isoformat()}


def is_on_signals(rule: str) -> bool:
    """Tell whether a rule listens to what a detector says of signals."""
    return spec(rule).kind == "signal"


def _reaches(trial: RuleTrial, persons: list[UUID], detector: str, budget_s: float) -> datetime:
    """Return from when on the signals of these persons can be judged within a budget."""
    keys: list[stored.WaveKey] = []
    for chunk in trial_reads.chunks(persons):
        devices = trial_reads.devices_of(chunk, since=trial.since, until=trial.until)
        subjects = trial_reads.subjects_of(chunk, devices)
        keys += stored.wave_keys(subjects, signal_trials.codes_of(detector))
    return signal_trials.begins(keys, detector, trial.since, trial.until, budget_s)


def _waves(trial: RuleTrial, subjects: set[UUID], detector: str) -> Iterator[Wave]:
    keys = stored.wave_keys(subjects, signal_trials.codes_of(detector))
    since = trial.since - signal_trials.warm_up()
    return stored.waves(keys, since=since, until=trial.until)


def _replay(
    trial: RuleTrial, persons: list[UUID], devices: list[DeviceSnapshot]
) -> tuple[replay.Replay, frozenset[int] | None]:
    """Return the replay of the rule as it holds and as it is tried, and the codes it looks at."""
    keep = replay.judged_with(trial.rule)
    scopes = trial_reads.scopes_of(persons)
    change = RuleChange(trial.rule, "try", trial.enabled, trial.params)
    tried = replay.with_change(scopes, trial.scope, change)
    judge = replay.Replay(
        [RuleBook(replay.only(scopes, keep)), RuleBook(replay.only(tried, keep))],
        devices,
        since_us=to_us(trial.since),
        until_us=to_us(trial.until),
        warm_up_us=replay.warm_up_us(keep, devices),
        ticks=replay.needs_clock(keep),
    )
    return judge, replay.codes_judged([*scopes, *tried], keep)
