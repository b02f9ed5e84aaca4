"""`onthefly validate`: a built site in a real browser, against the original model and the reference."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from onthefly_studio.cache import Cache
from onthefly_studio.contract import BACKENDS, Backend
from onthefly_studio.errors import ConfigError, OnTheFlyError
from onthefly_studio.graph.check import GOLDEN_LIMIT
from onthefly_studio.report import Reporter
from onthefly_studio.site import description
from onthefly_studio.validate import cases, learning, pixels
from onthefly_studio.validate.browser import Browsers, PageError, PageFault, ServedSite, Tab, tf_layers_bundle
from onthefly_studio.validate.cases import Picture, Refused, Task
from onthefly_studio.validate.learning import Run
from onthefly_studio.validate.original import NotAtHand, find
from onthefly_studio.validate.pixels import Seen, Site
from onthefly_studio.validate.rows import GROUPS, Report, Row, Selection
from onthefly_studio.validate.tensorflow_reference import Job, TensorFlowReference

ORIGINAL_ROWS = ("features/original", "end-to-end/original")


@dataclass(frozen=True)
class Options:
    """What a validation is asked to do."""

    backends: tuple[Backend, ...] = ()
    """Those that must start; none named: wasm must, and every other that starts is checked too."""
    only: tuple[str, ...] = ()
    """Ids of rows or their beginnings; none named: all."""
    photos: Path | None = None
    original: str | None = None
    """A value of `--backbone` that names the original, where the cache does not hold it."""


@dataclass
class _Work:
    """One validation in the making."""

    site: Site
    report: Report
    cache: Cache
    pictures: list[Picture]
    camera: list[Picture]
    photos: list[Picture]
    """Those of `pictures` that are files."""
    refused: list[Refused]
    """Files that Python does not read."""
    missing: str | None = None
    """Why the original is not at hand."""
    seen: dict[str, Seen] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    """Of the first backend, by task."""


def read_site(folder: Path) -> Site:
    """A built site's own description.

    Raises:
        ConfigError: the folder is not a site that this version can validate.
    """
    site = Site(folder, description.read(folder))
    files = ("index.html", "onthefly.js", "golden.json", "golden.bin")
    lost = [name for name in files if not (folder / name).is_file()]
    if lost:
        raise ConfigError(
            f"The site has no {' and no '.join(lost)}.", where=str(folder.absolute()), hint="onthefly build"
        )
    return site


def validate(
    folder: Path, options: Options, *, browsers: Browsers, cache: Cache, reporter: Reporter
) -> Report:
    """Compare everything the site computes with the reference.

    Args:
        folder: the site; it is only read.
        options: what to compare.
        browsers: to open it in.
        cache: where the original model may be found; the bundle with tf.layers is kept there.
        reporter: told of each phase.

    Raises:
        ConfigError: the folder is no site of ours, or `only` names no row.
        SourceError: there is no browser; a photograph cannot be read.
    """
    begin = time.monotonic()
    work = _prepare(read_site(folder), options, cache)
    with contextlib.ExitStack() as stack:
        served = stack.enter_context(ServedSite(folder))
        reference = TensorFlowReference(_job(work, options))
        stack.callback(reference.close)
        for backend in options.backends or BACKENDS:
            reporter.step("validate", f"on {backend}")
            _check_backend(work, browsers, served, backend, first=not work.seen)
        reporter.step("validate", "against TensorFlow's answers")
        _check_against_tensorflow(work, reference)
    report = work.report
    report.browser = browsers.version
    if work.seen:
        report.selection.require_used()
    places: list[str] = list(BACKENDS)
    report.rows.sort(key=lambda row: (places.index(row.backend), GROUPS.index(row.id.split("/")[0])))
    report.seconds = time.monotonic() - begin
    return report


def _prepare(site: Site, options: Options, cache: Cache) -> _Work:
    record = site.described.for_page()
    report = Report(Selection(options.only), required=frozenset(options.backends or ("wasm",)))
    names = ("title", "generator", "precision", "backbone", "preprocess", "head")
    report.site = {name: record[name] for name in names if name in record}
    report.site["model"] = record["model"]["hash"]
    photos, refused = cases.photographs(options.photos) if options.photos else ([], [])
    pictures = [*cases.feature_pictures(), *photos]
    return _Work(site, report, cache, pictures, cases.camera_pictures(), photos, refused)


def _job(work: _Work, options: Options) -> Job:
    """What TensorFlow is asked for; nothing where no wanted row needs it."""
    wants, site = work.report.selection.any, work.site
    job = Job(width=site.width)
    if wants(*ORIGINAL_ROWS):
        try:
            job.original = find(site.described.for_page()["backbone"], work.cache, options.original)
            job.pictures = site.inputs([*work.pictures, *work.camera])
        except NotAtHand as reason:
            work.missing = str(reason)
    if wants("end-to-end/graph"):
        job.graph, job.frames = site.model, site.inputs(work.camera)
    for task in cases.TRAINING_TASKS:
        if wants(f"witness/keras/{task.name}"):
            job.heads[f"keras/{task.name}"] = task, "categorical_crossentropy"
    if wants("witness/binary"):
        job.heads["binary/two"] = _two(), "binary_crossentropy"
    return job


def _two() -> Task:
    """The task with two classes, on which both cross-entropies are one number."""
    return next(task for task in cases.TRAINING_TASKS if task.classes == 2)


# ---- in the browser ----------------------------------------------------------------------------


def _check_backend(work: _Work, browsers: Browsers, served: ServedSite, backend: str, first: bool) -> None:
    """Everything that one backend can show by itself."""
    begin, report = time.monotonic(), work.report
    with _started(browsers, served, backend) as (tab, record, ready, fault):
        report.backends.append(record)
        if fault is not None:
            _not_started(report, backend, fault)
        elif ready is not None:
            check = ready["selfCheck"]
            detail = f"{check['images']} golden images, by the site itself"
            report.check("selfcheck", backend, check["error"], GOLDEN_LIMIT, detail)
            work.seen[backend] = _check_worker(work, tab, backend, first)
            if first:
                _check_layers(work, served, tab, backend)
            if backend == "wasm":
                _check_kernels(work, tab, backend)
        record["seconds"] = round(time.monotonic() - begin, 1)


@contextlib.contextmanager
def _started(
    browsers: Browsers, served: ServedSite, backend: str
) -> Iterator[tuple[Tab, dict[str, Any], dict[str, Any] | None, PageFault | None]]:
    """A tab in which the backend runs, if it can; on the browser's own graphics before software's."""
    tab = Tab(browsers.get(software=False), served)
    software = False
    ready, fault = tab.start(backend)
    if fault and backend in ("webgl", "webgpu") and not _refused(fault):
        tab.close()
        tab, software = Tab(browsers.get(software=True), served), True
        ready, fault = tab.start(backend)
    renderer = None
    if ready and backend == "webgl":
        renderer = tab.renderer()
    elif ready and backend == "webgpu":
        renderer = "SwiftShader" if software else "the browser's own adapter"
    reason = fault.message if fault else None
    record = {"name": backend, "started": ready is not None, "reason": reason, "renderer": renderer}
    try:
        yield tab, record, ready, fault
    finally:
        tab.close()


KERNELS = ("relaxed", "simd", "stock")
"""What may compute the backbone on wasm, as the worker's `start` takes it."""


def _check_kernels(work: _Work, tab: Tab, backend: str) -> None:
    """Rows `kernels/KIND`: the golden images by each of them; only the first is what a visitor gets here."""
    report = work.report
    for kernels in KERNELS:
        row = f"kernels/{kernels}"
        if not report.selection.row(row):
            continue
        why = work.site.described.model.no_plan
        if why and kernels != "stock":
            report.skip(row, backend, why)
            continue
        ready, fault = tab.start(backend, kernels)
        if ready:
            detail = f"{ready['selfCheck']['images']} golden images, computed by {ready['kernels']['kind']}"
            report.check(row, backend, ready["selfCheck"]["error"], GOLDEN_LIMIT, detail)
        elif fault and _refused(fault):
            report.fail(row, backend, fault.message, GOLDEN_LIMIT)
        elif fault:
            report.skip(row, backend, fault.message)


def _refused(fault: PageFault) -> bool:
    """Whether the backend ran and the site's self-check did not let it."""
    return fault.is_("WorkerError", "self-check")


def _not_started(report: Report, backend: str, fault: PageFault) -> None:
    """A backend that the self-check refused computes wrong; any other is just not there."""
    if not _refused(fault):
        report.rows.append(Row("start", backend, None, None, "not started", fault.message))
        return
    error = float(fault.data["error"])
    measured = error if math.isfinite(error) else None
    detail = "the site refused to start: nothing else could be checked"
    report.rows.append(Row("selfcheck", backend, measured, GOLDEN_LIMIT, "FAILED", detail))


def _check_worker(work: _Work, tab: Tab, backend: str, first: bool) -> Seen:
    """Rows that the running worker answers; what TensorFlow has to say is compared later.

    What trains does not depend on the backend, so both engines are checked on the first one only.
    """
    engines = learning.ENGINES if first else learning.ENGINES[:1]
    report, site, wants, seen = work.report, work.site, work.report.selection.any, Seen()
    with _failing(report, "preprocess", backend):
        pixels.check_preprocessing(tab, report, backend, site)
        pixels.check_photographs(tab, report, backend, site, work.photos, work.refused)
    with _failing(report, "features", backend):
        if wants("features/golden"):
            pixels.check_golden(tab, report, backend, site)
        if wants("features/original") and not work.missing:
            seen.features = pixels.compute_features(tab, work.pictures)
    with _failing(report, "end-to-end", backend):
        if wants("end-to-end"):
            seen.chances = pixels.compute_chances(tab, site, work.camera)
    with _failing(report, "init", backend):
        learning.check_init(tab, report, backend, site)
    with _failing(report, "order", backend):
        learning.check_order(tab, report, backend)
    for engine in engines:
        with _failing(report, f"steps/{engine}", backend):
            learning.check_steps(tab, report, backend, site, engine)
        with _failing(report, f"training/{engine}", backend):
            _check_training(work, tab, backend, engine)
    with _failing(report, "classes", backend):
        learning.check_classes(tab, report, backend)
    return seen


@contextlib.contextmanager
def _failing(report: Report, row: str, backend: str) -> Iterator[None]:
    """Around checks: a worker that throws has failed them."""
    try:
        yield
    except PageError as error:
        # Whatever was wanted of these rows: a selection cannot hide it.
        report.selection.settle(row)
        report.rows.append(Row(row, backend, None, None, "FAILED", str(error)))


def _check_training(work: _Work, tab: Tab, backend: str, engine: str) -> None:
    """Rows `training/ENGINE/TASK/*`; other references are compared with the first run of each task."""
    report, wants = work.report, work.report.selection.any
    for task in cases.TRAINING_TASKS:
        row = f"training/{engine}/{task.name}"
        asked = wants(row)
        if not asked and (not wants("witness") or task.name in work.runs):
            continue
        run = learning.run_in_page(tab, task, work.site, engine)
        if run is None:
            learning.skip_runs(report, row, backend, learning.no_engine(engine))
            continue
        numpy = learning.run_in_numpy(task, work.site.width)
        if asked:
            learning.compare_runs(report, row, backend, run, numpy)
        if task.name not in work.runs:
            work.runs[task.name] = run
            learning.add_curve(report, task, f"page, {engine}", run)
            learning.add_curve(report, task, "NumPy", numpy)


def _check_layers(work: _Work, served: ServedSite, tab: Tab, backend: str) -> None:
    """Rows `witness/layers/TASK`."""
    wanted = [
        task for task in cases.TRAINING_TASKS if work.report.selection.any(f"witness/layers/{task.name}")
    ]
    if not wanted:
        return
    try:
        served.add(tf_layers_bundle(work.cache))
    except OnTheFlyError as error:
        for task in wanted:
            learning.skip_runs(
                work.report, f"witness/layers/{task.name}", backend, f"{error.what} {error.hint}"
            )
        return
    with _failing(work.report, "witness/layers", backend):
        for task in wanted:
            run = learning.run_with_layers(tab, task, work.site)
            _compare_reference(work, f"witness/layers/{task.name}", backend, task, run)
            learning.add_curve(work.report, task, "tf.layers", run)


def _compare_reference(work: _Work, row: str, backend: str, task: Task, run: Run) -> None:
    page = work.runs.get(task.name)
    if page is None:
        learning.skip_runs(work.report, row, backend, "the page's own run failed")
    else:
        learning.compare_runs(work.report, row, backend, page, run)


# ---- against TensorFlow ------------------------------------------------------------------------


def _check_against_tensorflow(work: _Work, reference: TensorFlowReference) -> None:
    wants, report, count = work.report.selection.any, work.report, len(work.pictures)
    for backend, seen in work.seen.items():
        if wants("features/original"):
            original = work.missing or reference.result("original")
            given = original if isinstance(original, str) else original[:count]
            pixels.check_original(report, backend, work.site, work.pictures, seen, given)
        if wants("end-to-end/graph"):
            graph = reference.result("graph")
            pixels.check_end_to_end(report, backend, work.site, seen, graph, "graph")
        # Rounded weights move probabilities by what a limit for features does not bound.
        if wants("end-to-end/original") and work.site.described.precision == "float32":
            original = work.missing or reference.result("original")
            given = original if isinstance(original, str) else original[count:]
            pixels.check_end_to_end(report, backend, work.site, seen, given, "original")
    if work.seen:
        _check_keras(work, reference, next(iter(work.seen)))


def _check_keras(work: _Work, reference: TensorFlowReference, backend: str) -> None:
    """Rows `witness/keras/TASK` and `witness/binary/two`, against the first backend's runs."""
    wants, report = work.report.selection.any, work.report
    wanted: list[tuple[str, str, Task]] = [
        (f"keras/{task.name}", "Keras", task)
        for task in cases.TRAINING_TASKS
        if wants(f"witness/keras/{task.name}")
    ]
    if wants("witness/binary"):
        wanted.append(("binary/two", "Keras, binary cross-entropy", _two()))
    for name, computed_by, task in wanted:
        losses = reference.result(f"{name}/losses")
        chances = reference.result(f"{name}/probabilities")
        if isinstance(losses, str) or isinstance(chances, str):
            learning.skip_runs(report, f"witness/{name}", backend, str(losses))
            continue
        run = Run([float(loss) for loss in losses], np.asarray(chances, np.float32))
        _compare_reference(work, f"witness/{name}", backend, task, run)
        learning.add_curve(report, task, computed_by, run)


def known_backends(names: Sequence[str]) -> tuple[Backend, ...]:
    """The backends that `--backend` names, each once; empty for none and for `all`."""
    if not names or "all" in names:
        return ()
    return tuple(backend for backend in BACKENDS if backend in names)
