"""Forests of trees as a small ONNX graph, written by hand: rows in, one chance a forest out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import TensorProto, helper

_NODES = ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids")
_LEAVES = ("treeids", "nodeids", "ids", "weights")


def graph(forests: Sequence[Any], width: int) -> bytes:
    """Return one graph of binary forests of scikit-learn: (rows, width) to (rows, forests).

    Each column is the chance of the second class. Values are of few digits: weights stay small.
    """
    nodes: dict[str, list[Any]] = {f"nodes_{name}": [] for name in _NODES}
    leaves: dict[str, list[Any]] = {f"target_{name}": [] for name in _LEAVES}
    number = 0
    for target, forest in enumerate(forests):
        for grown in forest.estimators_:
            _tree(grown.tree_, number, target, len(forest.estimators_), nodes, leaves)
            number += 1
    attributes: dict[str, Any] = {**nodes, **leaves}
    ensemble = helper.make_node(
        "TreeEnsembleRegressor",
        ["rows"],
        ["chance"],
        domain="ai.onnx.ml",
        n_targets=len(forests),
        aggregate_function="SUM",
        post_transform="NONE",
        **attributes,
    )
    found = helper.make_model(
        helper.make_graph(
            [ensemble],
            "forests",
            [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, width])],
            [helper.make_tensor_value_info("chance", TensorProto.FLOAT, [None, len(forests)])],
        ),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)],
        producer_name="songhe",
        ir_version=8,
    )
    content: bytes = found.SerializeToString(deterministic=True)
    return content


def _tree(
    tree: Any,
    number: int,
    target: int,
    trees: int,
    nodes: dict[str, list[Any]],
    leaves: dict[str, list[Any]],
) -> None:
    for at in range(tree.node_count):
        leaf = int(tree.children_left[at]) < 0
        row = (
            number,
            at,
            0 if leaf else int(tree.feature[at]),
            0.0 if leaf else _below(float(tree.threshold[at])),
            "LEAF" if leaf else "BRANCH_LEQ",
            0 if leaf else int(tree.children_left[at]),
            0 if leaf else int(tree.children_right[at]),
        )
        for name, value in zip(_NODES, row, strict=True):
            nodes[f"nodes_{name}"].append(value)
        if leaf:
            shares = tree.value[at][0]
            chance = float(shares[1] / shares.sum())
            for name, value in zip(_LEAVES, (number, at, target, chance / trees), strict=True):
                leaves[f"target_{name}"].append(value)


def _below(threshold: float) -> float:
    """Return the float32 at or below a threshold, so that rows of float32 branch the same way."""
    found = np.float32(threshold)
    if float(found) > threshold:
        found = np.nextafter(found, np.float32(-np.inf))
    return float(found)
