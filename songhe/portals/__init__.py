"""Home pages and navigation for each kind of user; no rules of their own."""
