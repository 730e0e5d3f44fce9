"""Routes of what people ask about their own data."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
