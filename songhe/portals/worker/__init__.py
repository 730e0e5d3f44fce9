"""A care worker's own pages: today, one visit, the way, and what a phone kept without a signal."""
