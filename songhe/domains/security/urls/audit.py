"""Routes of the audit search, the chain and who looked."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
