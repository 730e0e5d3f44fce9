"""Portal: signin."""
