"""The life of a device: delivered is not used. Each step is proven, with who and when."""

from __future__ import annotations

from songhe.domains.devices.terms import DeviceState as S
from songhe.engines.workflow.engine import step, workflow

COMMISSION = "devices.commission_device"

COMMISSIONING = workflow(
    "devices.commissioning",
    initial=S.DELIVERED,
    states=[state.value for state in S],
    steps=[
        step("install", "delivered", "installed", COMMISSION, needs_note=True),
        step("activate", "installed", "activated", COMMISSION),
        step("pass_test", "activated", "tested", COMMISSION, needs_note=True),
        step("start_use", "tested", "in_use", COMMISSION),
        step(
            "retire",
            "delivered installed activated tested in_use",
            "retired",
            "devices.retire_device",
            needs_note=True,
        ),
    ],
)
