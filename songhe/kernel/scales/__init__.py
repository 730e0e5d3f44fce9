"""Clinical scales scored from item codes: one pure function a scale, tables as data."""

from songhe.kernel.scales.scoring import Scale, Scored, UnknownScale, UnusableAnswer, scale, scales
from songhe.kernel.scales.scoring import score as score

__all__ = ["Scale", "Scored", "UnknownScale", "UnusableAnswer", "scale", "scales", "score"]
