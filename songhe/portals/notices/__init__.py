"""Portal: one's own notices, quiet hours, and the browsers in which one is told."""
