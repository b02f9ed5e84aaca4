"""How well a few photographs teach the head: for any backbone, on any folder of photographs.

python -m training.evaluate PHOTOS [--backbone random hog ImageNet=MODEL.tar.gz] [--out FOLDER]
python -m training.evaluate --webcam PHOTOS
python -m training.evaluate --tasks 3

PHOTOS holds a folder per class. The head is the one that visitors train (128 hidden units, Adam,
batches of 5, 10 epochs), by the same code that `onthefly validate` holds the page to. With `--webcam`
the photographs serve as rooms and materials of a simulated webcam (see `training.webcam`); `--tasks`
needs no photograph (see `training.tasks`).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from onthefly_studio.pictures.open import open_picture
from onthefly_studio.project.folders import sort_out
from onthefly_studio.reference import head
from onthefly_studio.reference.preprocess import preprocess
from onthefly_studio.reference.training import HeadSettings
from onthefly_studio.reference.training import train as train_head
from training.extractors import ROOT, RUNS, Extractor, UnavailableError, extractor
from training.generate.basics import Floats
from training.tasks import KINDS, task
from training.webcam import CLASSES, simulate

DEFAULT = ("random", "hog", "embedded")
FRAMES = 20
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    backbone: str
    test: str
    mean: float
    deviation: float
    seeds: list[float]


def read_photos(folder: Path) -> tuple[Floats, Labels, list[str]]:
    """The inputs, labels and class names of a folder of folders of photographs."""
    classes = {name: paths for name, paths in sort_out(folder).classes.items() if paths}
    if len(classes) < 2:
        raise SystemExit(f"{folder}: a folder per class is needed, two or more, each with photographs")
    inputs = np.stack([preprocess(open_picture(path)) for paths in classes.values() for path in paths])
    labels = np.repeat(np.arange(len(classes)), [len(paths) for paths in classes.values()])
    return inputs, labels, list(classes)


def accuracy(train: tuple[Floats, Labels], test: tuple[Floats, Labels], classes: int, seed: int) -> float:
    """Share of the test examples that a head trained on the others gets right."""
    trained = train_head(*train, classes, HeadSettings(seed=seed))
    told = head.probabilities(trained.weights, test[0]).argmax(1)
    return float((told == test[1]).mean())


def few_shot(features: Floats, labels: Labels, per_class: int, seed: int) -> float:
    """Accuracy on the rest after some examples per class, drawn by the seed."""
    rng = np.random.default_rng(seed)
    classes = int(labels.max()) + 1
    drawn = [rng.permutation(np.flatnonzero(labels == c))[:per_class] for c in range(classes)]
    taken = np.concatenate(drawn)
    rest = np.setdiff1d(np.arange(len(labels)), taken)
    return accuracy((features[taken], labels[taken]), (features[rest], labels[rest]), classes, seed)


@dataclass(frozen=True)
class Photos:
    """A folder of photographs, read once for all backbones."""

    name: str
    inputs: Floats
    labels: Labels

    def measure(self, backbone: str, extract: Extractor, counts: Sequence[int], seeds: int) -> list[Row]:
        """Few-shot accuracy for some numbers of photographs per class."""
        smallest = int(np.bincount(self.labels).min())
        if smallest <= max(counts):
            raise SystemExit(
                f"{self.name}: a class has {smallest} photographs; {max(counts)} leave none to test with"
            )
        features = extract(self.inputs)
        rows = []
        for count in counts:
            found = [few_shot(features, self.labels, count, seed) for seed in range(seeds)]
            rows.append(_row(backbone, f"{self.name}, {count} per class", found))
        return rows


@dataclass(frozen=True)
class Webcam:
    """A simulated webcam's frames, drawn once for all backbones: for every seed three parts."""

    parts: list[list[tuple[Floats, Labels]]]

    @staticmethod
    def of(photos: Path, seeds: int) -> Webcam:
        """Draw them."""
        return Webcam(
            [
                [(np.stack([preprocess(frame) for frame in part.frames]), part.labels) for part in parts]
                for parts in (simulate(photos, seed, FRAMES) for seed in range(seeds))
            ]
        )

    def measure(self, backbone: str, extract: Extractor) -> list[Row]:
        """Accuracy in the same scene later, and with another figure and other objects."""
        inputs = np.concatenate([images for parts in self.parts for images, _ in parts])
        features = iter(np.split(extract(inputs), 3 * len(self.parts)))
        found: list[list[float]] = [[], []]
        for seed, parts in enumerate(self.parts):
            taught, *tests = [(next(features), labels) for _, labels in parts]
            for accuracies, test in zip(found, tests, strict=True):
                accuracies.append(accuracy(taught, test, len(CLASSES), seed))
        return [
            _row(backbone, f"webcam, same scene, {FRAMES} per class", found[0]),
            _row(backbone, f"webcam, another figure and other objects, {FRAMES} per class", found[1]),
        ]


@dataclass(frozen=True)
class Generated:
    """Few-shot tasks made of generated scenes, some of each kind."""

    tasks: int

    def measure(self, backbone: str, extract: Extractor, counts: Sequence[int], seeds: int) -> list[Row]:
        """Accuracy of each kind for some numbers of frames per class."""
        rows = []
        for kind in KINDS:
            found: dict[int, list[float]] = {count: [] for count in counts}
            for number in range(self.tasks):
                images, labels = task(RUNS / "random", kind, number)
                features = extract(images.astype(np.float32) / 255)
                for count in counts:
                    found[count] += [few_shot(features, labels, count, seed) for seed in range(seeds)]
            rows += [_row(backbone, f"{kind}, {count} per class", found[count]) for count in counts]
        return rows


def _row(backbone: str, test: str, found: list[float]) -> Row:
    return Row(backbone, test, float(np.mean(found)), float(np.std(found)), found)


def table(rows: Sequence[Row]) -> str:
    """The rows as a table in Markdown: a line per backbone, a column per test."""
    tests = list(dict.fromkeys(row.test for row in rows))
    lines = ["| backbone | " + " | ".join(tests) + " |", "|---" * (len(tests) + 1) + "|"]
    for backbone in dict.fromkeys(row.backbone for row in rows):
        cells = {
            row.test: f"{row.mean:.3f} ± {row.deviation:.3f}" for row in rows if row.backbone == backbone
        }
        lines.append(f"| {backbone} | " + " | ".join(cells.get(test, "–") for test in tests) + " |")
    return "\n".join(lines)


def plot(rows: Sequence[Row], file: Path) -> None:
    """The rows as bars, with a standard deviation each."""
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    tests = list(dict.fromkeys(row.test for row in rows))
    backbones = list(dict.fromkeys(row.backbone for row in rows))
    figure, axes = plt.subplots(figsize=(1.5 + 1.7 * len(tests), 3.6), layout="constrained")
    width = 0.8 / len(backbones)
    for k, backbone in enumerate(backbones):
        found = {row.test: row for row in rows if row.backbone == backbone}
        places = [n + (k - (len(backbones) - 1) / 2) * width for n, test in enumerate(tests) if test in found]
        axes.bar(
            places,
            [found[test].mean for test in tests if test in found],
            width * 0.9,
            yerr=[found[test].deviation for test in tests if test in found],
            label=backbone,
        )
    axes.set_xticks(
        range(len(tests)),
        [test.replace(", ", ",\n").replace(" and ", "\nand ").replace(" (", "\n(") for test in tests],
        fontsize=7,
    )
    axes.set_ylim(0, 1)
    axes.set_ylabel("accuracy: mean and deviation")
    axes.legend(fontsize=8, frameon=False, ncols=len(backbones), loc="lower center", bbox_to_anchor=(0.5, 1))
    figure.savefig(file, dpi=110)
    plt.close(figure)


def _named(given: str) -> tuple[str, str]:
    """A short name and the backbone: `NAME=VALUE`, or of a path its end."""
    name, equals, value = given.partition("=")
    if equals and "/" not in name:
        return name, value
    return Path(given).name if "/" in given and "://" not in given else given, given


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m training.evaluate", description="Few-shot accuracy.")
    parser.add_argument("photos", type=Path, nargs="*", help="folders that hold a folder per class")
    parser.add_argument("--webcam", type=Path, help="photographs to simulate a webcam with")
    parser.add_argument(
        "--tasks", type=int, default=0, help="so many tasks of each kind, of generated scenes"
    )
    parser.add_argument("--backbone", nargs="+", default=list(DEFAULT), metavar="[NAME=]VALUE")
    parser.add_argument("--per-class", type=int, nargs="+", default=[5, 20])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="folder for accuracy.json and accuracy.png")
    parser.add_argument("--python", type=Path, default=ROOT / ".venv" / "bin" / "python")
    args = parser.parse_args(arguments)
    if not args.photos and not args.webcam and not args.tasks:
        parser.error("give a folder of photographs, --webcam or --tasks")
    collections: list[Photos | Generated] = [Generated(args.tasks)] if args.tasks else []
    for folder in args.photos:
        inputs, labels, names = read_photos(folder)
        collections.append(Photos(f"{folder.name} ({len(names)} classes)", inputs, labels))
    webcam = Webcam.of(args.webcam, args.seeds) if args.webcam else None
    rows: list[Row] = []
    for name, backbone in map(_named, args.backbone):
        try:
            extract = extractor(backbone, args.python)
            for collection in collections:
                rows += collection.measure(name, extract, args.per_class, args.seeds)
            if webcam:
                rows += webcam.measure(name, extract)
        except UnavailableError as error:
            print(f"{backbone} is left out: {error}", file=sys.stderr)
    if not rows:
        print("Nothing could be measured.", file=sys.stderr)
        return 1
    print(table(rows))
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        text = json.dumps([asdict(row) for row in rows], indent=1)
        (args.out / "accuracy.json").write_text(text + "\n", "utf-8")
        plot(rows, args.out / "accuracy.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
