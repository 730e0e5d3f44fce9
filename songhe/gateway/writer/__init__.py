"""Group commit: one transaction a batch, the acknowledgements after it."""

from songhe.gateway.writer.batch import Batch, Inbound, Letter, Replayed, Source
from songhe.gateway.writer.writer import Writer

__all__ = ["Batch", "Inbound", "Letter", "Replayed", "Source", "Writer"]
