"""Server-sent events to browsers: admission by signed ticket, fan-out of notifications."""
