"""A model that came out of the page, run without anything of this project: by plain TensorFlow.js."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from onthefly_studio.cli.export import command as export_command
from onthefly_studio.contract import Precision
from onthefly_studio.pipeline import Built
from onthefly_studio.places import TEMPLATE_ROOT
from onthefly_studio.site.server import SiteServer
from onthefly_studio.validate.chromium import SOFTWARE_WEBGL
from tests.browser import outside
from tests.support.commands import invoked

ALIKE, PYTHON_ALIKE = 1e-4, 1e-3
CLASSES = ["Cup", "Offene Hand <b>", "空"]
SHAPES = {"wide.png": (320, 180), "tall.png": (150, 260), "small.png": (64, 64), "large.png": (1280, 720)}

TEACH_JS = """
async ({frames, classes, names}) => {
  const {createClassifier} = await import(new URL('dist/onthefly.js', document.baseURI));
  const classifier = await createClassifier({classes, seed: 4});
  for (const [name, label] of frames) {
    await classifier.addExample(await (await fetch(name)).blob(), classes[label]);
  }
  await classifier.train();
  const said = {};
  for (const name of names) said[name] = await classifier.predict(await (await fetch(name)).blob());
  const model = await classifier.exportModel();
  const project = await classifier.exportProject();
  const {loadClassifier} = await import(new URL('dist/onthefly.js', document.baseURI));
  const loaded = await loadClassifier(model);
  const again = {};
  for (const name of names) again[name] = await loaded.predict(await (await fetch(name)).blob());
  const broken = model.slice(0, model.size - 70);
  const refused = await loadClassifier(broken).then(() => 'taken', (error) => error.code);
  return {said, again, refused, model: await base64(model), project: await base64(project)};
}
"""
PREDICT_JS = """
async ({backend, names, folder}) => {
  tf.setWasmPaths('wasm/');
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  if (!(await tf.setBackend(backend))) throw new Error(`no ${backend}`);
  const {loadModel} = await import(new URL(`${folder}predict.js`, document.baseURI));
  const model = await loadModel(tf);
  const said = {};
  const before = tf.memory().numTensors;
  for (const name of names) {
    const image = new Image();
    image.src = name;
    await image.decode();
    said[name] = await model.predict(image);
  }
  return {said, backend: tf.getBackend(), leaked: tf.memory().numTensors - before};
}
"""


@dataclass(frozen=True)
class Taught:
    """A folder with a taught site's exports: `model/` unpacked, `project.zip`, and pictures."""

    built: Built
    folder: Path
    said: dict[str, Any]
    again: dict[str, Any]
    refused: str


@pytest.fixture(scope="module")
def taught(
    site: Callable[..., Built],
    serving: Callable[[Path], SiteServer],
    chromium: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[Precision, str], Taught]:
    """A classifier taught on a site of this precision and fit, and what it predicted and exported."""
    made: dict[tuple[Precision, str], Taught] = {}

    def make(precision: Precision, fit: str) -> Taught:
        if (precision, fit) not in made:
            built = site("embedded", precision, fit=fit)
            folder = outside.with_site(tmp_path_factory.mktemp("model"), built)
            frames = [
                (outside.save(folder / f"{label}-{number}.png", outside.colours(label, number)), label)
                for label in range(3)
                for number in range(5)
            ]
            for number, (name, size) in enumerate(SHAPES.items()):
                picture = Image.fromarray(outside.between(0.2 + 0.15 * number, 90 + number))
                picture.resize(size, Image.Resampling.BICUBIC).save(folder / name)
            outside.page(folder, "teach.html", "")
            outside.page(folder, "plain.html", '<script src="tf-wasm.js"></script>')
            (folder / "tf-wasm.js").write_bytes(outside.stock_tensorflow(wasm=True))
            (folder / "tf.min.js").write_bytes(outside.stock_tensorflow())
            wasm = TEMPLATE_ROOT / "node_modules" / "@tensorflow" / "tfjs-backend-wasm" / "dist"
            shutil.copytree(wasm, folder / "wasm", ignore=shutil.ignore_patterns("*.js", "*.map"))
            with chromium(camera=False) as visit:
                visit.page.goto(f"{serving(folder).url}teach.html")
                visit.page.evaluate(outside.BYTES_JS)
                given = {"frames": frames, "classes": CLASSES, "names": list(SHAPES)}
                told = visit.page.evaluate(TEACH_JS, given)
                assert visit.complaints == []
            outside.unpacked(told["model"], folder / "model")
            (folder / "project.zip").write_bytes(base64.b64decode(told["project"]))
            made[precision, fit] = Taught(built, folder, told["said"], told["again"], told["refused"])
        return made[precision, fit]

    return make


def apart(one: dict[str, Any], other: dict[str, Any]) -> float:
    """The largest difference of a probability, over all pictures and classes."""
    assert one.keys() == other.keys()
    pairs = [(by_class(one[name]), by_class(other[name])) for name in one]
    assert all(a.keys() == b.keys() for a, b in pairs)
    return max(abs(a[name] - b[name]) for a, b in pairs for name in a)


def by_class(predictions: list[dict[str, Any]]) -> dict[str, float]:
    return {each["class"]: each["probability"] for each in predictions}


@pytest.mark.parametrize(
    ("precision", "fit", "backends"),
    [
        ("float16", "crop", ("wasm", "webgl")),
        ("int8", "crop", ("wasm", "cpu")),
        ("float32", "stretch", ("wasm",)),
        # The others, for which graphics are computed by a program.
        pytest.param("float16", "crop", ("cpu",), marks=pytest.mark.long),
        pytest.param("int8", "crop", ("webgl",), marks=pytest.mark.long),
        pytest.param("float32", "stretch", ("cpu", "webgl"), marks=pytest.mark.long),
    ],
)
def test_plain_tensorflow_js_predicts_what_the_preview_predicted(
    precision: Precision,
    fit: str,
    backends: tuple[str, ...],
    taught: Callable[[Precision, str], Taught],
    serving: Callable[[Path], SiteServer],
    chromium: Any,
) -> None:
    given = taught(precision, fit)
    best = [max(by_class(each).values()) for each in given.said.values()]
    assert any(chance < 0.99 for chance in best), "answers that could be told apart"
    with chromium(*SOFTWARE_WEBGL, camera=False) as visit:
        visit.page.goto(f"{serving(given.folder).url}plain.html")
        for backend in backends:
            told = visit.page.evaluate(
                PREDICT_JS, {"backend": backend, "names": list(SHAPES), "folder": "model/"}
            )
            off = apart(told["said"], given.said)
            print(f"\n{precision} {fit} {backend}: at most {off:.1e} apart")
            assert told["backend"] == backend
            assert off <= ALIKE
            assert told["leaked"] == 0
        assert [text for text in visit.complaints if "GPU stall" not in text] == []


def test_the_signature_says_what_goes_in_and_out(
    taught: Callable[[Precision, str], Taught], serving: Callable[[Path], SiteServer], chromium: Any
) -> None:
    given = taught("float16", "crop")
    told = outside.told(given.folder / "model")
    assert told["classes"] == CLASSES
    assert told["preprocess"] == {"size": 224, "fit": "crop"}
    assert told["backbone"]["modelHash"] == given.built.site.for_page()["model"]["hash"]
    assert told["settings"]["seed"] == 4
    with chromium(camera=False) as visit:
        visit.page.goto(f"{serving(given.folder).url}plain.html")
        found = visit.page.evaluate(
            """async () => {
              await tf.setBackend('cpu');
              const model = await tf.loadGraphModel('model/model.json');
              const two = model.predict(tf.fill([2, 224, 224, 3], 0.5));
              const { inputs, outputs } = model;
              return { inputs: inputs.map((i) => i.shape), outputs: outputs.map((o) => o.name),
                sums: Array.from(await tf.sum(two, 1).data()), shape: two.shape };
            }"""
        )
    assert found["inputs"] == [[-1, 224, 224, 3]]
    assert found["outputs"] == ["head/probabilities"]
    assert found["shape"] == [2, 3]
    assert found["sums"] == pytest.approx([1, 1], abs=1e-5)


def test_the_module_loads_the_model_again(taught: Callable[[Precision, str], Taught]) -> None:
    given = taught("int8", "crop")
    assert apart(given.again, given.said) <= 1e-6
    assert given.refused == "not-a-project"


def test_the_example_page_runs_from_a_static_host(
    taught: Callable[[Precision, str], Taught], serving: Callable[[Path], SiteServer], chromium: Any
) -> None:
    given = taught("float16", "crop")
    url = f"{serving(given.folder).url}model/"
    script = given.folder / "model" / "tf.min.js"
    with chromium() as visit:
        page = visit.page
        page.goto(url)
        expect(page.get_by_role("status")).to_contain_text("tf.min.js is not next to this page")
        script.write_bytes(outside.stock_tensorflow())
        visit.complaints.clear()
        page.goto(url)
        expect(page.get_by_role("status")).to_have_text("The model is ready.")
        page.get_by_label("A photo").set_input_files(given.folder / "wide.png")
        expect(page.get_by_role("status")).to_have_text("The photo shows:")
        shown = page.get_by_role("list", name="What it shows").get_by_role("listitem").all_inner_texts()
        # Names are text: what stands in one is no markup.
        wanted = [f"{each['class']}: {100 * each['probability']:.1f} %" for each in given.said["wide.png"]]
        assert [text.split(":")[0] for text in shown] == [text.split(":")[0] for text in wanted]
        percents = [
            [float(re.findall(r"([0-9.]+) %", text)[0]) for text in texts] for texts in (shown, wanted)
        ]
        assert percents[0] == pytest.approx(percents[1], abs=0.11)
        page.get_by_label("A photo").set_input_files(given.folder / "project.zip")
        expect(page.get_by_role("status")).to_contain_text("This file cannot be shown")
        page.get_by_role("button", name="Start camera").click()
        expect(page.get_by_role("status")).to_have_text("The camera sees:")
        page.get_by_role("button", name="Stop camera").click()
        expect(page.get_by_role("button", name="Start camera")).to_be_visible()
        assert [text for text in visit.complaints if "GPU stall" not in text] == []
    script.unlink()


TEACHABLE_MACHINE_JS = """
async () => {
  // The model is one of its own kind, since it loads no other; the metadata is ours.
  const tiny = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [2] })] });
  let saved;
  await tiny.save({ save: async (artifacts) => { saved = artifacts; return { modelArtifactsInfo: {} }; } });
  const manifest = [{ paths: ['weights.bin'], weights: saved.weightSpecs }];
  const files = [
    [JSON.stringify({ modelTopology: saved.modelTopology, weightsManifest: manifest }), 'model.json'],
    [saved.weightData, 'weights.bin'],
  ].map(([contents, name]) => new File([contents], name));
  const metadata = await (await fetch('model/metadata.json')).blob();
  const read = async (given) => {
    const model = await tmImage.loadFromFiles(...files, new File([given], 'metadata.json'));
    const [labels, classes] = [model.getClassLabels(), model.getTotalClasses()];
    return { labels, classes, metadata: model.getMetadata() };
  };
  const without = JSON.parse(await metadata.text());
  delete without.labels;
  const refused = await read(JSON.stringify(without)).catch((error) => error.message);
  return { ...(await read(metadata)), refused };
}
"""


def test_teachable_machines_own_check_takes_the_metadata(
    taught: Callable[[Precision, str], Taught], serving: Callable[[Path], SiteServer], chromium: Any
) -> None:
    given = taught("float16", "crop")
    library = TEMPLATE_ROOT / "node_modules" / "@teachablemachine" / "image" / "dist"
    (given.folder / "tm.js").write_bytes((library / "teachablemachine-image.min.js").read_bytes())
    outside.page(given.folder, "tm.html", '<script src="tf.min.js"></script><script src="tm.js"></script>')
    with chromium(camera=False) as visit:
        visit.page.goto(f"{serving(given.folder).url}tm.html")
        told = visit.page.evaluate(TEACHABLE_MACHINE_JS)
    assert told["labels"] == CLASSES
    assert told["classes"] == 3
    assert told["metadata"]["imageSize"] == 224
    assert told["metadata"]["tfjsVersion"] == "4.22.0"
    assert told["metadata"]["packageName"] == "onthefly"
    # The check can fail.
    assert told["refused"] == "Invalid Metadata provided"


def test_the_readmes_python_predicts_the_same(taught: Callable[[Precision, str], Taught]) -> None:
    """`onthefly export` on the same classifier's project, then the README's text as it stands."""
    given = taught("int8", "crop")
    readme = (given.folder / "model" / "README.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    (shell,) = re.findall(r"```sh\nonthefly export (.*?)\n```", readme)
    words = shell.replace("--out model", "--out python/model").split()
    ours = ("project.zip", "python/model", "dist")
    arguments = [str(given.folder / word) if word in ours else word for word in words]
    done = invoked(export_command, *arguments)
    assert done.exit_code == 0, done.output
    work = given.folder / "python"
    Image.open(given.folder / "wide.png").save(work / "photo.png")
    (work / "run.py").write_text(code.replace("photo.jpg", "photo.png"), "utf-8")
    ran = subprocess.run([sys.executable, "run.py"], cwd=work, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    lines = dict(line.rsplit(": ", 1) for line in ran.stdout.splitlines())
    expected = by_class(given.said["wide.png"])
    assert list(lines) == sorted(expected, key=lambda name: -expected[name])
    assert np.array([float(lines[name]) for name in expected]) == pytest.approx(
        list(expected.values()), abs=PYTHON_ALIKE
    )
