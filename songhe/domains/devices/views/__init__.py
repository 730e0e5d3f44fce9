"""Pages of devices."""

from songhe.domains.devices.views.bind import Bind, Unbind
from songhe.domains.devices.views.device import (
    Command,
    Commission,
    DevicePage,
    RevokeSecrets,
    RotateSecret,
    Settings,
)
from songhe.domains.devices.views.lists import DeviceList, DevicesOfPerson, TypeList
from songhe.domains.devices.views.register import Register

__all__ = [
    "Bind",
    "Command",
    "Commission",
    "DeviceList",
    "DevicePage",
    "DevicesOfPerson",
    "Register",
    "RevokeSecrets",
    "RotateSecret",
    "Settings",
    "TypeList",
    "Unbind",
]
