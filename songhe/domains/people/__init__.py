"""People: persons, homes, rooms, contacts and what one must know of them (人员)."""
