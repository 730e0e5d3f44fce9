"""The demo county: people, homes and devices made by rule, the cast, and the command that runs it."""
