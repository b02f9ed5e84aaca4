"""The page's core in Node against the NumPy reference, both written from docs/head.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from onthefly_studio.contract import Fit
from onthefly_studio.reference import head, optimizer, training
from onthefly_studio.reference.preprocess import preprocess
from tests import support
from tests.validate.core import TEMPLATE, node

COMPILED = (support.FOLDER / "compiled.ts").as_uri()
ENGINES = ["plain", "wasm-simd"]
STEP_LIMIT, RUN_LIMIT, PIXEL_LIMIT = 1e-5, 1e-3, 1e-6


@pytest.fixture(scope="module")
def make_head(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a module for `node` begins with to have `makeHead(engine, shape, weights)`."""
    folder = tmp_path_factory.mktemp("kernel")
    compiled = folder / "head.wasm"
    script = f"""
      import {{writeFileSync}} from 'node:fs';
      import {{kernelBytes}} from '{COMPILED}';
      writeFileSync('{compiled}', kernelBytes('head'));
      say(true);
    """
    assert node(script, folder)
    return f"""
      import {{KernelHead}} from '{TEMPLATE}/src/kernel/head.ts';
      import {{Kernel}} from '{TEMPLATE}/src/kernel/kernel.ts';
      const makeHead = (engine, shape, weights) => engine === 'plain'
        ? new PlainHead(shape, weights)
        : new KernelHead(Kernel.from(readFileSync('{compiled}')), shape, weights);
    """


def examples(counts: list[int], width: int, seed: int = 1) -> tuple[NDArray[Any], NDArray[Any]]:
    """Features like a backbone's, and labels in the order of class."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(counts)), counts)
    centres = rng.normal(size=(len(counts), width)) * 0.5
    features = centres[labels] + rng.normal(size=(len(labels), width))
    hard_swish = features * np.clip(features + 3, 0, 6) / 6
    return hard_swish.astype(np.float32), labels


@pytest.mark.parametrize("fit", ["crop", "stretch"])
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (224, 224), (640, 480), (480, 640), (1919, 1081)])
def test_preprocessing(size: tuple[int, int], fit: Fit, tmp_path: Path) -> None:
    width, height = size
    picture = np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8)
    rgba = np.concatenate([picture, np.zeros((height, width, 1), np.uint8)], axis=2)
    script = f"""
      import {{writeFileSync}} from 'node:fs';
      const out = preprocess(read(0), {width}, {height}, {{size: 224, fit: '{fit}'}});
      writeFileSync('{tmp_path}/out.bin', new Uint8Array(out.buffer));
      say(out.length);
    """
    assert node(script, tmp_path, rgba) == 224 * 224 * 3
    ours = np.fromfile(tmp_path / "out.bin", "<f4").reshape(224, 224, 3)
    expected = preprocess(picture, fit)
    assert np.abs(ours - expected).max() <= PIXEL_LIMIT
    assert ours.max() > 0


def test_initial_weights_are_equal_bit_for_bit(tmp_path: Path) -> None:
    script = """
      const {kernel1, kernel2} = initialWeights({features: 30, hidden: 7, classes: 3}, 4294967295);
      say([kernel1, kernel2].map((k) => [...new Uint32Array(k.buffer)]));
    """
    ours = head.initial_weights(30, 7, 3, 2**32 - 1)
    theirs = [np.array(bits, np.uint32) for bits in node(script, tmp_path)]
    np.testing.assert_array_equal(theirs[0], ours.kernel1.view(np.uint32).ravel())
    np.testing.assert_array_equal(theirs[1], ours.kernel2.view(np.uint32).ravel())


CASES = {
    "two classes": ([6, 6], {}),
    "three, uneven, short last batch": ([13, 4, 5], {}),
    "ten": ([6] * 10, {}),
    "batch larger than the data": ([3, 4], {"batch": 50, "epochs": 20}),
    "one example each": ([1, 1, 1], {"batch": 2}),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", CASES)
def test_every_step_from_a_shared_state(case: str, engine: str, make_head: str, tmp_path: Path) -> None:
    """The reference starts each step from the page's own state, so that nothing can add up or cancel."""
    counts, changed = CASES[case]
    settings = training.HeadSettings(**{"hidden": 24, "seed": 5, **changed})
    features, labels = examples(counts, 40)
    script = f"""
      {make_head}
      const shape = {{features: 40, hidden: {settings.hidden}, classes: {len(counts)}}};
      const net = makeHead('{engine}', shape, initialWeights(shape, {settings.seed}));
      net.load(floats(0), Uint16Array.from(floats(1)));
      const steps = [];
      const names = ['kernel1', 'bias1', 'kernel2', 'bias2'];
      const state = () => names.map((n) => ['values', 'm', 'v'].map((k) => [...net.tensors[n][k]]));
      const trainBatch = net.trainBatch.bind(net);
      net.trainBatch = (indices, rate) => {{
        const before = state();
        const result = trainBatch(indices, rate);
        steps.push({{...result, indices: [...indices], before, after: state()}});
        return result;
      }};
      const run = new Training(net, {len(labels)}, {json.dumps(settings.__dict__)});
      while (!run.done) run.step();
      say(steps);
    """
    steps = node(script, tmp_path, features, labels.astype(np.float32))
    batches = [
        order[at : at + settings.batch]
        for order in training.orders(len(labels), settings.epochs, settings.seed)
        for at in range(0, len(order), settings.batch)
    ]
    assert [step["indices"] for step in steps] == [batch.tolist() for batch in batches]
    shapes = head.initial_weights(40, settings.hidden, len(counts), 0)
    worst = 0.0
    for number, step in enumerate(steps):
        state = [
            head.Weights(
                *(
                    np.array(tensor[part], np.float32).reshape(getattr(shapes, name).shape)
                    for name, tensor in zip(head.NAMES, step["before"], strict=True)
                )
            )
            for part in range(3)
        ]
        weights, m, v = state
        adam = optimizer.Adam(weights, settings.rate)
        adam.m, adam.v, adam.steps = m, v, number
        slopes, result = head.gradient(weights, features[step["indices"]], labels[step["indices"]])
        adam.step(weights, slopes)
        assert result.correct == step["correct"]
        assert result.loss == pytest.approx(step["loss"], abs=STEP_LIMIT * len(step["indices"]))
        for name, tensor in zip(head.NAMES, step["after"], strict=True):
            difference = np.abs(np.array(tensor[0], np.float32) - getattr(weights, name).ravel())
            worst = max(worst, float(difference.max()))
    assert worst <= STEP_LIMIT
    assert worst > 0 or len(steps) < 3


@pytest.mark.parametrize("engine", ENGINES)
def test_a_whole_run_ends_alike(engine: str, make_head: str, tmp_path: Path) -> None:
    features, labels = examples([20, 20, 20], 256)
    settings = training.HeadSettings(seed=3)
    script = f"""
      {make_head}
      const shape = {{features: 256, hidden: 128, classes: 3}};
      const net = makeHead('{engine}', shape, initialWeights(shape, 3));
      net.load(floats(0), Uint16Array.from(floats(1)));
      const run = new Training(net, 60, {json.dumps(settings.__dict__)});
      while (!run.done) run.step();
      const x = (i) => floats(0).subarray(i * 256, (i + 1) * 256);
      const rows = Array.from({{length: 60}}, (_, i) => [...net.predict(x(i))]);
      say({{history: run.history, rows}});
    """
    theirs = node(script, tmp_path, features, labels.astype(np.float32))
    ours = training.train(features, labels, 3, settings)
    assert len(theirs["history"]) == settings.epochs
    for mine, its in zip(ours.history, theirs["history"], strict=True):
        assert its["loss"] == pytest.approx(mine.loss, abs=RUN_LIMIT)
        assert its["accuracy"] == pytest.approx(mine.accuracy, abs=1e-9)
    chances = head.probabilities(ours.weights, features)
    assert np.abs(np.array(theirs["rows"]) - chances).max() <= RUN_LIMIT
    assert ours.history[-1].loss < 0.5 * ours.history[0].loss
