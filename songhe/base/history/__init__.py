"""What was changed of persons and of who may see them: noted by triggers, readable by key."""
