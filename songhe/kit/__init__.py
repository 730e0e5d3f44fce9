"""The UI kit: screens, look, components, charts, tables, forms, slots. Knows nothing of domains."""

from songhe.kit.screens import Menu, screen

__all__ = ["Menu", "screen"]
