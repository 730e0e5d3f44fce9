"""Fields of work, one package each, in tiers: people at the bottom, scenes at the top."""
