"""Adapters to systems outside, and their fakes for demo and tests."""
