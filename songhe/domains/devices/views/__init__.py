"""Pages of devices."""

from songhe.domains.devices.views.bind import Bind, Unbind
from songhe.domains.devices.views.carry import Carry, Release
from songhe.domains.devices.views.device import (
    Command,
    Commission,
    DevicePage,
    Mounting,
    RevokeSecrets,
    RotateSecret,
    Settings,
)
from songhe.domains.devices.views.lists import DeviceList, DevicesOfPerson, TypeList
from songhe.domains.devices.views.register import Register

__all__ = [
    "Bind",
    "Carry",
    "Command",
    "Commission",
    "DeviceList",
    "DevicePage",
    "DevicesOfPerson",
    "Mounting",
    "Register",
    "Release",
    "RevokeSecrets",
    "RotateSecret",
    "Settings",
    "TypeList",
    "Unbind",
]
