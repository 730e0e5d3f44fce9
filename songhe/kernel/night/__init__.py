"""Nights: asleep or awake epoch by epoch, and what a night was like in a few figures and words."""
