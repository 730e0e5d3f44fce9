"""What is held of one person in all tables: copied for her, erased for her, searched for after."""
