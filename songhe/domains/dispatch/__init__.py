"""dispatch: from an alarm or a wish to a person at the door, proven."""
