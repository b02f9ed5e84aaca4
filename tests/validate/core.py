"""The page's core, run in Node."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onthefly_studio.places import TEMPLATE_ROOT
from tests.support.node import evaluate

TEMPLATE = TEMPLATE_ROOT.as_uri()
CORE = f"{TEMPLATE}/src/core"


def node(script: str, folder: Path, *arrays: NDArray[Any]) -> Any:
    """Run a module in Node; `read(i)` gives the i-th array's bytes, and what it logs is JSON."""
    for number, array in enumerate(arrays):
        (folder / f"{number}.bin").write_bytes(np.ascontiguousarray(array).tobytes())
    prelude = f"""
      import {{readFileSync}} from 'node:fs';
      import {{initialWeights, PlainHead}} from '{CORE}/head.ts';
      import {{preprocess}} from '{CORE}/preprocess.ts';
      import {{Training}} from '{CORE}/training.ts';
      const read = (i) => readFileSync(`{folder}/${{i}}.bin`);
      const floats = (i) => new Float32Array(Uint8Array.from(read(i)).buffer);
      const say = (value) => console.log(JSON.stringify(value));
    """
    return json.loads(evaluate(prelude + script))
