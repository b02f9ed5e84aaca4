"""The child process of `embed`: a graph model's features of preprocessed pictures, in TensorFlow.

python -m onthefly_studio.process onthefly_studio.project.embed_child MODEL SCRATCH

SCRATCH holds `inputs.npy`, `[n, size, size, 3]`; `features.npy` and `result.json` are written there.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from onthefly_studio.errors import OnTheFlyError
from onthefly_studio.graph import model as graph_model
from onthefly_studio.graph import portability as rules
from onthefly_studio.process import answer
from onthefly_studio.tensorflow import child as tensorflow_child


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
