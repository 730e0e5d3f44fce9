"""Contracts and checks that developers and CI run; never imported by the product."""
