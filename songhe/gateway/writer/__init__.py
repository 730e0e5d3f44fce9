"""Group commit: one transaction a batch, the acknowledgements after it."""

from songhe.gateway.writer.writer import Writer

__all__ = ["Writer"]
