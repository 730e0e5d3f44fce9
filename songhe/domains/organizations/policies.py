"""Organisations are public knowledge; writing them is checked by region in the services."""
