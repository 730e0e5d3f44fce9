"""Pure Python at the bottom of the house: no Django, no input or output but packaged data."""
