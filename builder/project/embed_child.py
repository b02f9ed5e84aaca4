"""The child process of `embed`: a graph model's features of preprocessed pictures, in TensorFlow.

python -m builder.project.embed_child MODEL SCRATCH

SCRATCH holds `inputs.npy`, `[n, size, size, 3]`; `features.npy` and `result.json` are written there.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from builder.backbone import graph_model, rules, tensorflow_child
from builder.errors import OnTheFlyError


def main(model: Path, scratch: Path) -> int:
    """Do it; the exit status is 0 also for an expected error, which `result.json` holds."""
    result: dict[str, Any] = {"ok": True}
    try:
        graph = graph_model.read(model)
        rules.require_portable(graph)  # known, harmless operations only, whoever made the files
        inputs = np.load(scratch / "inputs.npy", mmap_mode="r")
        np.save(scratch / "features.npy", tensorflow_child.run_graph(graph, inputs))
    except OnTheFlyError as error:
        result = {"ok": False, "what": error.what, "where": error.where, "mend": error.mend}
    (scratch / "result.json").write_text(json.dumps(result), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
