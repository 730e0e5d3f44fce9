"""Fault drills: a house, devices that never give up, faults, and who checks the promises."""
