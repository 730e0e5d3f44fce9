"""The app of base.health."""

from django.apps import AppConfig


class HealthConfig(AppConfig):
    name = "songhe.base.health"
    label = "health"

    def ready(self) -> None:
        from songhe.base.events import loops
        from songhe.base.health.loop import sample_health

        loops.register("health.sample", sample_health)
