"""Portal: desk."""
