"""Weights in the package: small ONNX files, opened once a process, one thread each."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import numpy as np
import onnxruntime
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Model:
    """One ONNX model of one float input (rows, columns) whose last output is (rows, classes)."""

    def __init__(self, content: bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            content, options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name
        self._output = self._session.get_outputs()[-1].name

    def __call__(self, rows: Floats) -> Floats:
        """Return what the model says of each row, such as class probabilities."""
        found: Floats = self._session.run([self._output], {self._input: rows})[0]
        return found


@cache
def model(name: str) -> Model:
    """Return a model of the package by its name, such as fall-worn; raises FileNotFoundError."""
    return Model((files("songhe.kernel") / f"data/models/{name}.onnx").read_bytes())
