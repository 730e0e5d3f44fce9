"""Notices to users: in the page, by browser push, message and call, with proof of each."""
