"""A life cycle as a table: from, to, action, guard. One place where a state changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Model

from songhe.base.access import policies
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.audit import services as audit
from songhe.engines.workflow.models import Transition
from songhe.kernel.errors import Conflict, Invalid


class WrongState(Conflict):
    code = "workflow.wrong_state"
    message = "This cannot be done now: it is %(state)s."


class ReasonNeeded(Invalid):
    code = "workflow.reason_needed"
    message = "Please give a reason."


@dataclass(frozen=True, slots=True)
class Step:
    """One allowed change. action is what the actor's role must carry; guard raises to refuse."""

    name: str
    sources: frozenset[str]
    target: str
    action: str
    needs_note: bool = False
    guard: Callable[[Any], None] | None = None


@dataclass(frozen=True, slots=True)
class Workflow:
    """A life cycle: the states, the first one, and the allowed steps by name."""

    name: str
    states: frozenset[str]
    initial: str
    steps: dict[str, Step] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for step in self.steps.values():
            if not step.sources <= self.states or step.target not in self.states:
                raise ValueError(f"{self.name}.{step.name} names an unknown state")
        if self.initial not in self.states:
            raise ValueError(f"{self.name} starts in an unknown state")

    def allowed(self, state: str) -> list[Step]:
        """Return the steps that may be taken from a state, for buttons."""
        return [step for step in self.steps.values() if state in step.sources]

    def final(self) -> frozenset[str]:
        """Return the states that nothing leaves."""
        left: set[str] = set()
        for step in self.steps.values():
            left |= step.sources
        return self.states - left

    def advance(
        self,
        obj: Model,
        step_name: str,
        *,
        actor: Actor,
        at: datetime,
        note: str = "",
        changes: dict[str, Any] | None = None,
    ) -> Transition:
        """Change obj.state by one step, with other fields of the same moment; write history, audit.

        The caller holds the row's lock (select_for_update) in a transaction. Raises Denied,
        WrongState, ReasonNeeded, or what the guard raises; then nothing has changed.
        """
        if not connection.in_atomic_block:
            raise RuntimeError("a transition needs a transaction with the row locked")
        step = self.steps[step_name]
        policies.authorise(actor, step.action, obj)
        state: str = obj.state  # type: ignore[attr-defined]
        if state not in step.sources:
            raise WrongState(state=state, step=step_name)
        if step.needs_note and not note.strip():
            raise ReasonNeeded(field="note")
        if step.guard:
            step.guard(obj)
        obj.state = step.target  # type: ignore[attr-defined]
        for name, value in (changes or {}).items():
            setattr(obj, name, value)
        obj.save(update_fields=["state", *(changes or {})])
        ref = f"{obj._meta.label}/{obj.pk}"
        audit.record_change(
            actor=actor,
            action=step.action,
            ref=ref,
            at=at,
            detail={"from": state, "to": step.target},
        )
        return Transition.objects.create(
            ref=ref,
            name=step_name,
            source=state,
            target=step.target,
            user_id=actor.user_id,
            user_name=actor.display_name,
            at=at,
            note=note.strip(),
        )

    def advance_all(
        self,
        rows: Sequence[Model],
        step_name: str,
        *,
        at: datetime,
        changes: dict[str, Any] | None = None,
    ) -> None:
        """Let the system take one step with many rows of one kind, all or none; 3 queries.

        For steps without note and guard. The caller holds the rows' locks. Raises WrongState.
        """
        if not rows:
            return
        if not connection.in_atomic_block:
            raise RuntimeError("a transition needs a transaction with the row locked")
        step = self.steps[step_name]
        if step.needs_note or step.guard:
            raise ValueError(f"{self.name}.{step_name} is for one row at a time")
        states: list[str] = [row.state for row in rows]  # type: ignore[attr-defined]
        for state in states:
            if state not in step.sources:
                raise WrongState(state=state, step=step_name)
        values = {"state": step.target, **(changes or {})}
        for row in rows:
            for name, value in values.items():
                setattr(row, name, value)
        model = type(rows[0])
        model._default_manager.filter(pk__in=[row.pk for row in rows]).update(**values)
        refs = [f"{model._meta.label}/{row.pk}" for row in rows]
        audit.record_changes(
            actor=SYSTEM,
            changes=[
                (step.action, ref, at, {"from": state, "to": step.target})
                for ref, state in zip(refs, states, strict=True)
            ],
        )
        Transition.objects.bulk_create(
            Transition(
                ref=ref,
                name=step_name,
                source=state,
                target=step.target,
                user_id=None,
                user_name=SYSTEM.display_name,
                at=at,
                note="",
            )
            for ref, state in zip(refs, states, strict=True)
        )


def workflow(name: str, *, initial: str, states: Iterable[str], steps: Iterable[Step]) -> Workflow:
    """Build a workflow from its table."""
    return Workflow(name, frozenset(states), initial, {step.name: step for step in steps})


def step(
    name: str,
    sources: str,
    target: str,
    action: str,
    *,
    needs_note: bool = False,
    guard: Callable[[Any], None] | None = None,
) -> Step:
    """Build one row of the table; sources are separated by spaces."""
    return Step(name, frozenset(sources.split()), target, action, needs_note, guard)


def history(obj: Model) -> list[Transition]:
    """Return an object's transitions, oldest first."""
    ref = f"{obj._meta.label}/{obj.pk}"
    return list(Transition.objects.filter(ref=ref).order_by("at", "id"))
