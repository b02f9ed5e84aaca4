"""Google's own model as a ready TensorFlow.js graph, as tfhub.dev serves it, through the whole conversion."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from onthefly_studio.cache import Cache
from onthefly_studio.contract import Precision
from onthefly_studio.graph import check
from onthefly_studio.graph.convert import Converted, convert
from onthefly_studio.report import Silent
from onthefly_studio.sources import obtain
from tests.support.hubserver import HubServer

HANDLE = "/google/tfjs-model/imagenet/mobilenet_v3_small_100_224/feature_vector/5/default/1"
"""The article's."""


@pytest.fixture
def tfhub() -> Iterator[HubServer]:
    with HubServer() as server:
        yield server


def golden_features(converted: Converted) -> check.Features:
    return np.fromfile(converted.folder / "golden.bin", "<f4").reshape(-1, converted.features)


@pytest.mark.parametrize("way", ["archive", "files"])
@pytest.mark.usefixtures("one_tensorflow")
def test_a_ready_graph_from_the_articles_address(
    way: str, converted: Callable[[str, Precision], Converted], cache: Cache, tfhub: HubServer
) -> None:
    first = converted("100", "float32")
    if way == "archive":
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as tar:
            for file in first.model_files():
                tar.add(file, file.name)
        tfhub.modules[HANDLE], tfhub.queries[HANDLE] = packed.getvalue(), "tfjs-format=compressed"
    for file in first.model_files() if way == "files" else ():
        tfhub.modules[f"{HANDLE}/{file.name}"] = file
        tfhub.queries[f"{HANDLE}/{file.name}"] = "tfjs-format=file"
    source = obtain(tfhub.url(HANDLE), cache=cache, reporter=Silent())
    assert (source.kind, source.url, source.trust) == ("tfjs-url", tfhub.url(HANDLE), "recorded")
    again = convert(source, "float32", cache=cache, reporter=Silent())
    assert check.relative_error(golden_features(again), golden_features(first)).max() < 1e-4
