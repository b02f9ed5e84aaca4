"""Small TensorFlow.js graph models as files, written as other people's tools write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.support.graphs import fused, text

FLOAT = {"type": "DT_FLOAT"}
EDGE = 16
"""Pixels per side of a patch that the convolution reads; it goes on by as many."""

Stored = tuple[dict[str, Any], bytes, NDArray[Any]]
"""A weight's entry in the manifest, without name and shape; its bytes; what it reads as, in float64."""


def as_float32(array: NDArray[Any]) -> Stored:
    return {"dtype": "float32"}, array.astype("<f4").tobytes(), array.astype(np.float32)


def as_float16(array: NDArray[Any]) -> Stored:
    half = array.astype("<f2")
    return {"dtype": "float32", "quantization": {"dtype": "float16"}}, half.tobytes(), half.astype(np.float64)


def as_whole_numbers(array: NDArray[Any], dtype: str) -> Stored:
    """What `tensorflowjs_converter --quantize_uint8` and `--quantize_uint16` write."""
    least, steps = float(array.min()), np.iinfo(dtype).max
    scale = float((array.max() - least) / steps)
    stored = np.rint((array - least) / scale).astype(np.dtype(dtype).newbyteorder("<"))
    how = {"dtype": dtype, "min": least, "scale": scale}
    return {"dtype": "float32", "quantization": how}, stored.tobytes(), stored * scale + least


class Files:
    """A graph from images to `[n, 1, 1, 4]`: a convolution with relu6, a gain per channel, a mean.

    `document` and `shards` may be changed before `write`.
    """

    def __init__(
        self,
        store: Any = as_float32,
        *,
        size: int = 224,
        batch: int = -1,
        reads: tuple[float, float] = (1.0, 0.0),
    ) -> None:
        """`reads` is what its input is multiplied by and what is added, by the weights."""
        random = np.random.default_rng(9)
        kernel = random.normal(0, 0.1, (EDGE, EDGE, 3, 4))
        bias = random.normal(1, 0.5, 4) + reads[1] * kernel.sum(axis=(0, 1, 2))
        kernel = kernel * reads[0]
        gain = random.normal(1, 0.3, (1, 1, 4, 1))
        self.kernel, self.bias = store(kernel)[2], bias.astype(np.float32)
        self.gain = gain.astype(np.float32).reshape(4)
        weights = {
            "kernel": (kernel.shape, store(kernel)),
            "bias": (bias.shape, as_float32(bias)),
            "gain": (gain.shape, as_float32(gain)),
            "axes": ((2,), ({"dtype": "int32"}, np.array([1, 2], "<i4").tobytes(), None)),
            "left over": ((3,), as_float32(np.ones(3))),  # a weight that no node names is no harm
        }
        shape = {"dim": [{"size": str(each)} for each in (batch, size, size, 3)]}
        convolution = {
            "T": FLOAT,
            "strides": {"list": {"i": ["1", str(EDGE), str(EDGE), "1"]}},
            "padding": text("VALID"),
            "data_format": text("NHWC"),
            "fused_ops": fused("BiasAdd", "Relu6"),
            "num_args": {"i": "1"},
        }
        nodes = [
            {"name": "image", "op": "Placeholder", "attr": {"dtype": FLOAT, "shape": {"shape": shape}}},
            *({"name": name, "op": "Const", "attr": {"dtype": FLOAT}} for name in ("kernel", "bias", "gain")),
            {"name": "axes", "op": "Const", "attr": {"dtype": {"type": "DT_INT32"}}},
            {
                "name": "conv",
                "op": "_FusedConv2D",
                "input": ["image:0", "kernel", "bias"],
                "attr": convolution,
            },
            {
                "name": "gained",
                "op": "FusedDepthwiseConv2dNative",
                "input": ["conv", "gain"],
                "attr": {
                    **convolution,
                    "strides": {"list": {"i": ["1", "1", "1", "1"]}},
                    "fused_ops": fused("NoOp", "Relu6"),
                    "num_args": {"i": "0"},
                },
            },
            {
                "name": "pooled",
                "op": "Mean",
                "input": ["gained", "axes"],
                "attr": {"T": FLOAT, "Tidx": {"type": "DT_INT32"}, "keep_dims": {"b": True}},
            },
        ]
        blob = b"".join(stored[1] for _, stored in weights.values())
        cut = len(blob) // 2
        self.shards = {"group1-shard1of2.bin": blob[:cut], "group1-shard2of2.bin": blob[cut:]}
        manifest = [
            {"name": name, "shape": list(shape), **stored[0]} for name, (shape, stored) in weights.items()
        ]
        self.document: dict[str, Any] = {
            "format": "graph-model",
            "generatedBy": "2.4.0",
            "modelTopology": {"node": nodes, "versions": {"producer": 561}},
            "signature": {
                "inputs": {"image": {"name": "image:0", "dtype": "DT_FLOAT", "tensorShape": shape}},
                "outputs": {"pooled": {"name": "pooled:0", "dtype": "DT_FLOAT"}},
            },
            "weightsManifest": [{"paths": list(self.shards), "weights": manifest}],
        }

    def features(self, images: NDArray[Any]) -> NDArray[Any]:
        """`[n, 4]` float64, by NumPy: each patch times the kernel."""
        n, size = images.shape[0], images.shape[1] // EDGE
        patches = images.reshape(n, size, EDGE, size, EDGE, 3).transpose(0, 1, 3, 2, 4, 5)
        convolved = patches.reshape(n, size, size, -1).astype(np.float64) @ self.kernel.reshape(-1, 4)
        gained = np.clip(convolved + self.bias, 0, 6) * self.gain
        return np.clip(gained, 0, 6).mean((1, 2))

    def node(self, name: str) -> dict[str, Any]:
        return next(node for node in self.document["modelTopology"]["node"] if node["name"] == name)

    @property
    def nodes(self) -> list[dict[str, Any]]:
        return self.document["modelTopology"]["node"]

    @property
    def group(self) -> dict[str, Any]:
        return self.document["weightsManifest"][0]

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "model.json").write_text(json.dumps(self.document))
        for name, data in self.shards.items():
            (folder / name).write_bytes(data)
        return folder
