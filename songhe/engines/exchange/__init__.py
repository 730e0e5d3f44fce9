"""Tables in and out: import of rows through a service, error sheet, progress; export safely."""
