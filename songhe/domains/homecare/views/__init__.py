"""Pages of home care beds."""
