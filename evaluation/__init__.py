"""Detectors measured on recordings: the same steps that run live, over whole recordings as streams.

One module a family of sets. Each has `evaluate(name, folder) -> Outcome`; tools/evaluate.py lists
them. Weights that ship are learned in `training`, never here.
"""
