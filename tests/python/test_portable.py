"""What holds on Windows and macOS too, as far as it can be seen from elsewhere."""

from __future__ import annotations

import ast
import json
import ntpath
import os
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath

import pytest

from onthefly_studio import cli, file_system, inspection
from onthefly_studio.cache import Cache
from onthefly_studio.cli import build as build_command
from onthefly_studio.config import load
from onthefly_studio.errors import ConfigError, ConversionError
from onthefly_studio.graph import foreign
from onthefly_studio.graph import model as graph_model
from onthefly_studio.new import _file_at
from onthefly_studio.project import folders
from onthefly_studio.site import publish, server
from onthefly_studio.sources import archive, folder, graph_url, url
from tests.python.site.test_publish import fill
from tests.support import projects

PACKAGE = Path(cli.__file__).parents[1]
READS = {"open", "read_text", "write_text"}


def calls() -> Iterator[tuple[str, ast.Call, str]]:
    """Every call of a method or function in the package: its place, itself, its name."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = str(getattr(node.func, "attr", getattr(node.func, "id", "")))
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", node, name


def test_text_is_read_and_written_in_one_encoding_and_with_one_end_of_lines() -> None:
    """What ruff knows of it (PLW1514) is not stable yet, and nothing of line ends."""
    wrong, seen = [], set()
    for place, call, name in calls():
        given = {keyword.arg for keyword in call.keywords}
        first = ast.unparse(call.args[0]) if call.args else ""
        owner = ast.unparse(call.func).partition(".")[0]
        if name == "read_text":
            fine = bool(call.args) or "encoding" in given
        elif name == "write_text":
            fine = (len(call.args) > 1 or "encoding" in given) and "newline" in given
        elif name == "open" and owner not in ("webbrowser", "tarfile", "Image"):
            mode = first.strip("'") or "r"
            fine = "b" in mode or ("encoding" in given and ("r" in mode or "newline" in given))
            fine |= "site.open" in ast.unparse(call.func)
        elif name in ("run", "Popen") and owner == "subprocess":
            fine = not given & {"text", "universal_newlines"}
        else:
            continue
        seen.add(name)
        if not fine:
            wrong.append(f"{place}: {ast.unparse(call)[:80]}")
    assert wrong == []
    assert {*READS, "run", "Popen"} <= seen


# Names


@pytest.mark.parametrize(
    ("name", "fine"),
    [
        ("group1-shard1of3.bin", True),
        (".git", True),
        ("Größe 猫.bin", True),
        ("console.txt", True),
        ("com10", True),
        ("", False),
        (".", False),
        ("..", False),
        ("a/b", False),
        ("a\\b", False),
        ("C:evil", False),
        ("a:stream", False),
        ("a.", False),
        ("a ", False),
        ("what?", False),
        ("a\nb", False),
        ("nul", False),
        ("CON", False),
        ("aux.bin", False),
        ("Com1.tar.gz", False),
        ("NUL .txt", False),
    ],
)
def test_names_that_hold_on_every_system(name: str, fine: bool) -> None:
    assert file_system.is_portable(name) is fine


def test_a_list_of_sums_names_nothing_outside_on_any_system(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    names = ["a", "/etc/passwd", "../a", "C:a", "C:/windows/win.ini", "\\\\server\\share\\a", "b\\..\\..\\a"]
    (tmp_path / publish.SUMS).write_text("".join(f"{'0' * 64}  {name}\n" for name in names))
    assert publish.files(tmp_path) == ["a"]
    assert [name for name in names if publish._is_inside(name)] == ["a"]


@pytest.mark.parametrize("name", ["CON", "nul.bin", "a:b", "../a", ".a", "a?"])
def test_a_graph_names_no_device_for_its_weights(name: str, tmp_path: Path) -> None:
    manifest = [{"paths": [name], "weights": []}]
    document = {"format": "graph-model", "modelTopology": {"node": []}, "weightsManifest": manifest}
    (tmp_path / "model.json").write_text(json.dumps(document))
    with pytest.raises(ConversionError, match=r"only plain (file )?names"):
        graph_model.read(tmp_path)
    with pytest.raises(ConversionError, match=r"only plain names"):
        foreign.weight_groups(document, "here")
    assert inspection._shards(document) == []


@pytest.mark.parametrize("name", ["nul", "a.", "a%20", "a:b", "a::$DATA", "GIT~1", "WELL-K~1.TXT", "aux.js"])
def test_the_server_asks_windows_for_plain_names_only(name: str) -> None:
    assert server._segments(f"/{name}/config", on_windows=True) is None
    assert server._segments(f"/{name}", on_windows=False) is not None
    assert server._segments("/assets/app.123.js", on_windows=True) == ["assets", "app.123.js"]
    assert server._segments("/long name~1.txt", on_windows=True) == ["long name~1.txt"]


@pytest.mark.parametrize(
    "value",
    [
        *("C:\\models\\mobilenet", "C:/models/mobilenet.tar.gz", "c:mobilenet", "D://models"),
        *("\\\\server\\share\\model", "//server/share/model.tgz"),
    ],
)
def test_a_drive_is_no_address(value: str) -> None:
    assert not url.takes(value)
    assert not graph_url.takes(value)
    assert not archive.takes(value)  # nothing is there
    assert not folder.takes(value)


def test_a_path_of_windows_in_the_settings(tmp_path: Path) -> None:
    def hint(line: str) -> str:
        (tmp_path / "site.toml").write_text(line + "\n")
        with pytest.raises(ConfigError) as caught:
            load(tmp_path / "site.toml", {})
        return str(caught.value.hint)

    # No escape; an escape of another character; one that is a tab, and one that is a new line.
    for path in (r"C:\models", r"C:\Users\me", r"C:\temp", r"D:\new", r"\\server\share"):
        assert "single quotes" in hint(f'backbone = "{path}"'), path
    assert "single quotes" not in hint("backbone = ")
    (tmp_path / "site.toml").write_text("backbone = 'C:\\temp\\model'\nout = \"C:/sites\"\n")
    settings = load(tmp_path / "site.toml", {})
    assert (settings.backbone, settings.out) == ("C:\\temp\\model", "C:/sites")


def test_a_site_on_another_drive(monkeypatch: pytest.MonkeyPatch) -> None:
    out = Path("/elsewhere/dist")
    monkeypatch.setattr(os.path, "relpath", lambda path: ntpath.relpath("D:\\dist", "C:\\here"))
    assert build_command._from_here(out) == out
    monkeypatch.undo()
    assert build_command._from_here(Path.cwd() / "dist") == Path("dist")


def test_the_wheel_at_an_address_of_windows() -> None:
    nturl2path = pytest.importorskip("nturl2path", reason="a later Python than 3.14")

    def named(address: str) -> str:
        return str(_file_at(address, nturl2path.url2pathname))

    assert named("file:///C:/Users/me/a%20wheel-%2525.whl") == "C:\\Users\\me\\a wheel-%25.whl"
    assert named("file://server/share/a.whl") == "\\\\server\\share\\a.whl"
    assert _file_at("file:///tmp/a%2520b.whl") == Path("/tmp/a%20b.whl")


def test_pictures_are_taken_in_one_order(tmp_path: Path) -> None:
    """Paths of Windows are sorted without regard to case."""
    names = ["a.jpg", "B.jpg", "Z.jpg", "b.jpg"]
    paths = [PureWindowsPath("C:/photos", name) for name in names]
    assert [path.name for path in sorted(paths)] == ["a.jpg", "B.jpg", "b.jpg", "Z.jpg"]
    assert [path.name for path in folders._in_order(paths)] == ["B.jpg", "Z.jpg", "a.jpg", "b.jpg"]  # type: ignore[arg-type]
    own = [tmp_path / name for name in ["b/1", "b.jpg", "A.jpg", "a b/1", "a/2"]]
    assert folders._in_order(own) == sorted(own, key=lambda path: path.as_posix().split("/"))


def test_folders_that_are_not_numbered_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.jpg").write_bytes(projects.jpeg(0))
    stat = Path.stat

    def unnumbered(self: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        found = list(stat(self, follow_symlinks=follow_symlinks))
        found[1] = 0
        return os.stat_result(found)

    monkeypatch.setattr(Path, "stat", unnumbered)
    assert {name: len(files) for name, files in folders.sort_out(tmp_path).classes.items()} == {
        "cat": 1,
        "dog": 1,
    }


@pytest.mark.parametrize("name", ["desktop.ini", "Thumbs.db", ".DS_Store"])
def test_what_desktops_leave_is_in_nobodys_way(name: str, tmp_path: Path, cache: Cache) -> None:
    for place in ("cache", "dist"):
        (tmp_path / place).mkdir()
        (tmp_path / place / name).touch()
    assert Cache(tmp_path / "cache").foreign() == []
    with publish.replacing(tmp_path / "dist", cache) as fresh:
        fill(fresh, "new")
    assert (tmp_path / "dist" / name).exists()
