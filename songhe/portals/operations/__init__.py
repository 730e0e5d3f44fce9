"""Portal: operations."""
