"""Models that read pictures in another range than [0, 1], and models whose features tell nothing apart."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from onthefly_studio.cache import Cache
from onthefly_studio.contract import Precision
from onthefly_studio.errors import ConfigError, ConversionError
from onthefly_studio.graph import check, simplify
from onthefly_studio.graph import model as graph_model
from onthefly_studio.graph import portability as rules
from onthefly_studio.graph.convert import Converted
from onthefly_studio.graph.input_range import CHOICES, InputRange, in_range, known, read_unit_range
from onthefly_studio.graph.model import GraphModel
from onthefly_studio.graph.variation import FAR, LEAST, require_variation, variation
from onthefly_studio.reference import golden
from onthefly_studio.report import Silent
from onthefly_studio.sources import Source, describe_backbone, obtain
from onthefly_studio.validate import original
from tests.support import tensorflow_scripts
from tests.support.conversion import golden_features, through
from tests.support.graph_runs import IMAGES
from tests.support.graphs import NUMBERS, mean, network, node
from tests.support.tfjs_files import Files

FEATURES = np.random.default_rng(6).uniform(0, 1, (len(golden.GOLDEN), 40)).astype(np.float32)


def drawn_together(share: float) -> NDArray[Any]:
    """Features whose variation is about so much of what it was."""
    middle = FEATURES.mean(axis=0)
    return (middle + share * (FEATURES - middle)).astype(np.float32)


def judged(own: InputRange, **shares: float) -> None:
    """By how much features vary in each range, `unit`, `signed` and `bytes`."""
    given: dict[InputRange, float] = {
        "0-1": shares["unit"],
        "-1-1": shares["signed"],
        "0-255": shares["bytes"],
    }
    features = {key: drawn_together(share) for key, share in given.items()}
    require_variation(features[own], golden.GOLDEN, own, features.__getitem__, where="the model")


# What is measured


def test_variation_is_a_share_of_the_features_own_size() -> None:
    found = variation(FEATURES)
    assert found == pytest.approx(variation(FEATURES * np.float32(1e-6)), rel=1e-4)
    assert variation(drawn_together(0.1)) == pytest.approx(found / 10, rel=0.2)
    assert variation(np.ones((3, 5), np.float32)) == 0
    assert variation(np.zeros((3, 5), np.float32)) == 0


@pytest.mark.parametrize("own", CHOICES)
@pytest.mark.parametrize("shares", [(1, 1, 1), (0.3, 0.6, 0.9), (0.9, 0.6, 0.3), (0.1, 0.1, 0.1)])
def test_features_that_differ_pass_in_any_range(own: InputRange, shares: tuple[float, float, float]) -> None:
    judged(own, **dict(zip(("unit", "signed", "bytes"), shares, strict=True)))


@pytest.mark.parametrize(
    ("own", "shares", "meant"),
    [
        ("0-1", (0.02, 0.03, 1), "0-255"),
        ("0-1", (0.08, 0.1, 1.2), "0-255"),
        ("-1-1", (0.01, 0.01, 1), "0-255"),
        ("0-255", (1, 0.9, 0.02), "0-1"),
    ],
)
def test_the_range_that_is_meant_is_named(
    own: InputRange, shares: tuple[float, float, float], meant: InputRange
) -> None:
    with pytest.raises(ConversionError, match="barely differ between pictures") as caught:
        judged(own, **dict(zip(("unit", "signed", "bytes"), shares, strict=True)))
    assert (caught.value.exit_code, caught.value.where) == (4, "the model")
    assert f"--input-range {meant}" in str(caught.value.mend)
    assert f'input_range = "{meant}"' in str(caught.value.mend)


def test_constant_features_are_refused_without_a_range_to_try() -> None:
    with pytest.raises(ConversionError, match="in no other input range by much more") as caught:
        judged("0-1", unit=1e-3, signed=1e-3, bytes=2e-3)
    assert "trained weights" in str(caught.value.mend)
    assert "--input-range" not in str(caught.value.mend)


def test_features_that_are_no_numbers_are_refused() -> None:
    broken = FEATURES.copy()
    broken[0, 0] = np.nan
    with pytest.raises(ConversionError, match="not finite"):
        require_variation(broken, golden.GOLDEN, "0-1", lambda other: broken, where="the model")

    def overflowing(other: InputRange) -> NDArray[Any]:
        return FEATURES * np.float32(np.inf)

    with pytest.raises(ConversionError, match="in no other input range"):  # and an odd range misleads nobody
        require_variation(drawn_together(1e-3), golden.GOLDEN, "0-1", overflowing, where="the model")


@pytest.mark.parametrize("name", ["embedded", "100", "075", "keras-small"])
def test_real_networks_stand_far_from_the_limits(
    name: str, source: Callable[[str], Source], tmp_path: Path
) -> None:
    """Trained or not: in [0, 1] they vary, as much as beyond; with what seems black to them they don't."""
    origin, out = json.dumps(source(name).origin), tmp_path / "features.npy"
    tensorflow_scripts.worker().call("scaled_features", origin, out, 1, 255, 1 / 255)
    photos = [number for number, image in enumerate(golden.GOLDEN) if image.is_photo_like]
    right, beyond, black = (variation(features[photos]) for features in np.load(out))
    print(f"\n{name}: {right:.4f}, in [0, 255] {beyond:.4f}, in [0, 1/255] {black:.4f}")
    assert right > 5 * LEAST
    assert beyond < FAR / 4 * right
    assert right > 4 * FAR * black


# The step in the graph


def computed(model: GraphModel, images: NDArray[Any], folder: Path) -> NDArray[Any]:
    folder.mkdir()
    graph_model.write(model, folder)
    np.save(folder / "images.npy", images)
    tensorflow_scripts.worker().call("graph_features", folder, folder / "images.npy", folder / "out.npy")
    made: NDArray[Any] = np.load(folder / "out.npy")
    return made


@pytest.mark.parametrize(("own", "factor", "offset"), [("-1-1", 2.0, -1.0), ("0-255", 255.0, 0.0)])
def test_the_step_to_a_models_own_range_is_part_of_its_graph(
    own: InputRange, factor: float, offset: float, tmp_path: Path
) -> None:
    model = network(
        mean("input_range/Mul", "inputs"),  # a name that is taken, and a second reader of the picture
        mean("level", "conv"),
        node("lighter", "Mean", "input_range/Mul", "channels", keep_dims={"b": True}),
        node("end", "AddV2", "level", "lighter"),
        channels=np.array([3]),
        **NUMBERS,
    )
    before = simplify._needed(model)
    after = read_unit_range(before, own)
    rules.require_portable(after)
    assert len({each["name"] for each in after.nodes}) == len(after.nodes)
    own_images = (IMAGES * np.float32(factor) + np.float32(offset)).astype(np.float32)
    np.testing.assert_array_equal(in_range(IMAGES, own), own_images)
    wanted = computed(before, own_images, tmp_path / "before")
    np.testing.assert_allclose(computed(after, IMAGES, tmp_path / "after"), wanted, rtol=1e-5, atol=1e-5)
    assert np.abs(wanted - computed(before, IMAGES, tmp_path / "else")).max() > 0.1


def test_nothing_is_put_before_a_graph_that_reads_0_to_1() -> None:
    model = network(mean("end", "conv"), **NUMBERS)
    assert read_unit_range(model, "0-1").nodes == model.nodes
    assert in_range(IMAGES, "0-1") is IMAGES


# Whole builds


def test_a_network_of_bytes_is_refused_with_the_option_that_is_meant(
    of_bytes: Path, cache: Cache, one_tensorflow: None
) -> None:
    with pytest.raises(
        ConversionError, match=r"barely differ .* in \[0, 1\], by \d+% in \[0, 255\]"
    ) as caught:
        through(obtain(str(of_bytes), cache=cache, reporter=Silent()), cache)
    assert (caught.value.exit_code, caught.value.where) == (4, str(of_bytes))
    assert "--input-range 0-255" in str(caught.value.mend)


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_a_network_of_bytes_gives_the_same_features_with_it(
    precision: Precision,
    of_bytes: Path,
    cache: Cache,
    converted: Callable[[str, Precision], Converted],
    one_tensorflow: None,
) -> None:
    source = obtain(str(of_bytes), cache=cache, reporter=Silent(), input_range="0-255")
    made = through(source, cache, precision)
    assert made.no_plan is None, "the page's own kernels take the step too"
    same = converted("embedded", "float32")
    error = check.relative_error(golden_features(made), golden_features(same)).max()
    assert error < (1e-4 if precision == "float32" else check.LIMITS[precision].other)
    assert describe_backbone(source, 1024)["inputRange"] == "0-255"


@pytest.mark.parametrize(
    ("own", "reads"), [("0-255", (2 / 255, -1.0)), ("0-255", (1 / 255, 0.0)), ("-1-1", (0.5, 0.5))]
)
def test_a_graph_of_tensorflow_js_in_its_own_range(
    own: InputRange, reads: tuple[float, float], cache: Cache, tmp_path: Path, one_tensorflow: None
) -> None:
    files = Files(reads=reads)
    source = obtain(str(files.write(tmp_path / "graph")), cache=cache, reporter=Silent(), input_range=own)
    expected = files.features(in_range(golden.inputs(), own)).astype(np.float32)  # by NumPy
    assert check.relative_error(golden_features(through(source, cache)), expected).max() < 1e-5


def test_one_folder_read_in_two_ranges_is_two_models(
    cache: Cache, tmp_path: Path, one_tensorflow: None
) -> None:
    folder = str(Files().write(tmp_path / "graph"))
    first, second = (
        through(obtain(folder, cache=cache, reporter=Silent(), input_range=own), cache)
        for own in ("0-1", "-1-1")
    )
    assert first.folder != second.folder
    assert check.relative_error(golden_features(first), golden_features(second)).max() > 0.01


def test_a_site_tells_in_which_range_its_original_is_asked(cache: Cache, tmp_path: Path) -> None:
    folder = str(Files().write(tmp_path / "graph"))
    source = obtain(folder, cache=cache, reporter=Silent(), input_range="-1-1")
    said = describe_backbone(source, 4)
    assert original.find(said, cache, folder) == source.origin
    assert source.origin == {"graph_model": folder, "input_range": "-1-1"}
    with pytest.raises(ConfigError, match="no input range"):
        original.find({**said, "inputRange": "0-256"}, cache, folder)


# What may be said


@pytest.mark.parametrize("name", ["auto", "hub", "embedded", "keras", "keras:large"])
def test_weights_of_a_known_range_take_no_other(name: str, cache: Cache) -> None:
    with pytest.raises(ConfigError, match=f"`{name}` read pictures in") as caught:
        obtain(name, cache=cache, reporter=Silent(), offline=True, input_range="0-255")
    assert (caught.value.exit_code, caught.value.where) == (2, "--input-range 0-255")


def test_an_unknown_range_is_no_range() -> None:
    assert [known(choice) for choice in CHOICES] == list(CHOICES)
    for value in ("0-256", "", None, 1, ["0-1"]):
        with pytest.raises(ConfigError, match="no input range"):
            known(value)
