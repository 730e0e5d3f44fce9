"""Subsidies: who pays what of a service for a person, and what is left of it (补贴)."""
