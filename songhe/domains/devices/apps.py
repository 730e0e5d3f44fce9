"""The app of domains.devices."""

from django.apps import AppConfig


class DevicesConfig(AppConfig):
    name = "songhe.domains.devices"
    label = "devices"

    def ready(self) -> None:
        from songhe.domains.devices import handlers, policies  # noqa: F401
