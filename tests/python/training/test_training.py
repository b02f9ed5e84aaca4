"""The recipe of the embedded backbone, run in its own environment; skipped where that is not installed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[3]
PYTHON = ROOT / "training" / ".venv" / "bin" / "python"
if not PYTHON.exists():
    pytest.skip(f"no {PYTHON.relative_to(ROOT)}: `make training` installs it", allow_module_level=True)

SCENES = """
import hashlib, sys
from pathlib import Path
from training.generate import scenes, textures
pool = textures.pool(Path(sys.argv[1]), 4)
drawn = [scenes.scene(pool, 7, 0, number, 48) for number in (3, 1, 2, 1)]
print(*(hashlib.sha256(s.image.tobytes() + s.layout.tobytes()).hexdigest() for s in drawn))
"""
STREAM = """
import sys
from pathlib import Path
import numpy as np
from training.generate.stream import batches
from training.recipe import RECIPES
recipe, folder = RECIPES["tiny"], Path(sys.argv[1])
whole = list(batches(recipe, folder, 0))
for step in (1, 5, 7, 9):
    later = next(batches(recipe, folder, 0, step))
    assert all(np.array_equal(a, b) for a, b in zip(later, whole[step])), step
assert not np.array_equal(whole[0].images, next(batches(recipe, folder, 1)).images)
"""
SAME = """
import sys
import torch
one, two = (torch.load(f"{run}/checkpoint.pt", weights_only=True) for run in sys.argv[1:])
assert one["step"] == two["step"] == 10
for part in ("average", "backbone", "heads"):
    for name, value in one[part].items():
        if "running" in name or "num_batches" in name:
            continue
        assert torch.allclose(value.float(), two[part][name].float(), atol=1e-5), name
"""
COMPONENTS = """
import numpy as np
from training.condition import components
rng = np.random.default_rng(0)
scenes, noise = rng.normal(0, 1, (3000, 1, 576)), rng.normal(0, 0.5, (3000, 2, 576))
scenes[:, :, :3] *= 4  # what tells scenes apart best
noise[:, :, 3:6] *= 20  # what differs most, between views of one scene
values = (scenes + noise).reshape(-1, 576)
kernel, bias = components(values.astype(np.float32))
found = values @ kernel + bias
assert np.allclose(found.mean(0), 0, atol=1e-3)
assert np.isclose(np.sqrt((found**2).mean()), 0.5, atol=1e-3)
told = np.linalg.lstsq(values[:, :3], found[:, :3])[0]
assert (found[:, :3] - values[:, :3] @ told).var() < 0.05 * found[:, :3].var()
assert found[:, :3].var() > 3 * found[:, 3:].var()
lengths = np.linalg.norm(kernel, axis=1)
assert lengths[3:6].max() < 0.1 * lengths[6:].mean()
again, _ = components(values.astype(np.float32))
assert np.array_equal(kernel, again)
"""
TASKS = """
import sys
from pathlib import Path
import numpy as np
from training import tasks
from training.generate.textures import pool
# A pool of few textures in the place of the whole one, which takes a minute to draw.
folder = Path(sys.argv[1])
pool(folder, 4)
(folder / "textures-4.npy").rename(folder / "textures-400.npy")
for kind in tasks.KINDS:
    images, labels = tasks.task(folder, kind, 0)
    assert images.shape == (len(labels), 224, 224, 3) and images.dtype == np.uint8
    assert (np.bincount(labels) == tasks.FRAMES).all() and labels.max() >= 3
    assert np.unique(images.reshape(len(images), -1), axis=0).shape[0] == len(images), kind
assert np.array_equal(images, tasks.task(folder, kind, 0)[0])
assert not np.array_equal(images, tasks.task(folder, kind, 1)[0])
"""


def run(*arguments: object) -> str:
    command = [str(PYTHON), *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny training from beginning to end."""
    folder = tmp_path_factory.mktemp("whole")
    run("-m", "training", "--recipe", "tiny", "--run", folder)
    return folder


def test_a_scene_depends_on_its_number_alone(tmp_path: Path) -> None:
    third, first, second, again = run("-c", SCENES, tmp_path).split()
    assert first == again
    assert len({first, second, third}) == 3
    (tmp_path / "elsewhere").mkdir()
    assert run("-c", SCENES, tmp_path / "elsewhere").split()[0] == third


def test_a_stream_started_later_gives_the_same_batches(tmp_path: Path) -> None:
    run("-c", STREAM, tmp_path)


def test_a_training_that_was_stopped_goes_on_as_if_it_had_not_been(whole: Path, tmp_path: Path) -> None:
    run("-m", "training.train", "--recipe", "tiny", "--run", tmp_path, "--until", 7)
    assert "going on after 7" in run("-m", "training.train", "--recipe", "tiny", "--run", tmp_path)
    run("-c", SAME, whole, tmp_path)


def test_components_keep_what_tells_scenes_apart_not_views_of_one() -> None:
    run("-c", COMPONENTS)


def test_generated_tasks_are_whole_and_repeatable(tmp_path: Path) -> None:
    run("-c", TASKS, tmp_path)


def test_the_weights_are_those_the_builder_reads(whole: Path, tmp_path: Path) -> None:
    said = json.loads((whole / "provenance.json").read_text("utf-8"))
    assert said["imagesSeen"] == 160
    with (
        np.load(whole / "weights.npz", allow_pickle=False) as ours,
        np.load(ROOT / "builder/onthefly_studio/sources/weights/weights.npz", allow_pickle=False) as shipped,
    ):
        assert ours.files == shipped.files
        assert all(ours[name].shape == shipped[name].shape for name in ours.files)
        assert all(ours[name].dtype == shipped[name].dtype for name in ours.files)
        kernel = ours["Conv_2:kernel"]
        assert np.array_equal(kernel[..., :512], -kernel[..., 512:])


def test_evaluation_tells_stripes_apart(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name, axis in (("across", 0), ("down", 1)):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(10):
            line = np.sin(np.arange(64) * rng.uniform(0.5, 0.8) + rng.uniform(0, 6)) > 0
            stripes = np.broadcast_to(line if axis else line[:, None], (64, 64)) * 255
            Image.fromarray(stripes.astype(np.uint8)).save(tmp_path / "photos" / name / f"{number}.png")
    told = run(
        "-m", "training.evaluate", tmp_path / "photos", "--backbone", "edges=hog", "nowhere.npz",
        "--per-class", 3, "--seeds", 2, "--out", tmp_path / "out",
    )  # fmt: skip
    assert "| edges | 1.000 ± 0.000 |" in told
    assert (tmp_path / "out" / "accuracy.png").stat().st_size > 1000


@pytest.mark.long
def test_a_minute_of_training_learns(tmp_path: Path) -> None:
    run("-m", "training", "--recipe", "one-minute", "--run", tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text("utf-8").splitlines()]
    assert lines[-1]["losses"]["loss"] < 0.93 * lines[0]["losses"]["loss"]
