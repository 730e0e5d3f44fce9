"""Portal: services, for older people and their families."""
