"""Any sequence of steps keeps what a bed promises: its states, its agreements, its equipment."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from songhe.base.access.actor import SYSTEM
from songhe.base.regions.days import day_of
from songhe.domains.devices import services as devices
from songhe.domains.devices.models import Binding
from songhe.domains.dispatch.models import Order, Series
from songhe.domains.homecare import readiness, services, terms, testing
from songhe.domains.homecare.models import (
    Agreement,
    CarePlan,
    EquipmentReturn,
    Fitting,
    HomeBed,
    PlanService,
)
from songhe.domains.homecare.tests.conftest import NOW, make_county
from songhe.domains.homecare.workflow import BED_LIFE
from songhe.engines.workflow.engine import history
from songhe.kernel.errors import SongheError

TODAY = date(2026, 11, 22)


class Road(RuleBasedStateMachine):
    """Any order of what people press: a bed in use has all it needs, what is over stays over."""

    @initialize(state=st.sampled_from(terms.ROAD))
    def begin(self, state: str) -> None:
        self.county = make_county()
        self.bed = self.county.bed(state)
        self.at = NOW
        self.over = False

    def _try(self, call) -> None:
        self.at += timedelta(minutes=1)
        before = HomeBed.objects.get(pk=self.bed.pk).state
        try:
            with transaction.atomic():
                call()
        except SongheError:
            assert HomeBed.objects.get(pk=self.bed.pk).state == before
        self.bed.refresh_from_db()

    @rule(needs=st.lists(st.sampled_from(["alone", "falls", "bedridden"]), unique=True))
    def assess(self, needs: list[str]) -> None:
        self._try(
            lambda: services.assess(
                actor=SYSTEM,
                bed_id=self.bed.pk,
                visited_on=TODAY,
                level=2,
                basis="visit",
                needs=needs,
                words="看过",
                at=self.at,
            )
        )

    @rule(step=st.sampled_from(["start_fitting", "finish_fitting", "activate_bed", "resume_bed"]))
    def go(self, step: str) -> None:
        self._try(lambda: getattr(services, step)(actor=SYSTEM, bed_id=self.bed.pk, at=self.at))

    @rule(step=st.sampled_from(["pause_bed", "refuse_bed", "end_bed"]), much=st.integers(0, 3))
    def stop(self, step: str, much: int) -> None:
        if step != "pause_bed" and much:
            return
        self._try(
            lambda: getattr(services, step)(
                actor=SYSTEM, bed_id=self.bed.pk, reason="住院", at=self.at
            )
        )

    @rule()
    def fit(self) -> None:
        self._try(lambda: testing.fit_home(self.bed, at=self.at))

    @rule(later=st.integers(0, 400))
    def sign(self, later: int) -> None:
        """Sign, or renew: where the days overlap those of another agreement it is refused."""
        self._try(lambda: testing.sign(self.bed, at=self.at, ahead=later))

    @rule()
    def days_pass(self) -> None:
        self.at += timedelta(days=40)

    @rule(item=st.sampled_from(["test-bath", "no-such"]), day=st.sampled_from(["MO", "TH"]))
    def plan(self, item: str, day: str) -> None:
        self._try(
            lambda: testing.plan(
                self.bed, at=self.at, item_code=item, rule=f"FREQ=WEEKLY;BYDAY={day}"
            )
        )

    @rule(step=st.sampled_from(["go_on", "new_plan", "pause"]))
    def review(self, step: str) -> None:
        self._try(
            lambda: services.review_bed(
                actor=SYSTEM, bed_id=self.bed.pk, month=day_of(self.at), goals_met=[],
                words="好", next_step=step, at=self.at,
            )
        )  # fmt: skip

    @rule(state=st.sampled_from(["back", "lost"]))
    def bring_back(self, state: str) -> None:
        row = EquipmentReturn.objects.filter(bed=self.bed, state="due").first()
        if row is not None:
            self._try(
                lambda: services.close_return(
                    actor=SYSTEM, bed_id=self.bed.pk, return_id=row.pk, state=state, at=self.at
                )
            )

    @rule()
    def break_one(self) -> None:
        self.at += timedelta(minutes=1)
        row = Fitting.objects.filter(need__bed=self.bed, device__state="in_use").first()
        if row is not None:
            devices.commission(
                actor=SYSTEM, device_id=row.device_id, step="retire", proof="坏", at=self.at
            )

    @invariant()
    def it_holds(self) -> None:
        if not hasattr(self, "bed"):
            return
        bed = HomeBed.objects.get(pk=self.bed.pk)
        state = bed.state
        assert not (self.over and state not in terms.OVER)
        self.over = state in terms.OVER
        self._services_follow(state)
        last = history(self.bed)[-1] if history(self.bed) else None
        if last is not None and last.target == "active" and last.at == self.at:
            assert readiness.missing(self.bed, "activate", at=self.at) == []
        if state in ("agreed", "active", "paused"):
            ends = max(row.period.upper for row in Agreement.objects.filter(bed=self.bed))
            assert bed.agreed_until == ends
        if state == "active":
            assert bed.review_on is not None
            assert bed.active_on is not None
            assert bed.review_on > bed.active_on
        self._equipment_is_accounted_for(state)

    def _services_follow(self, state: str) -> None:
        """Only the newest plan's services run, all of them, and only while the bed is in use."""
        running = set(Series.objects.filter(state="active").values_list("pk", flat=True))
        newest = CarePlan.objects.filter(bed=self.bed).order_by("version").last()
        wanted = PlanService.objects.filter(plan=newest) if newest else PlanService.objects.none()
        assert running == (
            set(wanted.values_list("series", flat=True)) if state == "active" else set()
        )
        if state in terms.OVER:
            assert not Series.objects.exclude(state="ended").exists()
        if state != "active":
            assert not Order.objects.filter(
                state__in=("asked", "accepted", "planned"), window__startswith__gt=self.at
            ).exists()

    def _equipment_is_accounted_for(self, state: str) -> None:
        """Whatever was fitted when the bed ended is listed, once, and stays listed."""
        listed = set(EquipmentReturn.objects.values_list("device", flat=True))
        if state != "ended":
            assert not listed
            self.fitted = set(
                Fitting.objects.filter(period__endswith=None).values_list("device", flat=True)
            )
        else:
            assert not Fitting.objects.filter(period__endswith=None).exists()
            assert listed == self.fitted
            for row in EquipmentReturn.objects.exclude(state="due"):
                assert not Binding.objects.filter(
                    device=row.device_id, period__endswith=None
                ).exists()


@pytest.mark.django_db
def test_any_sequence_keeps_the_promise() -> None:
    class Isolated(Road):
        def __init__(self) -> None:
            super().__init__()
            self.atomic = transaction.atomic()
            self.atomic.__enter__()

        def teardown(self) -> None:
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    run_state_machine_as_test(
        Isolated, settings=settings(max_examples=12, stateful_step_count=24, deadline=None)
    )


def test_every_state_can_be_reached_and_over_is_over() -> None:
    assert BED_LIFE.final() == {"ended"}  # a refusal may be objected to
    assert {step.target for step in BED_LIFE.steps.values()} | {"applied"} == BED_LIFE.states
