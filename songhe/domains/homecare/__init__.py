"""Home care beds: from the application to the bed in use, its reviews and its end."""
