"""What a backbone makes of preprocessed images, run with the Python that has On-the-Fly's own packages.

python -m training.features BACKBONE INPUTS.npy FEATURES.npy [--precision float32]

BACKBONE is any value that `onthefly build` takes; the features are those of the converted graph, as a
visitor's browser computes them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from onthefly_studio.cache import Cache
from onthefly_studio.errors import OnTheFlyError
from onthefly_studio.graph import model as graph_model
from onthefly_studio.graph.convert import convert
from onthefly_studio.report import Silent
from onthefly_studio.sources import obtain
from onthefly_studio.tensorflow import child as tensorflow_child


def main(arguments: list[str] | None = None) -> int:
    """Run the command; an expected error is one line on stderr."""
    parser = argparse.ArgumentParser(prog="python -m training.features")
    parser.add_argument("backbone")
    parser.add_argument("inputs", type=Path)
    parser.add_argument("features", type=Path)
    parser.add_argument("--precision", choices=("float32", "float16", "int8"), default="float32")
    args = parser.parse_args(arguments)
    try:
        cache = Cache()
        source = obtain(args.backbone, cache=cache, reporter=Silent())
        folder = convert(source, args.precision, cache=cache, reporter=Silent()).folder
        model = graph_model.read(folder)
        inputs = np.load(args.inputs, mmap_mode="r", allow_pickle=False)
        np.save(args.features, tensorflow_child.run_graph(model, inputs), allow_pickle=False)
    except OnTheFlyError as error:
        print(error.what, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
