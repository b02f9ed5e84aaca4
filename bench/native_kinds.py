"""The child process: native TFLite's time for the layers of each kind of a plan, as a line of JSON.

python -m bench.native_kinds PLAN

A model of its own for each kind, in which every layer has its own input: what is timed is the layers on one
thread, and nothing that goes in or comes out.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

KINDS = ("convolution", "depthwise", "pointwise", "vector")
ROUNDS = 60


def kind_of(step: dict[str, Any]) -> str:
    """A vector's product is bound by its weights, a plane's by arithmetic: they are told apart."""
    rows, columns, _ = step["shape"]
    return "vector" if step["op"] == "pointwise" and rows * columns == 1 else str(step["op"])


def layer(tf: Any, x: Any, step: dict[str, Any]) -> Any:
    """One step with random weights and its activation."""
    rows, columns = step.get("window", (1, 1))
    down, across = step.get("stride", (1, 1))
    channels, made = int(x.shape[-1]), step["shape"][-1]
    padding = "SAME" if any(step.get("padding", ())) else "VALID"
    random = np.random.default_rng(1)
    if step["op"] == "depthwise":
        kernel = random.normal(size=(rows, columns, channels, 1)).astype(np.float32)
        y = tf.nn.depthwise_conv2d(x, kernel, (1, down, across, 1), padding)
    else:
        kernel = random.normal(size=(rows, columns, channels, made)).astype(np.float32)
        y = tf.nn.conv2d(x, kernel, (down, across), padding)
    y = tf.nn.bias_add(y, random.normal(size=made).astype(np.float32))
    activation = step["activation"]
    if activation is None:
        return y
    if activation["gated"]:
        return y * tf.nn.relu6(y + 3) * (1 / 6)
    return tf.nn.relu(y) if activation["high"] is None else tf.nn.relu6(y + activation["shift"])


def main(plan_file: str) -> None:
    """Time every kind and print the milliseconds of each round."""
    import tensorflow as tf

    plan = json.loads(Path(plan_file).read_text("utf-8"))
    shapes = [plan["input"], *(step["shape"] for step in plan["steps"])]
    interpreters = {}
    for kind in KINDS:
        steps = [step for step in plan["steps"] if kind_of(step) == kind]
        inputs = [tf.TensorSpec((1, *shapes[step["input"]]), tf.float32) for step in steps]
        run = tf.function(
            lambda *given, steps=steps: [layer(tf, x, step) for x, step in zip(given, steps, strict=True)]
        )
        converter = tf.lite.TFLiteConverter.from_concrete_functions([run.get_concrete_function(*inputs)], run)
        interpreter = tf.lite.Interpreter(model_content=converter.convert(), num_threads=1)
        interpreter.allocate_tensors()
        for detail in interpreter.get_input_details():
            values = np.random.default_rng(2).random(detail["shape"], np.float32)
            interpreter.set_tensor(detail["index"], values)
        interpreters[kind] = interpreter
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for round_ in range(-5, ROUNDS):
        for kind, interpreter in interpreters.items():
            begin = time.perf_counter()
            interpreter.invoke()
            if round_ >= 0:
                times[kind].append((time.perf_counter() - begin) * 1000)
    print(json.dumps(times))


if __name__ == "__main__":
    main(sys.argv[1])
