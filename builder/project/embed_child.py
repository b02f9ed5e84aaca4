"""The child process of `embed`: a graph model's features of preprocessed pictures, in TensorFlow.

python -m builder.process builder.project.embed_child MODEL SCRATCH

SCRATCH holds `inputs.npy`, `[n, size, size, 3]`; `features.npy` and `result.json` are written there.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from builder.backbone import graph_model, rules, tensorflow_child
from builder.errors import OnTheFlyError
from builder.process import answer


def main(model: Path, scratch: Path) -> int:
    """Do it; the exit status is 0 also for an expected error, which `result.json` holds."""
    try:
        graph = graph_model.read(model)
        rules.require_portable(graph)  # known, harmless operations only, whoever made the files
        inputs = np.load(scratch / "inputs.npy", mmap_mode="r")
        np.save(scratch / "features.npy", tensorflow_child.run_graph(graph, inputs))
        answer(scratch, {})
    except OnTheFlyError as error:
        answer(scratch, error)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
