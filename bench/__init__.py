"""Benchmarks: what the product does beside the raw limit of the same machine, in one run.

Each is a module with `run(options) -> dict[str, float]`, flat, with stable keys; `./dev bench NAME`
prints it for people and writes it as JSON. A benchmark is never a test: machines are noisy.
"""
