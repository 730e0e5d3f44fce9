"""Devices: registry, credentials, bindings, commissioning, commands (设备)."""
