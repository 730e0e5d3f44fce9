"""Double entry: accounts with a unit, balanced entries that nobody changes, reversal alone."""
