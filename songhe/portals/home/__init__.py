"""Portal: home."""
