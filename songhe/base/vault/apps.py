"""The app of base.vault."""

from django.apps import AppConfig


class VaultConfig(AppConfig):
    name = "songhe.base.vault"
    label = "vault"
