"""Values of `--backbone` that name nothing, and what is said to them."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from onthefly_studio.cache import Cache
from onthefly_studio.errors import ConfigError, SourceError
from onthefly_studio.report import Silent
from onthefly_studio.sources import obtain
from tests.python.sources.support import (
    FILES,
    HEAVY,
    MODULE,
    a_model,
    kept,
)
from tests.support.hubserver import HubServer


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", "no such backbone."),
        ("Hub", "Did you mean `hub`?"),
        ("embeded", "Did you mean `embedded`?"),
        ("atuo", "Did you mean `auto`?"),
        ("kears", "Did you mean `keras`?"),
        ("Keras:Large", "Did you mean `keras:large`?"),
        ("keras:small-75", "Did you mean `keras:small-075`?"),
        ("keras:large-minimalist", "Did you mean `keras:large-minimalistic`?"),
        ("resnet", "There is no such backbone."),
        ("./none.tar.gz", "no such file or folder"),
        ("none.tgz", "no such file or folder"),
        ("some/folder", "no such file or folder"),
        ("~nobody-of-that-name/x", "no such file or folder"),
        ("x" * 5000, "no such backbone"),
        ("nul\x00byte", "no such backbone"),
        ("http://tfhub.dev/x?token=secret", "this machine only"),
        ("http://127.0.0.1@tfhub.dev/x", "this machine only"),
        ("gs://bucket/model.tar.gz", "not a URL that can be fetched"),
        ("file:///etc/passwd", "not a URL that can be fetched"),
        ("https://", "not a URL that can be fetched"),
        ("https://[broken", "not a URL that can be fetched"),
    ],
)
def test_other_values_are_wrong_use(cache: Cache, reporter: Silent, value: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        obtain(value, cache=cache, reporter=reporter)
    assert words in caught.value.what
    assert caught.value.where.startswith("--backbone ")
    assert caught.value.hint
    assert "secret" not in str(caught.value)
    assert kept(cache) == []


def test_a_file_of_another_kind_is_told_what_is_accepted(
    cache: Cache, reporter: Silent, tmp_path: Path
) -> None:
    (tmp_path / "model.h5").touch()
    with pytest.raises(ConfigError, match=r"not a \.tar\.gz or \.tgz") as caught:
        obtain(str(tmp_path / "model.h5"), cache=cache, reporter=reporter)
    for word in ("auto", "hub", "embedded", "https", ".tar.gz", "saved_model.pb"):
        assert word in caught.value.hint


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return buffer.getvalue()


KERAS_ZIP = zipped("metadata.json", "config.json", "model.weights.h5")


@pytest.mark.parametrize(
    ("name", "data", "what", "hint"),
    [
        ("model.json", b"{}", "one part of a model: model.json", "Pass its folder: {folder}"),
        ("saved_model.pb", b"", "one part of a model: saved_model.pb", "Pass its folder: {folder}"),
        ("model.keras", KERAS_ZIP, "a Keras model", 'load_model("model.keras").export("FOLDER")'),
        ("model.h5", b"\x89HDF\r\n\x1a\n", "a Keras model", 'load_model("model.h5")'),
        ("model", b"\x89HDF\r\n\x1a\n", "a Keras model", 'load_model("model")'),
        ("model.tflite", b"\x1c\0\0\0TFL3", "a TensorFlow Lite model", "SavedModel that it was made from"),
        ("Model.ONNX", b"", "an ONNX model", "onnx2tf"),
        ("model.pt", zipped("model/data.pkl"), "PyTorch's weights", "onnx2tf"),
        ("frozen.pb", b"", "a TensorFlow graph on its own", "saved_model.pb and variables/"),
        ("model.zip", zipped("m/saved_model.pb"), "a zip", "Unpack it, and pass the folder"),
        ("keras.zip", KERAS_ZIP, "a Keras model", "export"),
        ("project.zip", zipped("project.json"), "a project that a page exported", "--starter"),
        ("model.zip", b"PK", "a damaged zip", "Fetch it again"),
        ("model.tar", b"", "an archive, but not a .tar.gz", "tar -czf"),
        ("model.tar.xz", b"", "an archive, but not a .tar.gz", "tar -czf"),
        ("model.bin", MODULE, "packed with gzip", "a name that ends in .tar.gz"),
    ],
)
def test_a_file_of_a_known_kind_is_told_what_it_is(
    cache: Cache, reporter: Silent, tmp_path: Path, name: str, data: bytes, what: str, hint: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ConfigError) as caught:
        obtain(str(tmp_path / name), cache=cache, reporter=reporter)
    assert caught.value.what.startswith(f"The file is not a .tar.gz or .tgz, but {what}")
    assert hint.format(folder=tmp_path) in caught.value.hint
    assert (caught.value.exit_code, caught.value.where) == (2, f"--backbone {str(tmp_path / name)!r}")


@pytest.mark.parametrize(
    ("files", "part"),
    [(FILES, "variables/variables.index"), ({"model.json": b"{}", "weights.bin": b""}, "weights.bin")],
)
def test_a_part_of_a_model_is_told_where_the_model_is(
    cache: Cache, reporter: Silent, tmp_path: Path, files: dict[str, bytes], part: Path
) -> None:
    folder = a_model(tmp_path / "m", files)
    with pytest.raises(ConfigError, match="one part of a model, as ") as caught:
        obtain(str(folder / part), cache=cache, reporter=reporter)
    assert f"Pass its folder: {folder}." in caught.value.hint


@pytest.mark.parametrize(
    ("path", "what", "hint"),
    [
        ("/m/saved_model.pb?sig=secret", "one part of a model: saved_model.pb", "Download the whole folder"),
        ("/m.keras", "a Keras model", 'load_model("m.keras")'),
        ("/m.tflite", "a TensorFlow Lite model", "SavedModel"),
        ("/m.zip?x=1", "a zip", "Unpack it"),
    ],
)
def test_the_address_of_another_kind_of_file_is_not_fetched(
    hub: HubServer, cache: Cache, reporter: Silent, path: str, what: str, hint: str
) -> None:
    with pytest.raises(ConfigError, match=f"This is the address of {what}") as caught:
        obtain(hub.url(path), cache=cache, reporter=reporter)
    assert hint in caught.value.hint
    assert "secret" not in str(caught.value)
    assert hub.requests == []


@pytest.mark.parametrize(
    ("files", "what", "hint"),
    [
        ({"m.tflite": b"", "labels.txt": b""}, ", but m.tflite, a TensorFlow Lite model", "SavedModel"),
        ({"config.json": b"", "model.weights.h5": b""}, ", but a Keras model, unpacked", "x.keras"),
        ({"keras_model.h5": b"", "labels.txt": b""}, ", but keras_model.h5, a Keras model", "export"),
        ({"labels.txt": b""}, "nor model.json", "the folder that contains saved_model.pb"),
    ],
)
def test_a_folder_of_another_kind_is_told_what_it_holds(
    cache: Cache, reporter: Silent, tmp_path: Path, files: dict[str, bytes], what: str, hint: str
) -> None:
    folder = a_model(tmp_path / "x", files)
    with pytest.raises(SourceError, match=r"holds neither saved_model\.pb nor model\.json") as caught:
        obtain(str(folder), cache=cache, reporter=reporter)
    assert what in caught.value.what
    assert hint in caught.value.hint
    assert caught.value.where == str(folder)


def test_importing_the_stage_imports_nothing_heavy() -> None:
    program = f"import sys, onthefly_studio.sources; print(set('{HEAVY}'.split()) & set(sys.modules))"
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert output.strip() == "set()"
