"""Django's PostgreSQL engine, with a pool that looks at a connection without asking the server."""
