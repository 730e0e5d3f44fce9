"""The app of portals.signin."""

from django.apps import AppConfig


class SigninConfig(AppConfig):
    name = "songhe.portals.signin"
    label = "portal_signin"
