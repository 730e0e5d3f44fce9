"""Organisations, what they serve, and their staff (机构)."""
