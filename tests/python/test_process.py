"""Children that run TensorFlow: what they answer, how they die, and that none outlives its parent."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onthefly_studio import process
from onthefly_studio.errors import ConversionError
from tests.support.patience import PATIENCE_S, wait_until
from tests.support.processes import PYTHON_PATH, gone, heedful, seen

ROOT = Path(__file__).resolve().parents[2]

IMPORTS = """
import os, sys
from datetime import datetime
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
import numpy as np
from PIL import Image
from onthefly_studio.graph import convert
from onthefly_studio.reference.head import initial_weights
from onthefly_studio.validate.reference import Job, Reference
from onthefly_studio.project import embed
from onthefly_studio.project.export import export
os.environ["PYTHONPATH"] = sys.argv[1]  # from here on: what this process needs is imported
here = Path(sys.argv[1])
"""
PARENTS = {
    "onthefly_studio.tensorflow.child": "convert.run_child({})",
    "onthefly_studio.project.embed_child": """
picture = BytesIO()
Image.new("RGB", (8, 8)).save(picture, "PNG")
settings = SimpleNamespace(size=8, fit="crop")
embed.embedder(here, SimpleNamespace(features=4), settings)([picture.getvalue()])
""",
    "onthefly_studio.project.export.export_child": """
head = SimpleNamespace(weights=initial_weights(4, 2, 2, 1))
project = SimpleNamespace(trained_head=lambda: head)
export.export(project, "tfjs", here / "out", model=here, name="x", time_stamp=datetime(2000, 1, 1))
""",
    "onthefly_studio.validate.tensorflow_witness": """
Reference(Job(graph=here, frames=np.zeros((1, 8, 8, 3), np.float32))).result("graph")
""",
}
"""By the child's module, a program that starts it as the command does."""

AT_WORK = f"""
import time
from pathlib import Path
Path(__file__).with_name("at-work").touch()
time.sleep({PATIENCE_S})
"""


@pytest.mark.skipif(sys.platform == "win32", reason="children are looked for with ps")
@pytest.mark.parametrize("module", PARENTS)
def test_a_child_ends_when_its_parent_is_killed(module: str, tmp_path: Path) -> None:
    (tmp_path / "numpy.py").write_text(AT_WORK)  # what every child imports: it gets no further
    program = IMPORTS + PARENTS[module]
    environment = {**os.environ, "PYTHONPATH": PYTHON_PATH, "TMPDIR": str(tmp_path)}
    command = heedful([sys.executable, "-c", program, str(tmp_path)])
    parent = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        child = seen(parent, module)
        wait_until((tmp_path / "at-work").exists, "the child at work", alive=parent)
    finally:
        parent.kill()
        parent.communicate(timeout=PATIENCE_S)
    gone(child)


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, object]]:
    """Runs a program as a child that is to answer."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def run(program: str, **options: Any) -> dict[str, object]:
        (tmp_path / "a_child.py").write_text(program)
        return process.run("a_child", ["one"], tmp_path, what="Trying it", where="here", **options)

    return run


def test_a_child_answers(child: Callable[..., dict[str, object]]) -> None:
    program = """
import os, sys
from pathlib import Path
from onthefly_studio.process import answer
answer(Path(sys.argv[2]), {"first": sys.argv[1], "onednn": os.environ["TF_ENABLE_ONEDNN_OPTS"]})
"""
    assert child(program) == {"ok": True, "first": "one", "onednn": "0"}


def test_a_childs_error_is_its_parents(child: Callable[..., dict[str, object]]) -> None:
    program = """
import sys
from pathlib import Path
from onthefly_studio.errors import ConversionError
from onthefly_studio.process import answer
answer(Path(sys.argv[2]), ConversionError("It broke.", where="there", mend="Try."))
"""
    with pytest.raises(ConversionError, match="It broke") as caught:
        child(program)
    assert (caught.value.where, caught.value.mend) == ("there", "Try.")


def test_a_full_disk_is_the_systems_own_error(child: Callable[..., dict[str, object]]) -> None:
    program = """
import sys
from pathlib import Path
from onthefly_studio.process import answer
answer(Path(sys.argv[2]), OSError(28, "No space left on device"))
"""
    with pytest.raises(OSError, match="No space left on device") as caught:
        child(program)
    assert caught.value.errno == 28


def test_a_child_that_dies_is_quoted(child: Callable[..., dict[str, object]]) -> None:
    program = """
import sys
print("not this")
sys.exit("\\n".join(f"line {number}" for number in range(20)))
"""
    with pytest.raises(ConversionError) as caught:
        child(program)
    assert caught.value.what == "\n".join(["Trying it failed:", *(f"line {n}" for n in range(8, 20))])
    with pytest.raises(ConversionError, match="Trying it ended with 7:\nonly this"):
        child("print('only this'); raise SystemExit(7)", died="{what} ended with {status}")


def test_a_child_that_takes_too_long_is_ended(
    child: Callable[..., dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "TIMEOUT_S", 0.5)
    with pytest.raises(ConversionError, match=r"Trying it took more than 0\.5 s"):
        child(f"import time; time.sleep({PATIENCE_S})")
