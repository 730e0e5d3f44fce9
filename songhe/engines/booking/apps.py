"""The app of engines.booking."""

from django.apps import AppConfig


class BookingConfig(AppConfig):
    name = "songhe.engines.booking"
    label = "booking"

    def ready(self) -> None:
        from songhe.engines.booking import jobs, wall  # noqa: F401
