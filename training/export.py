"""Write the weights that `onthefly build --backbone embedded` reads.

python -m training.export --run training/runs/full --out builder/onthefly_studio/sources/weights
python -m training.export --again builder/onthefly_studio/sources/weights --out FOLDER

Gives `weights.npz` (plain arrays by the names of Keras' layers: kernels in float16, the rest in float32),
`weights.sha256` and `provenance.json`.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from training.condition import condition
from training.network import Backbone
from training.recipe import RECIPES, Recipe
from training.train import CHECKPOINT

LIMIT = 3_200_000
"""Bytes that the archive may have: it travels with the package."""
_LAYERS = {
    "stem": "Conv",
    "last": "Conv_1",
    "widen": "Conv_2",
    "expand": "expand",
    "depthwise": "depthwise",
    "project": "project",
    "gate.squeeze": "squeeze_excite/Conv",
    "gate.excite": "squeeze_excite/Conv_1",
}
_NORMS = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}
Arrays = dict[str, npt.NDArray[Any]]


def keras_name(name: str) -> str:
    """The Keras variable of a name in our state, such as `blocks.3.expand.weight`."""
    path, kind = name.rsplit(".", 1)
    place = ""
    if path.startswith("blocks."):
        _, number, path = path.split(".", 2)
        place = "expanded_conv/" if number == "0" else f"expanded_conv_{number}/"
    layer, norm, _ = path.partition("_norm")
    if norm:
        return f"{place}{_LAYERS[layer]}/BatchNorm:{_NORMS[kind]}"
    if kind == "weight":
        kind = "depthwise_kernel" if layer == "depthwise" else "kernel"
    return f"{place}{_LAYERS[layer]}:{kind}"


def to_arrays(backbone: Backbone) -> Arrays:
    """The weights by Keras' names and in its layouts."""
    arrays = {}
    for name, tensor in backbone.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        array = tensor.detach().cpu().numpy()
        if array.ndim == 4:
            order = (2, 3, 0, 1) if ".depthwise." in name else (2, 3, 1, 0)
            array = array.transpose(order).astype(np.float16)
        arrays[keras_name(name)] = np.ascontiguousarray(array)
    return arrays


def from_arrays(arrays: Arrays) -> Backbone:
    """The backbone with such weights."""
    backbone = Backbone()
    state = backbone.state_dict()
    for name in state:
        if name.endswith("num_batches_tracked"):
            continue
        array = np.asarray(arrays[keras_name(name)], np.float32)
        if array.ndim == 4:
            array = array.transpose((2, 3, 0, 1) if ".depthwise." in name else (3, 2, 0, 1))
        state[name] = torch.from_numpy(np.ascontiguousarray(array))
    backbone.load_state_dict(state)
    return backbone.eval()


def load(file: Path) -> Backbone:
    """The backbone of an archive."""
    with np.load(file, allow_pickle=False) as arrays:
        return from_arrays({name: arrays[name] for name in arrays.files})


def to_bytes(arrays: Arrays) -> bytes:
    """The archive's bytes: the same for the same arrays, without times."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            one = io.BytesIO()
            np.save(one, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), one.getvalue(), zipfile.ZIP_DEFLATED, 9)
    return out.getvalue()


def _machine_time(run: Path) -> dict[str, Any]:
    """What the run's log says of its pace."""
    log = run / "log.jsonl"
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []
    return {"trainingSeconds": round(sum(line["seconds"] for line in lines))}


def provenance(name: str, recipe: Recipe, run: Path, step: int, sha256: str) -> dict[str, Any]:
    """Where the weights come from, for JSON."""
    return {
        "name": "MobileNetV3-Small 1.0, 1024 features",
        "trainedOn": "generated images only: no photograph, no other network's weights or outputs",
        "licence": "Apache-2.0",
        "sha256": sha256,
        "recipe": name,
        "settings": recipe.as_dict(),
        "steps": step,
        "imagesSeen": step * recipe.batch,
        "torch": torch.__version__,
        "numpy": np.__version__,
        **_machine_time(run),
    }


def export(name: str, run: Path, out: Path) -> dict[str, Any]:
    """Finish a run's weights and write the three files; returns the provenance.

    Args:
        name: of the recipe.
        run: its folder, with a checkpoint.
        out: folder for the files.
    """
    recipe = RECIPES[name]
    state = torch.load(run / CHECKPOINT, map_location="cpu", weights_only=True)
    contents = to_bytes(to_arrays(condition(state["average"], recipe, run)))
    return _write(contents, provenance(name, recipe, run, state["step"], ""), out)


def finish_again(folder: Path, name: str, run: Path, out: Path) -> dict[str, Any]:
    """Measure normalisation and the last layer of finished weights anew; training is not repeated.

    Args:
        folder: with the weights and their provenance.
        name: of the recipe whose conditioning is used.
        run: folder for its textures.
        out: folder for the files.
    """
    trunk = load(folder / "weights.npz").state_dict()
    said = json.loads((folder / "provenance.json").read_text("utf-8"))
    recipe = RECIPES[name]
    said["settings"]["condition_images"] = recipe.condition_images
    return _write(to_bytes(to_arrays(condition(trunk, recipe, run))), said, out)


def _write(contents: bytes, said: dict[str, Any], out: Path) -> dict[str, Any]:
    if len(contents) > LIMIT:
        raise ValueError(f"the archive has {len(contents)} bytes, more than {LIMIT}")
    said = {**said, "sha256": hashlib.sha256(contents).hexdigest()}
    out.mkdir(parents=True, exist_ok=True)
    (out / "weights.npz").write_bytes(contents)
    (out / "weights.sha256").write_text(said["sha256"] + "\n", "ascii")
    (out / "provenance.json").write_text(json.dumps(said, indent=1, sort_keys=True) + "\n", "utf-8")
    return said


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m training.export", description="Write the weights.")
    parser.add_argument("--recipe", choices=RECIPES, default="full")
    parser.add_argument("--run", type=Path, help="folder of the run (default: training/runs/RECIPE)")
    parser.add_argument(
        "--again", type=Path, help="a folder of finished weights, to finish anew, in place of a run"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the three files")
    args = parser.parse_args(arguments)
    run = args.run or Path(__file__).parent / "runs" / args.recipe
    if args.again:
        said = finish_again(args.again, args.recipe, run, args.out)
    else:
        said = export(args.recipe, run, args.out)
    print(f"{args.out / 'weights.npz'}: {said['imagesSeen']} images, sha256 {said['sha256']}")


if __name__ == "__main__":
    main()
