"""Terms of devices: life-cycle states, command states."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from songhe.domains.devices.types import DeviceType as DeviceType
from songhe.domains.devices.types import UnknownDeviceType as UnknownDeviceType
from songhe.domains.devices.types import all_types as all_types
from songhe.domains.devices.types import get_type as get_type


class DeviceState(models.TextChoices):
    """Commissioning, proven in steps; only a device in use counts as care."""

    DELIVERED = "delivered", _("delivered")
    INSTALLED = "installed", _("installed")
    ACTIVATED = "activated", _("activated")
    TESTED = "tested", _("test call passed")
    IN_USE = "in_use", _("in use")
    RETIRED = "retired", _("retired")


ACTIVE_STATES = (
    DeviceState.INSTALLED,
    DeviceState.ACTIVATED,
    DeviceState.TESTED,
    DeviceState.IN_USE,
)


class CommandState(models.TextChoices):
    QUEUED = "queued", _("waiting for the device")
    SENT = "sent", _("sent")
    DELIVERED = "delivered", _("received by the device")
    DONE = "done", _("done")
    REFUSED = "refused", _("refused by the device")
    FAILED = "failed", _("failed")
    EXPIRED = "expired", _("expired")
