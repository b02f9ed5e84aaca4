"""Files of other formats in a model's place: what each is, and how it becomes a model that is read.

Nothing of such a file is used. Its name says what it is; of a zip, the names inside do.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from onthefly_studio.errors import ConversionError

SAVED_MODEL = "saved_model.pb"
GRAPH_MODEL = "model.json"
PARTS = {
    SAVED_MODEL: "saved_model.pb is one file of a SavedModel, and variables/ beside it belongs to it",
    GRAPH_MODEL: "model.json is one file of a TensorFlow.js model, and the weights beside it belong to it",
}
"""Files that stand for the folder they are in."""

_KERAS = (
    "a Keras model",
    'Turn it into a SavedModel, in Python: keras.models.load_model("{name}").export("FOLDER"), in Keras 2 '
    'tf.saved_model.save(model, "FOLDER"), and pass that folder. The model must end in features: cut its '
    "classifier off first. Keras' own ImageNet weights are there as --backbone keras",
)
_TORCH = (
    "PyTorch's weights",
    "Export the network to ONNX, make a SavedModel of that (onnx2tf does), and pass its folder",
)
_TAR = ("an archive, but not a .tar.gz", "Unpack it and pass the folder, or pack that again with `tar -czf`")
KINDS: dict[str, tuple[str, str]] = {
    ".keras": _KERAS,
    ".h5": _KERAS,
    ".hdf5": _KERAS,
    ".tflite": (
        "a TensorFlow Lite model",
        "There is no way back from it: pass the SavedModel that it was made from",
    ),
    ".onnx": ("an ONNX model", "Make a SavedModel of it (onnx2tf does), and pass its folder"),
    ".pt": _TORCH,
    ".pth": _TORCH,
    ".safetensors": _TORCH,
    ".pb": (
        "a TensorFlow graph on its own",
        "Pass a SavedModel: a folder with saved_model.pb and variables/, as tf.saved_model.save writes it",
    ),
    ".ckpt": (
        "a checkpoint, weights without their network",
        'Load it and write a SavedModel with tf.saved_model.save(model, "FOLDER"), and pass that folder',
    ),
    ".zip": ("a zip", "Unpack it, and pass the folder in it that holds saved_model.pb or model.json"),
    ".tar": _TAR,
    ".bz2": _TAR,
    ".xz": _TAR,
    ".7z": _TAR,
}
"""By the end of the name: what a file of that name is, and what to do instead."""

_BESIDE = ("variables.", "group", "weights")
"""How the names of files begin that belong to a SavedModel or to a TensorFlow.js model."""
_METADATA_BYTES = 1 << 20


@dataclass(frozen=True)
class Advice:
    """What a file is, after `It is `, and the way out; neither ends in a full stop."""

    what: str
    hint: str


def of_file(path: Path) -> Advice | None:
    """What a plain file that nothing here reads is known to be."""
    if path.name in PARTS:
        return Advice(f"one part of a model: {PARTS[path.name]}", f"Pass its folder: {path.parent}")
    for folder in (path.parent, path.parent.parent):
        for name in PARTS:
            if path.name.startswith(_BESIDE) and (folder / name).is_file():
                return Advice(f"one part of a model, as {folder / name} is", f"Pass its folder: {folder}")
    if found := _by_name(path.name):
        return _of_zip(path) if path.suffix.lower() == ".zip" else found
    start = _start(path)
    if start.startswith(b"PK\x03\x04"):
        return _of_zip(path)
    if start.startswith(b"\x1f\x8b"):
        return Advice("packed with gzip", "If it is a packed model, give it a name that ends in .tar.gz")
    return _known(_KERAS, path.name) if start.startswith(b"\x89HDF\r\n\x1a\n") else None


def of_url(path: str) -> Advice | None:
    """What the file at an address is known to be, by the path of the address."""
    name = PurePosixPath(path).name
    if name == SAVED_MODEL:
        hint = "Download the whole folder and pass it, or the address of a .tar.gz of it"
        return Advice(f"one part of a model: {PARTS[name]}", hint)
    return _by_name(name)


def in_folder(folder: Path) -> Advice | None:
    """What a folder without a model holds instead, by the first file of a known kind."""
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    if {"config.json", "model.weights.h5"} <= set(names):
        kind, hint = _KERAS
        return Advice(f"{kind}, unpacked", f"Pack its files as a zip named {folder.name}.keras. {hint}")
    for name in names:
        if found := _by_name(name):
            return Advice(f"{name}, {found.what}", found.hint)
    return None


def refuse_layers(folder: Path, document: dict[str, Any], where: str) -> None:
    """Refuse a `model.json` that describes layers, as Keras does, and not a graph.

    Args:
        folder: that `model.json` stands in.
        document: what it holds, with an object `modelTopology`.
        where: what the user knows it by.

    Raises:
        ConversionError: it does.
    """
    topology = document["modelTopology"]
    # TensorFlow.js itself writes a class and its configuration, its converter from Keras wraps them.
    layered = "model_config" in topology or {"class_name", "config"} <= set(topology)
    if document.get("format") != "layers-model" and not layered:
        return
    labels = _teachable_machine(folder / "metadata.json")
    if labels is not None:
        raise ConversionError(
            f"model.json is a layers model that Teachable Machine made: a whole classifier, of {labels} "
            "classes, and no feature vector.",
            where=where,
            hint="Take a backbone that is one, such as --backbone keras, and teach the classes again: on the "
            "page from the same photographs, or with `onthefly train` from a folder per class.",
        )
    raise ConversionError(
        "model.json is a TensorFlow.js layers model, and only graph models are read.",
        where=where,
        hint="Convert it, and pass FOLDER: tensorflowjs_converter --input_format=tfjs_layers_model "
        "--output_format=tfjs_graph_model model.json FOLDER. It must end in features: "
        "cut a classifier off first.",
    )


def _teachable_machine(metadata: Path) -> str | None:
    """How many classes a model of Teachable Machine tells apart; None for any other model."""
    try:
        if metadata.stat().st_size > _METADATA_BYTES:
            return None
        described = json.loads(metadata.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(described, dict):
        return None
    if "tmVersion" not in described and "teachablemachine" not in str(described.get("packageName")):
        return None
    labels = described.get("labels", described.get("wordLabels"))
    return str(len(labels)) if isinstance(labels, list) and labels else "its own"


def _of_zip(path: Path) -> Advice:
    """What a zip is, by the names in it."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = {PurePosixPath(name).name for name in archive.namelist()}
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return Advice("a damaged zip", "Fetch it again, unpack it and pass the folder")
    if "project.json" in names:
        return Advice(
            "a project that a page exported", "Pass it as --starter, and its backbone as --backbone"
        )
    if {"config.json", "model.weights.h5"} <= names:
        return _known(_KERAS, path.name)
    return _known(_TORCH if "data.pkl" in names else KINDS[".zip"], path.name)


def _by_name(name: str) -> Advice | None:
    kind = KINDS.get(PurePosixPath(name).suffix.lower())
    return _known(kind, name) if kind else None


def _known(kind: tuple[str, str], name: str) -> Advice:
    what, hint = kind
    return Advice(what, hint.replace("{name}", name if name.isprintable() else "MODEL"))


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(8)
    except OSError:
        return b""
