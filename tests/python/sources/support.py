"""What tests of sources share: a module as the Hub serves it, and what is left in the cache."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from onthefly_studio.cache import Cache
from onthefly_studio.sources import auto
from onthefly_studio.sources import hub as hub_source
from onthefly_studio.sources.download import Limits
from onthefly_studio.sources.keras_applications import MIRROR
from tests.support.hubserver import HubServer
from tests.support.patience import PATIENCE_S

HANDLE = "/google/imagenet/mobilenet_v3_small_100_224/feature_vector/5"
KAGGLE_MODULE = "/models/google/mobilenet-v3/tensorFlow2/small-100-224-feature-vector/1"
HUB_GRAPH = "/google/tfjs-model/imagenet/mobilenet_v3_small_100_224/feature_vector/5/default/1"
KAGGLE_GRAPH = "/models/google/mobilenet-v3/tfJs/small-100-224-feature-vector/1"
FIRST, SECOND = "group1-shard1of2.bin", "group1-shard2of2.bin"
"""Shards of the graph in the fixture `files`."""
KERAS_FOLDER = "/keras-applications"
FILES = {
    "saved_model.pb": b"graph" * 1000,
    "variables/variables.index": b"index",
    "variables/data": os.urandom(200_000),
}
LIMITS = Limits(PATIENCE_S, PATIENCE_S, attempts=2, backoff_s=0.01, backoff_max_s=0.02)
HEAVY = "requests urllib3 filelock tensorflow tensorflow_hub tf_keras h5py numpy"
OBTAIN = """
import sys
from pathlib import Path
from onthefly_studio.sources import obtain
from onthefly_studio.cache import Cache
from onthefly_studio.report import Silent
source = obtain(sys.argv[2], cache=Cache(Path(sys.argv[1])), reporter=Silent())
print(source.sha256, source.saved_model, *sorted(set("HEAVY".split()) & set(sys.modules)))
"""


def in_the_place_of_every_host(monkeypatch: pytest.MonkeyPatch, url: Callable[[str], str]) -> None:
    """Let `auto` and `hub` ask another host than those of the world.

    Args:
        monkeypatch: undoes it.
        url: from a path to the address there.
    """
    monkeypatch.setattr(hub_source, "DEFAULT_HANDLE", url(HANDLE))
    monkeypatch.setattr(auto, "KAGGLE_MODULE", url(KAGGLE_MODULE))
    monkeypatch.setattr(auto, "HUB_GRAPH", url(HUB_GRAPH))
    monkeypatch.setattr(auto, "KAGGLE_GRAPH", url(KAGGLE_GRAPH))
    monkeypatch.setenv(MIRROR, url(KERAS_FOLDER))


def packed(files: dict[str, bytes] = FILES, at: str = "./") -> bytes:
    """A `.tar.gz` with a header for each folder before what is in it, as the Hub's have."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        for folder in sorted({name.rpartition("/")[0] for name in files} - {"", ".."}):
            member = tarfile.TarInfo(at + folder)
            member.type = tarfile.DIRTYPE
            tar.addfile(member)
        for name, data in files.items():
            member = tarfile.TarInfo(at + name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


MODULE = packed()
SHA256 = hashlib.sha256(MODULE).hexdigest()
OTHER = packed({"saved_model.pb": b"another"})


def files_under(folder: Path | None) -> dict[str, bytes]:
    assert folder is not None
    paths = sorted(folder.rglob("*"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths if path.is_file()}


def kept(cache: Cache) -> list[str]:
    """Everything in the cache but the locks."""
    paths = (path.relative_to(cache.root).as_posix() for path in cache.root.rglob("*") if path.is_file())
    return sorted(path for path in paths if not path.startswith("locks/"))


def a_model(folder: Path, files: dict[str, bytes] = FILES) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def lose(cache: Cache, *kinds: str) -> None:
    for kind in kinds:
        for path in sorted(cache.path(kind, "").rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()


def run(cache: Cache, value: str) -> str:
    return start(cache, value).communicate(timeout=PATIENCE_S)[0]


def start(cache: Cache, value: str, patch: str = "") -> subprocess.Popen[str]:
    command = [sys.executable, "-c", patch + OBTAIN.replace("HEAVY", HEAVY), str(cache.root), value]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def serve(hub: HubServer, folder: str, files: dict[str, bytes], query: str | None = None) -> None:
    """Put files into a folder of the server; with a query, each is there with that one only."""
    for name, data in files.items():
        hub.modules[f"{folder}/{name}"] = data
        if query is not None:
            hub.queries[f"{folder}/{name}"] = query


def asked(hub: HubServer) -> list[str]:
    return [f"{request.path}?{request.query}".rstrip("?") for request in hub.requests]


def other(files: dict[str, bytes]) -> dict[str, bytes]:
    """The same graph with other weights."""
    return {**files, FIRST: files[FIRST][::-1]}
