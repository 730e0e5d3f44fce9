"""Roles, grants and policies: who may see and do what.

`actor` who acts, `policies` the registry (scope, can, fields), `services` giving and ending.
"""
