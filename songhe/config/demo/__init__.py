"""The demo county: people, homes and devices by rule, the cast, and the command that runs it."""
