"""Routes of devices."""

from django.utils.translation import gettext_lazy as _

from songhe.domains.devices import views
from songhe.kit import Menu, screen

app_name = "devices"
_ONE = "devices/<uuid:device_id>/"
urlpatterns = [
    screen(
        "devices/",
        views.DeviceList,
        action="devices.list_devices",
        name="device_list",
        menu=Menu(section="desk", label=_("Devices"), icon="radio-tower", order=50),
    ),
    screen(
        "devices/types/",
        views.TypeList,
        action="devices.list_devices",
        name="type_list",
        section="desk",
    ),
    screen(
        "devices/register/",
        views.Register,
        action="devices.register_device",
        name="register",
        section="desk",
    ),
    screen(_ONE, views.DevicePage, action="devices.view_device", name="device", section="desk"),
    screen(f"{_ONE}bind/", views.Bind, action="devices.bind_device", name="bind", section="desk"),
    screen(
        f"{_ONE}carry/", views.Carry, action="devices.bind_device", name="carry", section="desk"
    ),
    screen(f"{_ONE}release/", views.Release, action="devices.bind_device", name="release"),
    screen(f"{_ONE}unbind/", views.Unbind, action="devices.bind_device", name="unbind"),
    screen(
        f"{_ONE}commission/",
        views.Commission,
        action="devices.commission_device",
        name="commission",
        section="desk",
    ),
    screen(
        f"{_ONE}command/",
        views.Command,
        action="devices.command_device",
        name="command",
        section="desk",
    ),
    screen(
        f"{_ONE}mounting/",
        views.Mounting,
        action="devices.commission_device",
        name="mounting",
        section="desk",
    ),
    screen(
        f"{_ONE}secret/",
        views.RotateSecret,
        action="devices.rotate_secret",
        name="rotate_secret",
        section="desk",
    ),
    screen(
        f"{_ONE}settings/",
        views.Settings,
        action="devices.command_device",
        name="settings",
        section="desk",
    ),
    screen(f"{_ONE}revoke/", views.RevokeSecrets, action="devices.revoke_secrets", name="revoke"),
    screen(
        "people/<uuid:person_id>/devices/",
        views.DevicesOfPerson,
        action="people.view_person",
        name="of_person",
        section="desk",
    ),
]
