"""Row-level security of devices: by region role, or with the person or room that they serve."""

from __future__ import annotations

from songhe.base.access.wall import in_region, protect, through

_SEE = ("devices.view_device", "devices.list_devices")

# A binding is open with the person or the room that it serves.
protect(
    "devices_device",
    f"{in_region('devices_device.region_code', *_SEE)}"
    " OR EXISTS (SELECT FROM devices_binding b WHERE b.device_id = devices_device.id)",
)
# A device's wall asks the bindings, so theirs cannot ask the device.
protect(
    "devices_binding",
    f"{through('people_person', 'devices_binding.person_id')}"
    f" OR {through('people_room', 'devices_binding.room_id')}",
)
for _table, _column in (
    ("devices_devicesecret", "device_id"),
    ("devices_foreignname", "gateway_id"),
    ("device_command", "device_id"),
    ("device_seen", "device"),
    ("gateway_device", "device"),
):
    protect(_table, through("devices_device", f"{_table}.{_column}"))
_OF_REF = through("devices_device", "substr(workflow_transition.ref, 16)::uuid")
protect(
    "workflow_transition",
    "CASE WHEN starts_with(workflow_transition.ref, 'devices.Device/')"
    f" THEN {_OF_REF} ELSE false END",
    way="device",
)
