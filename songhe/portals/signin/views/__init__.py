"""The pages of the way in and of the own account."""
