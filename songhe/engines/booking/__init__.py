"""Who has what when: resources with a capacity, bookings, waiting lines; and what repeats."""
