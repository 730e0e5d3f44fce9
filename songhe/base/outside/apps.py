"""The app of base.outside."""

from django.apps import AppConfig


class OutsideConfig(AppConfig):
    name = "songhe.base.outside"
    label = "outside"

    def ready(self) -> None:
        from songhe.base.events import loops
        from songhe.base.outside import payments, services

        loops.register_tick("outside.receipts", 1.0, services.take_receipts)
        loops.register_tick("outside.payments", 1.0, payments.tell_payments)
