"""Django infrastructure that every domain stands on."""
