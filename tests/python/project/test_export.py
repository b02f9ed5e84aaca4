"""One model in every format: loaded again it predicts what the reference does; else nothing is written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onthefly_studio.cache import Cache
from onthefly_studio.contract import EXPORT_FORMATS, ExportFormat, Precision
from onthefly_studio.errors import CheckFailed, ConfigError, ConversionError, OutputError
from onthefly_studio.graph import model as graph_model
from onthefly_studio.graph.convert import Converted, convert
from onthefly_studio.graph.model import GraphModel
from onthefly_studio.graph.portability import require_portable
from onthefly_studio.places import PROJECT_ROOT
from onthefly_studio.project.embed import find_model
from onthefly_studio.project.export import export as export_stage
from onthefly_studio.project.export.export import compare, export, require_within
from onthefly_studio.project.export.whole_model import append_head
from onthefly_studio.project.format.model import Project
from onthefly_studio.reference import golden
from onthefly_studio.reference.head import NAMES
from onthefly_studio.report import Silent
from onthefly_studio.sources import obtain
from tests.support import projects, tensorflow_scripts
from tests.support.node import evaluate
from tests.support.projects import of_backbone
from tests.support.tfjs_files import Files


@pytest.fixture
def one_exporter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exports run in the shared worker, and do not each pay for an import of TensorFlow."""
    monkeypatch.setattr(export_stage, "run_child", tensorflow_scripts.worker().run_module)


def written(project: Project, form: ExportFormat, model: Path, out: Path) -> float:
    done = export(project, form, out, model=model, name="Test", time_stamp=projects.TIME)
    worst, logits = (max(getattr(row, key) for row in done.rows) for key in ("error", "logit_error"))
    print(f"\n{form}: probabilities at most {worst:.1e} apart, their logarithms {logits:.1e}")
    return worst


@pytest.mark.parametrize(
    ("form", "precision"),
    [("tfjs", "float16"), ("saved_model", "float16"), ("tflite", "int8"), ("keras", "int8")],
)
def test_every_format_predicts_the_same_when_loaded_again(
    form: ExportFormat,
    precision: Precision,
    converted: Callable[[str, Precision], Converted],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    if form != "tfjs":  # which is written in a process of its own, as by the command
        request.getfixturevalue("one_exporter")
    model = converted("embedded", precision)
    out = tmp_path / "deep" / "model"
    assert written(of_backbone(model, precision), form, model.folder, out) < 1e-4
    about = json.loads((out / "onthefly.json").read_text("utf-8"))
    assert about["classes"] == ["Cup", "Hand", "Bottle"]
    assert json.loads((out / "metadata.json").read_text("utf-8"))["labels"] == about["classes"]
    assert (out / "labels.txt").read_text("utf-8").split() == about["classes"]
    files = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert files - {"onthefly.json", "metadata.json", "labels.txt"} == set(about["files"])
    assert list(out.parent.iterdir()) == [out], "nothing is left beside it"


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("075", "keras"),
        ("keras-large", "keras"),
        *(pytest.param("100", form, marks=pytest.mark.long) for form in EXPORT_FORMATS),
        pytest.param("keras-large", "tflite", marks=pytest.mark.long),
    ],
)
def test_other_backbones_too(
    name: str,
    form: ExportFormat,
    converted: Callable[[str, Precision], Converted],
    tmp_path: Path,
    one_exporter: None,
) -> None:
    """Google's networks, whose graphs end and begin otherwise, and one with 1280 features."""
    model = converted(name, "float16")
    assert written(of_backbone(model), form, model.folder, tmp_path / form) < 1e-4


@pytest.mark.parametrize("form", EXPORT_FORMATS)
def test_a_graph_that_said_nothing_of_its_ends(
    form: ExportFormat, cache: Cache, tmp_path: Path, one_exporter: None, one_tensorflow: None
) -> None:
    files = Files()
    del files.document["signature"]
    del files.node("image")["attr"]["shape"]
    source = obtain(str(files.write(tmp_path / "graph")), cache=cache, reporter=Silent())
    model = convert(source, "float32", cache=cache, reporter=Silent())
    assert written(of_backbone(model), form, model.folder, tmp_path / form) < 1e-4


LOAD_ALL = """
import sys
import keras, numpy as np, tensorflow as tf

x = np.load("x.npy")
serve = tf.saved_model.load("saved_model").signatures["serving_default"]
lite = tf.lite.Interpreter("tflite/model.tflite").get_signature_runner("serving_default")
np.savez(
    "said.npz",
    saved_model=serve(image=tf.constant(x))["probabilities"].numpy(),
    tflite=lite(image=x[:1])["probabilities"],
    keras=keras.models.load_model("keras/model.keras").predict(x, verbose=0),
)
assert not any(name.split(".")[0] == "onthefly_studio" for name in sys.modules)
"""


def test_a_program_that_knows_nothing_of_us_loads_them(
    converted: Callable[[str, Precision], Converted], tmp_path: Path, one_exporter: None
) -> None:
    """Without this package, in a folder of its own; two pictures at once where the format takes them."""
    model = converted("embedded", "float16")
    project = of_backbone(model)
    for form in ("saved_model", "tflite", "keras"):
        written(project, form, model.folder, tmp_path / form)
    np.save(tmp_path / "x.npy", golden.inputs()[:2])
    env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    command = [sys.executable, "-c", LOAD_ALL]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    own = np.fromfile(model.folder / "golden.bin", "<f4").reshape(-1, model.features)[:2]
    head = project.trained_head().weights
    hidden = np.maximum(own @ head.kernel1 + head.bias1, 0)
    logits = hidden @ head.kernel2 + head.bias2
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    with np.load(tmp_path / "said.npz") as said:
        assert {form: len(said[form]) for form in said.files} == {"saved_model": 2, "tflite": 1, "keras": 2}
        for form in said.files:
            assert np.abs(said[form] - expected[: len(said[form])]).max() < 1e-4, form


def test_what_predicts_something_else_is_found() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(6, 3)) * 3
    reference = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    require_within(compare(reference.astype(np.float32), reference), "tfjs")
    for changed in (reference + np.eye(6, 3) * 2e-4, np.full_like(reference, np.nan), reference[:, ::-1]):
        with pytest.raises(ConversionError, match="predicts something else"):
            require_within(compare(changed, reference), "tfjs")
    # A plain 1 hides a logit that is wrong; its logarithm does not.
    sure = np.array([[1 - 2e-9, 1e-9, 1e-9]] * 6)
    other = np.array([[1 - 2e-6, 1e-6, 1e-6]] * 6)
    with pytest.raises(ConversionError, match="logarithms"):
        require_within(compare(other, sure), "tfjs")
    with pytest.raises(ConversionError, match="shape"):
        compare(reference[:, :2], reference)


def test_an_operation_without_a_layer_is_named_and_nothing_is_written(
    converted: Callable[[str, Precision], Converted], tmp_path: Path, one_exporter: None
) -> None:
    model = converted("embedded", "float16")
    project = of_backbone(model)
    graph = graph_model.read(model.folder)
    last = graph.node(graph.output_name)
    last["op"], last["input"] = "Maximum", [last["input"][0], last["input"][0]]
    graph_model.write(graph, tmp_path)
    with pytest.raises(ConversionError, match=r"Maximum .* has no Keras layer") as caught:
        written(project, "keras", tmp_path, tmp_path / "out")
    assert caught.value.exit_code == 4
    assert "saved_model" in str(caught.value.hint)
    assert not list(tmp_path.glob("*out*"))


def test_a_named_backbone_must_be_the_projects(
    cache: Cache, converted: Callable[[str, Precision], Converted]
) -> None:
    model = converted("embedded", "float16")
    own = of_backbone(model).backbone
    assert find_model(own, cache=cache, reporter=Silent(), source="embedded") == model.folder
    with pytest.raises(ConfigError, match=r"not the project's backbone .*: other weights"):
        find_model(projects.some_backbone(), cache=cache, reporter=Silent(), source="embedded")


def test_a_place_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    project = projects.project()
    (tmp_path / "kept.txt").write_text("kept")
    with pytest.raises(OutputError):
        written(project, "tfjs", tmp_path / "none", tmp_path)
    with pytest.raises(OutputError):
        written(project, "tfjs", tmp_path / "none", tmp_path / "kept.txt")
    with pytest.raises(CheckFailed):
        written(replace(project, head=None), "tfjs", tmp_path, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]


def test_python_and_the_page_append_the_same_nodes(tmp_path: Path) -> None:
    """`graph.ts` and `whole_model.py` on one small graph, one of whose nodes has the name `head`."""
    shape = {"dim": [{"size": "-1"}, {"size": str(projects.WIDTH)}]}
    tensors = {
        side: {side: {"dtype": "DT_FLOAT", "name": name, "tensorShape": shape}}
        for side, name in (("inputs", "x:0"), ("outputs", "head:0"))
    }
    nodes: list[dict[str, Any]] = [
        {"name": "x", "op": "Placeholder"},
        {"name": "head", "op": "Identity", "input": ["x"]},
    ]
    head = projects.project().trained_head()
    appended = append_head(GraphModel(nodes, {}, tensors), head.weights)
    require_portable(appended)
    document = {"modelTopology": {"node": nodes}, "signature": tensors, "weightsManifest": []}
    sizes = {"features": projects.WIDTH, "hidden": head.settings.hidden, "classes": len(head.classes)}
    module = PROJECT_ROOT / "site_template" / "src" / "project" / "graph.ts"
    script = (
        f"import {{ appendHead }} from {json.dumps(module.as_uri())};"
        f"const whole = appendHead({json.dumps(document)}, {json.dumps(sizes)}, 'weights.bin');"
        "console.log(JSON.stringify(whole));"
    )
    told = json.loads(evaluate(script))
    assert told["modelTopology"]["node"] == appended.nodes
    assert told["signature"] == appended.signature
    assert [weight["name"] for weight in told["weightsManifest"][0]["weights"]] == [
        f"head_/{name}" for name in NAMES
    ]
