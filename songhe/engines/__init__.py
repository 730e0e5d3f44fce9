"""Domain-free engines, each built once and used everywhere."""
