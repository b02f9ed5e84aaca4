"""The commands that need nothing but the wheel, on a Linux that refuses what Windows does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from onthefly_studio.cache import Cache, sha256_tree
from onthefly_studio.graph import model as graph_model
from tests.support import graphs, projects
from tests.support.hubserver import HubServer
from tests.support.patience import PATIENCE_S
from tests.support.processes import PYTHON_PATH
from tests.support.windows import LIKE_WINDOWS

TIMED = "metadata.json"
COMMANDS = [
    (0, ["build"]),
    (0, ["build"]),
    (0, ["look at"]),
    (0, ["build", "--title", "Größe … 猫"]),
    (0, ["look at"]),
    (0, ["inspect"]),
    (0, ["train", "photos", "--out", "project.zip", "--epochs", "2"]),
    (0, ["train", "photos", "--out", "project.zip", "--epochs", "2"]),
    (0, ["verify", "project.zip", "--embed"]),
    (0, ["predict", "project.zip", "photos/Cat/1.jpg"]),
    (3, ["predict", "project.zip", "photos/Cat/1.jpg", "photos/Cat/none.png"]),
    (0, ["evaluate", "project.zip", "photos"]),
    (0, ["build", "--starter", "project.zip", "--out", "started"]),
    (0, ["build", "--backbone", "graph.tar.gz", "--out", "packed"]),
    (0, ["build", "--backbone", "{hub}/archive.tar.gz", "--out", "fetched"]),
    (0, ["build", "--backbone", "{hub}/graph/", "--out", "by file"]),
    (0, ["new", "begun", "--wheel", "https://x.example/a.whl#sha256=" + "0" * 64]),
    (0, ["cache"]),
]
"""What each ends with. Looked at is a page of a server that runs all along."""
PROGRAM = """
import json, sys
from pathlib import Path
from urllib.request import urlopen
sys.modules.update(dict.fromkeys(("tensorflow", "tensorflowjs", "tensorflow_hub", "tf_keras")))
from onthefly_studio import cli
from onthefly_studio.site.server import serve
server = None
for status, arguments in json.loads(sys.argv[1]):
    if arguments == ["look at"]:
        server = server or serve(Path("dist"))
        print(urlopen(server.url).read().decode().partition("</title>")[0][-8:])
        continue
    sys.argv = ["onthefly", *arguments]
    print("=", *arguments)
    try:
        cli.main()
        ended = 0
    except SystemExit as error:
        ended = error.code or 0
    if ended != status:
        sys.exit(f"{arguments} ended with {ended}")
"""


def make(root: Path) -> None:
    """A folder with settings, a graph and photographs, one of which is none."""
    graph = graphs.network(graphs.mean("pooled", "conv"), axes=np.array([1, 2]))
    (placeholder,) = (node for node in graph.nodes if node["op"] == "Placeholder")
    sizes = [{"size": size} for size in ("-1", "224", "224", "3")]
    placeholder["attr"]["shape"] = {"shape": {"dim": sizes}}
    (root / "graph").mkdir(parents=True)
    graph_model.write(graph, root / "graph")
    with tarfile.open(root / "graph.tar.gz", "w:gz") as tar:
        tar.add(root / "graph", "graph")
    (root / "site.toml").write_text('backbone = "graph"\nclasses = ["Straße", "猫"]\n', "utf-8")
    for number, name in enumerate(
        ["Cat/1.jpg", "Cat/B.jpg", "Cat/a.jpg", "dog/1.jpg", "dog/Z.jpg", "dog/y.jpg"]
    ):
        (root / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "photos" / name).write_bytes(projects.jpeg(number, (32, 32)))
    (root / "photos" / "Cat" / "none.png").write_bytes(b"none")


def run(root: Path, before: str, cache: Cache, encoding: str) -> str:
    make(root)
    files = {f"/graph/{file.name}": file for file in (root / "graph").iterdir()}
    with HubServer({**files, "/archive.tar.gz": root / "graph.tar.gz"}) as hub:
        return _run(root, before, cache, encoding, json.dumps(COMMANDS).replace("{hub}", hub.url("")))


def _run(root: Path, before: str, cache: Cache, encoding: str, commands: str) -> str:
    done = subprocess.run(
        [sys.executable, "-X", "warn_default_encoding", "-c", before + PROGRAM, commands],
        cwd=root,
        env={
            **os.environ,
            "PYTHONPATH": PYTHON_PATH,
            "ONTHEFLY_CACHE": str(cache.root),
            "PYTHONIOENCODING": encoding,
        },
        capture_output=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, (done.stderr + done.stdout).decode(encoding)
    return done.stdout.decode(encoding)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="what is open is seen on Linux")
def test_the_same_site_and_project(cache: Cache, tmp_path: Path) -> None:
    run(tmp_path / "plain", "", cache, "utf-8")
    shown = run(tmp_path / "windows", LIKE_WINDOWS, Cache(tmp_path / "cache"), "cp437")
    assert "Größe \\u2026 \\u732b" in shown
    assert "the-Fly\n" in shown and " \\u732b\n" in shown, "the server has shown the site before and after"
    plain, windows = (tmp_path / name for name in ("plain", "windows"))
    assert (windows / "dist" / "SHA256SUMS").read_bytes() == (plain / "dist" / "SHA256SUMS").read_bytes()
    assert sha256_tree(windows / "begun") == sha256_tree(plain / "begun")
    with zipfile.ZipFile(windows / "project.zip") as one, zipfile.ZipFile(plain / "project.zip") as other:
        assert one.namelist() == other.namelist()
        for name in set(one.namelist()) - {TIMED, "project.json"}:
            assert one.read(name) == other.read(name), name
    assert sorted(path.name for path in windows.iterdir()) == sorted(path.name for path in plain.iterdir())
