"""Alarm management without a domain: words of ISA-18.2 and IEC 60601-1-8, timing, grouping.

`terms` priorities and states, `escalation` who is told when nobody answers, `storms` many at once.
"""
