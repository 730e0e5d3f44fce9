"""What can be proven about data: who looked, what was asked for, what was agreed to."""
