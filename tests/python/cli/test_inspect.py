"""`onthefly inspect`: what it shows of a whole site, and that damage is named and never a crash."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

from onthefly_studio.cli.inspect import command
from onthefly_studio.graph import model as graph_model
from onthefly_studio.inspection import BYTE_KINDS, inspect
from onthefly_studio.pipeline import Built
from tests.support import graphs
from tests.support.commands import invoked
from tests.support.processes import PYTHON_PATH


def shown(*arguments: object) -> Result:
    return invoked(command, *arguments)


def told(*arguments: object) -> dict[str, Any]:
    """The JSON, which stands alone on the standard output also where the command fails."""
    said: dict[str, Any] = json.loads(shown(*arguments, "--json").stdout)
    return said


@pytest.fixture
def dist(site: Callable[..., Built], tmp_path: Path) -> Path:
    """A copy of a built site that a test may damage."""
    return Path(shutil.copytree(site("embedded").out, tmp_path / "dist"))


def graph_of(dist: Path) -> Path:
    record = json.loads((dist / "site.json").read_text())
    return dist / record["model"]["graph"]["url"]


def test_all_that_a_site_says_of_itself_is_shown(dist: Path) -> None:
    result = shown(dist)
    assert result.exit_code == 0, result.output
    record = json.loads((dist / "site.json").read_text())
    backbone = record["backbone"]
    for part in (
        "built by onthefly",
        ", as it was built",
        record["title"],
        ", ".join(record["classes"]),
        "float16",
        backbone["name"],
        backbone["trainedOn"],
        backbone["sha256"],
        backbone["trust"],
        "1,024",
        "_FusedConv2D",
        "BiasAdd",
        "on webgpu",
        "scene 1",
        "seed",
        "intact",
    ):
        assert part in result.stdout, part


def test_the_json_is_a_structure_that_stays(dist: Path) -> None:
    said = told(dist)
    assert sorted(said) == [
        *("backbone", "bytes", "check", "classes", "features", "fit", "folder", "format", "generator"),
        *("graph", "head", "integrity", "kind", "lang", "ok", "precision", "problems", "title"),
    ]
    record = json.loads((dist / "site.json").read_text())
    assert (said["format"], said["kind"], said["ok"], said["problems"]) == (1, "site", True, [])
    assert said["backbone"] == record["backbone"]
    assert said["head"] == record["head"]
    assert said["fit"] == record["preprocess"]["fit"]
    assert said["integrity"] == {"ok": True, "listed": True, "changed": [], "missing": [], "extra": []}
    assert all(row["passed"] for row in said["check"])
    assert len(said["check"]) == len(record["check"])


def test_the_graph_is_counted_from_its_files(dist: Path) -> None:
    """Against the files themselves, read here by other means."""
    said = told(dist)["graph"]
    document = json.loads(graph_of(dist).read_text())
    ops = [node["op"] for node in document["modelTopology"]["node"]]
    assert said["ops"] == {op: ops.count(op) for op in ops if op != "Const"}
    assert said["constants"] == ops.count("Const")
    specs = [spec for group in document["weightsManifest"] for spec in group["weights"]]
    floats = [int(np.prod(spec["shape"])) for spec in specs if spec["dtype"] == "float32"]
    assert said["parameters"] == sum(floats)
    assert sum(said["stored"].values()) == sum(int(np.prod(spec["shape"])) for spec in specs)
    fused = [node for node in document["modelTopology"]["node"] if "fused_ops" in node["attr"]]
    assert sum(said["fused"].values()) == len(fused)
    assert set(said["bias_ranks"]) == {"1"}
    assert said["portability"] == {name: [] for name in ("wasm", "webgpu", "webgl", "cpu")}
    assert said["features"] == 1024


def test_bytes_are_those_of_the_files(dist: Path) -> None:
    said = told(dist)["bytes"]
    assert list(said) == sorted(BYTE_KINDS)
    files = [path for path in dist.rglob("*") if path.is_file() and path.name != "SHA256SUMS"]
    assert sum(share["files"] for share in said.values()) == len(files)
    assert sum(share["bytes"] for share in said.values()) == sum(path.stat().st_size for path in files)
    graph = graph_of(dist)
    packed = len(gzip.compress(graph.read_bytes(), 6))
    assert said["graph"]["files"] == 1
    assert said["graph"]["bytes"] == graph.stat().st_size
    assert abs(said["graph"]["gzip"] - packed) < 64  # the header may differ
    shards = list(graph.parent.glob("weights-*.bin"))
    assert said["weights"]["files"] == len(shards)
    assert said["weights"]["bytes"] == sum(path.stat().st_size for path in shards)
    assert said["wasm"]["files"] == 2
    assert said["page"]["bytes"] >= (dist / "index.html").stat().st_size


def test_a_site_that_was_touched_is_told_file_by_file(dist: Path) -> None:
    (dist / "index.html").write_text("defaced")
    (dist / "golden.bin").unlink()
    (dist / "assets" / "extra.js").write_text("left behind")
    held = told(dist)["integrity"]
    assert held == {
        "ok": False,
        "listed": True,
        "changed": ["index.html"],
        "missing": ["golden.bin"],
        "extra": ["assets/extra.js"],
    }
    result = shown(dist)
    assert result.exit_code == 1
    assert "NOT as it was built" in result.stdout
    for name in ("index.html", "golden.bin", "assets/extra.js"):
        assert name in result.stdout
    assert "1 changed, 1 missing, 1 extra" in result.stderr
    assert "mend:" in result.stderr


@pytest.mark.parametrize("lost", ["SHA256SUMS", "site.json", "graph", "shard"])
def test_a_site_that_lost_a_file_is_still_a_site(dist: Path, lost: str) -> None:
    graph = graph_of(dist)
    path = {"graph": graph, "shard": graph.with_name("weights-00.bin")}.get(lost, dist / lost)
    path.unlink()
    result = shown(dist)
    assert result.exit_code == 1
    assert "NOT as it was built" in result.stdout
    assert path.name in result.stdout


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"generator": "onthefly 0", "backbone": 7, "check": "x", "head": [], "classes": {}, "model": []}',
        '{"generator": "onthefly 0", "check": [1, {"error": NaN, "limit": 1}, {"error": "x"}]}',
        '{"generator": "onthefly 0", "model": {"graph": {"url": "../../../../etc/passwd"}}}',
        '{"generator": "onthefly 0", "model": {"graph": {"url": ["x"]}}}',
        "[" * 100_000,
    ],
    ids=["empty", "cut", "a list", "null", "other types", "NaN", "a path out", "no url", "endless"],
)
def test_a_damaged_site_json_is_reported(dist: Path, text: str) -> None:
    (dist / "site.json").write_text(text)
    result = shown(dist, "--json")
    assert result.exit_code == 1, result.output
    assert "1 changed" in result.stderr
    assert "NaN" not in result.stdout
    said = json.loads(result.stdout)
    assert not any(row["passed"] for row in said["check"])
    assert said["graph"]["features"] == 1024, "what else there is is shown all the same"


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.pop("weightsManifest"),
        lambda d: d.update(weightsManifest=[{}]),
        lambda d: d.update(weightsManifest=[{"paths": ["../../site.json"], "weights": []}]),
        lambda d: d["weightsManifest"][0]["weights"][0].update(shape=[-1]),
        lambda d: d["weightsManifest"][0]["weights"][0].update(shape=["x"]),
        lambda d: d["modelTopology"].update(node=[{"op": "Add"}]),
        lambda d: d["modelTopology"].update(node=7),
        lambda d: d.update(signature={"outputs": {"a": {"tensorShape": {"dim": [{"size": "many"}]}}}}),
    ],
    ids=["no manifest", "an empty group", "a path out", "size -1", "no size", "a bare node", "7", "width"],
)
def test_a_damaged_graph_is_reported(dist: Path, change: Callable[[dict[str, Any]], object]) -> None:
    graph = graph_of(dist)
    document = json.loads(graph.read_text())
    change(document)
    graph.write_text(json.dumps(document))
    result = shown(dist)
    assert result.exit_code == 1, result.output
    assert "model.json" in result.stdout
    assert isinstance(result.exception, SystemExit)


def test_nothing_in_a_site_steers_the_terminal(dist: Path) -> None:
    record = json.loads((dist / "site.json").read_text())
    record["title"] = "\x1b[2Jcleared\r\n\u202eright to left"
    record["backbone"]["name"] = "\x07bell"
    (dist / "site.json").write_text(json.dumps(record))
    (dist / "\x1b[31m").write_text("")
    output = shown(dist).output
    assert not [char for char in output if not char.isprintable() and char != "\n"]
    assert "cleared" in output


def test_sums_that_name_a_file_elsewhere_do_not_have_it_read(dist: Path) -> None:
    outside = dist.parent / "secret"
    outside.write_text("secret")
    with (dist / "SHA256SUMS").open("a") as sums:
        sums.write(f"{'0' * 64}  ../secret\n")
    assert told(dist)["integrity"]["missing"] == ["../secret"]


def test_a_bare_graph_model_with_what_backends_make_of_it(tmp_path: Path) -> None:
    graph_model.write(
        graphs.convolution(np.array(3, np.float32), ops=("BiasAdd", "_FusedHardSwish")), tmp_path
    )
    (tmp_path / "unrelated").write_text("not the model's")
    result = shown(tmp_path)
    assert result.exit_code == 0, result.output
    assert "a TensorFlow.js graph model" in result.stdout
    said = told(tmp_path)
    assert (said["kind"], said["ok"], said["integrity"]) == ("graph model", True, None)
    assert said["graph"]["ops"] == {"Identity": 1, "Placeholder": 1, "_FusedConv2D": 1}
    assert said["graph"]["fused"] == {"BiasAdd+_FusedHardSwish": 1}
    assert said["graph"]["bias_ranks"] == {"0": 1}
    assert said["graph"]["parameters"] == 7
    wasm, cpu = (" ".join(said["graph"]["portability"][name]) for name in ("wasm", "cpu"))
    assert "rank 0" in wasm
    assert "rank 0" not in cpu
    assert "_FusedHardSwish" in cpu
    assert said["bytes"]["other"]["files"] == 0


def test_weights_in_eight_bits_count_as_parameters(tmp_path: Path) -> None:
    model = graphs.convolution(np.zeros(3))
    kernel = model.weights["kernel"]
    model.weights["kernel"] = np.full(kernel.shape, 127, np.uint8)
    model.affine["kernel"] = graph_model.Affine(1 / 127, -1.0)
    graph_model.write(model, tmp_path)
    said = told(tmp_path)["graph"]
    assert said["stored"] == {"uint8": 6, "float32": 3}
    assert said["parameters"] == 9


def test_a_broken_graph_model_is_reported(tmp_path: Path) -> None:
    graph_model.write(graphs.convolution(np.zeros(3)), tmp_path)
    (tmp_path / "weights-00.bin").write_bytes(b"short")
    result = shown(tmp_path)
    assert result.exit_code == 1
    assert "cannot be read" in result.output
    assert "mend:" in result.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such folder"),
        ({}, "no site.json"),
        ({"site.json": '{"generator": "another 1"}'}, "neither"),
        ({"model.json": "{"}, "model.json cannot be read"),
        ({"model.json": '{"format": "layers-model"}'}, "not a TensorFlow.js graph model"),
        ({"model.json": "[]"}, "not a TensorFlow.js graph model"),
    ],
)
def test_what_is_neither_is_refused_with_what_is_accepted(
    content: dict[str, str] | None, said: str, tmp_path: Path
) -> None:
    folder = tmp_path / "x"
    if content is not None:
        folder.mkdir()
        for name, text in content.items():
            (folder / name).write_text(text)
    result = shown(folder)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert said in result.stderr
    assert "built site" in result.stderr
    assert "graph model" in result.stderr


def test_a_file_is_refused_with_what_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "project.zip").write_bytes(b"PK\x03\x04")
    result = shown(tmp_path / "project.zip")
    assert result.exit_code == 2
    assert "This is a file" in result.stderr
    assert "the folder of a built site" in result.stderr


def test_a_file_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "model.json").open("wb") as file:
        file.truncate(65 << 20)  # sparse: it takes no room
    assert "larger than 64 MiB" in shown(tmp_path).stderr
    graph_model.write(graphs.convolution(np.zeros(3)), tmp_path)
    monkeypatch.setattr("onthefly_studio.inspection._MAX_MODEL_BYTES", 1000)
    (problem,) = inspect(tmp_path).problems
    assert "more than any MobileNet" in problem


def test_it_loads_neither_tensorflow_nor_a_network_library(dist: Path) -> None:
    script = (
        f"import sys; sys.argv = ['onthefly', 'inspect', {str(dist)!r}]\n"
        "from onthefly_studio.cli import cli; cli.main(standalone_mode=False)\n"
        "heavy = {'tensorflow', 'tensorflowjs', 'tf_keras', 'requests'}\n"
        "print('imported:', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": PYTHON_PATH},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.endswith("imported: []\n")
