"""Songhe (松鹤): smart health and elderly care, from a device reading to a person at the door."""

__version__ = "0.1.0"
