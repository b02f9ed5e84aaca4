"""Whatever is handed over as a project: both readers say what is wrong with it, and expect everything."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import json
import os
import random
import struct
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onthefly_studio.errors import OnTheFlyError
from onthefly_studio.project.evaluate import evaluate_held_out, table
from onthefly_studio.project.format.read import read
from onthefly_studio.project.predict import of_features
from onthefly_studio.project.verify import verify
from tests.support import projects
from tests.support.commands import ended
from tests.support.processes import PYTHON_PATH

EMPTY_ZIP = b"PK\5\6" + bytes(18)
MUTANTS = 240


def nested(path: Path) -> None:
    projects.pack(path, {"project.zip": path.read_bytes()})


def locked(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("project.json", "{}")
    contents = bytearray(path.read_bytes())
    contents[6] |= 1
    contents[contents.rindex(b"PK\1\2") + 8] |= 1
    path.write_bytes(contents)


STRANGE: dict[str, Callable[[Path], Any]] = {
    "a zip without files": lambda path: path.write_bytes(EMPTY_ZIP),
    "a zip with a comment and no files": lambda path: path.write_bytes(EMPTY_ZIP[:-2] + b"\2\0hi"),
    "nothing": lambda path: path.write_bytes(b""),
    "the start of a zip": lambda path: path.write_bytes(b"PK"),
    "the half of a zip's end": lambda path: path.write_bytes(EMPTY_ZIP[:12]),
    "a picture": lambda path: path.write_bytes(projects.jpeg()),
    "a text": lambda path: path.write_text("hello"),
    "JSON": lambda path: path.write_text("{}"),
    "a project in a zip": nested,
    "a zip with a password": locked,
    "a project whose JSON is a number": lambda path: projects.pack(path, {"project.json": b"5"}),
    "a project whose JSON is deep": lambda path: projects.pack(path, {"project.json": b"[" * 100_000}),
    "a project whose JSON is no UTF-8": lambda path: projects.pack(path, {"project.json": b'"\xff"'}),
    "a project in UTF-16": lambda path: projects.pack(path, {"project.json": "{}".encode("utf-16")}),
}
COMMANDS: dict[str, Callable[[Path, Path], tuple[object, ...]]] = {
    "verify": lambda file, _: ("verify", file),
    "predict": lambda file, here: ("predict", file, here / "Cup" / "1.jpg"),
    "evaluate": lambda file, here: ("evaluate", file, here),
    "evaluate --held-out": lambda file, _: ("evaluate", file, "--held-out", 0.3),
    "export": lambda file, here: ("export", file, "--format", "tfjs", "--out", here / "model"),
    "inspect": lambda file, _: ("inspect", file),
    "build --head": lambda file, here: (
        *("build", "--head", file, "--backbone", "embedded", "--offline", "--out", here / "dist"),
    ),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_what_is_wrong(command: str, good_project: Path, tmp_path: Path) -> None:
    (tmp_path / "Cup").mkdir()
    (tmp_path / "Cup" / "1.jpg").write_bytes(projects.jpeg())
    before = sorted(tmp_path.rglob("*"))
    file = tmp_path.with_suffix(".zip")
    for what, make in STRANGE.items():
        file.write_bytes(good_project.read_bytes())
        make(file)
        code, message = ended(*COMMANDS[command](file, tmp_path))
        assert code in (2, 3), (what, code, message)
        assert str(file) in message or "project.json" in message, (what, message)
    assert ended(*COMMANDS[command](tmp_path, tmp_path))[0] == 2
    assert sorted(tmp_path.rglob("*")) == before


def test_the_page_says_it_too(good_project: Path, tmp_path: Path) -> None:
    files = []
    for number, make in enumerate(STRANGE.values()):
        files.append(tmp_path / f"{number}.zip")
        files[-1].write_bytes(good_project.read_bytes())
        make(files[-1])
    for what, told in zip(STRANGE, projects.unpacked_by_the_page(files), strict=True):
        assert told.get("code") in ("not-a-project", "damaged"), (what, told)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.zip")
    code, message = ended("verify", tmp_path / "pipe.zip")
    assert code == 2
    assert "a pipe or a device" in message


def test_a_name_that_the_terminal_cannot_write_is_no_bug_of_ours(good_project: Path, tmp_path: Path) -> None:
    file = projects.pack(tmp_path / "p.zip", projects.members(good_project))
    projects.alter(file, {"project.json": lambda told: told["classes"][0].update(name="空")})
    done = subprocess.run(
        [sys.executable, "-m", "onthefly_studio", "evaluate", str(file), "--held-out", "0.3"],
        env={**os.environ, "PYTHONPATH": PYTHON_PATH, "PYTHONIOENCODING": "cp1252"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "\\u7a7a" in done.stdout


# What chance makes of a good project

VALUES: list[Any] = [
    *(None, True, False, -1, 0, 1, 2, 5, 24, 1.5, 1e308, 1e-320, 2**31, 2**53, 2**53 + 1, 2**64, 10**400),
    *(float("nan"), float("inf"), "", "x", "x" * 300, "\ud800", "\0", "c1", "../x", " ", "é" * 200),
    *([], {}, [[]]),
]


def with_other_bytes(rng: random.Random, contents: bytes) -> bytes:
    """The zip with some bytes changed, most of them in its directory."""
    changed = bytearray(contents)
    directory = struct.unpack_from("<I", changed, len(changed) - 6)[0]
    headers = [at for at in range(directory) if changed[at : at + 4] == b"PK\3\4"]
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        where = [rng.randrange(directory, len(contents)), rng.choice(headers) + rng.randrange(50)]
        at = min(rng.choice([where[0], where[0], where[1], rng.randrange(len(contents))]), len(changed) - 1)
        kind = rng.randrange(10)
        if kind < 4:
            changed[at] ^= 1 << rng.randrange(8)
        elif kind < 8:
            changed[at] = rng.choice([0, 1, 255, 127, 128, 47, 92])
        elif kind < 9:
            number = rng.choice([0, 1, 2**32 - 1, 2**31, rng.randrange(2**32)])
            changed[at : at + 4] = struct.pack("<I", number)
        else:
            del changed[at : at + rng.randrange(1, 40)]
    return bytes(changed[: rng.randrange(len(changed))] if rng.random() < 0.1 else changed)


def places(told: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    keys = list(told) if isinstance(told, dict) else range(len(told)) if isinstance(told, list) else ()
    for key in keys:
        yield (*before, key)
        yield from places(told[key], (*before, key))


def with_other_json(rng: random.Random, files: dict[str, bytes]) -> dict[str, bytes]:
    """The project with a value in its JSON exchanged, removed, added or doubled; its checksums right."""
    name = rng.choice(["project.json", "project.json", "head.json", "head.json", "metadata.json"])
    told = json.loads(files[name])
    # As often a place near the top as one of the hundreds in a list of photos.
    top = [(key,) for key in told]
    *path, last = rng.choice([rng.choice(top), rng.choice(list(places(told)))])
    inner = told
    for key in path:
        inner = inner[key]
    kind = rng.randrange(10)
    if kind < 7:
        inner[last] = rng.choice(VALUES)
    elif kind < 8:
        del inner[last]
    elif isinstance(inner, list):
        inner.append(copy.deepcopy(inner[last]))
    else:
        inner[rng.choice(["x", "__proto__", "\ud800", ""])] = 1
    contents = json.dumps(told).encode()
    if rng.random() < 0.1:
        at = rng.randrange(len(contents))
        contents = contents[:at] + bytes([rng.randrange(256)]) + contents[at + 1 :]
    return rehashed(files, name, contents)


def with_other_floats(rng: random.Random, files: dict[str, bytes]) -> dict[str, bytes]:
    name = rng.choice(["features.f32", "head.f32", "trace.f32"])
    values = np.frombuffer(files[name], "<f4").copy()
    for _ in range(rng.choice([1, 5, len(values)])):
        values[rng.randrange(len(values))] = rng.choice([0, 1e38, -3.4e38, 1e-45, 1])
    return rehashed(files, name, values.tobytes())


def rehashed(files: dict[str, bytes], name: str, contents: bytes) -> dict[str, bytes]:
    changed = {**files, name: contents}
    if name != "project.json":
        told = json.loads(files["project.json"])
        told["files"][name] = hashlib.sha256(contents).hexdigest()
        changed["project.json"] = json.dumps(told).encode()
    return changed


def mutants(good_project: Path, into: Path) -> list[Path]:
    rng = random.Random(18)
    files = projects.members(good_project)
    sources = [
        good_project.read_bytes(),
        projects.pack(into / "deflated", files, zipfile.ZIP_DEFLATED).read_bytes(),
    ]
    made = []
    for number in range(MUTANTS):
        made.append(into / f"{number}.zip")
        kind = number % 10
        if kind < 5:
            made[-1].write_bytes(with_other_bytes(rng, rng.choice(sources)))
        else:
            change = with_other_json if kind < 9 else with_other_floats
            projects.pack(made[-1], change(rng, files))
    return made


def use(file: Path) -> None:
    """What the commands do with a project that could be read."""
    project = read(file, tolerate_altered=True)
    head = project.head
    if head and head.settings.hidden < 100 and head.settings.epochs < 50:  # the others only take long
        json.dumps(verify(project).as_json())
        of_features(project, project.features[:3])
    if project.settings.hidden < 100 and project.settings.epochs < 50:
        table(evaluate_held_out(project, 0.3))


def test_both_readers_refuse_the_same_and_foresee_everything(good_project: Path, tmp_path: Path) -> None:
    files = mutants(good_project, tmp_path)
    taken = 0
    for file, page in zip(files, projects.unpacked_by_the_page(files), strict=True):
        assert "unforeseen" not in page, (file, page)
        refusal = ""
        try:
            read(file)
        except OnTheFlyError as error:
            refusal = error.message
        assert bool(refusal) == ("code" in page), (file, refusal, page)
        with contextlib.suppress(OnTheFlyError), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            use(file)
        taken += not refusal
    assert MUTANTS / 20 < taken < MUTANTS / 2  # else the changes are too many or too few to tell anything
