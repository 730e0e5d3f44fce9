"""The app of base.accounts."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "songhe.base.accounts"
    label = "accounts"
