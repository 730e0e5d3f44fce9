"""Photographs, signatures, scanned papers and voice notes: known by content, sealed, proven."""
