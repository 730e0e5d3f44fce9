"""The app of base.notify."""

from django.apps import AppConfig


class NotifyConfig(AppConfig):
    name = "songhe.base.notify"
    label = "notify"

    def ready(self) -> None:
        from songhe.base.events import loops
        from songhe.base.notify import handlers, sending, wall  # noqa: F401

        loops.register_tick("notify.timers", 1.0, sending.run_due)
