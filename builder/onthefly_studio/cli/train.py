"""`onthefly train`: a folder of photographs to a project that the page imports."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from onthefly_studio import extras, file_system
from onthefly_studio.contract import FITS, HEAD, PRECISIONS
from onthefly_studio.errors import ConfigError, OutputError
from onthefly_studio.graph.input_range import CHOICES, DEFAULT

if TYPE_CHECKING:
    from onthefly_studio.project.train import Target
    from onthefly_studio.reference.training import HeadSettings

DEFAULT_SITE = Path("dist")


def _within(name: str) -> click.IntRange | click.FloatRange:
    """The bounds of a setting of `[head]`, as click checks them."""
    _, least, most, whole, exclusive = HEAD[name]
    if whole:
        return click.IntRange(int(least), int(most), min_open=exclusive)
    return click.FloatRange(least, most, min_open=exclusive)


@click.command("train")
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The project.zip to write.")
@click.option(
    "--site",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The built site that will import it.  [default: dist, if it is there]",
)
@click.option(
    "--backbone", help="Instead of --site: the backbone, as `onthefly build` takes it.  [default: auto]"
)
@click.option(
    "--input-range",
    type=click.Choice(CHOICES),
    help="With --backbone, as in build.  [default: 0-1]",
)
@click.option(
    "--precision",
    type=click.Choice(PRECISIONS),
    help="With --backbone, as in build.  [default: float16]",
)
@click.option("--fit", type=click.Choice(FITS), help="With --backbone.  [default: crop]")
@click.option("--offline", is_flag=True, help="With --backbone: open no connection.")
@click.option("--hidden", type=_within("hidden"), help="Units of the hidden layer.")
@click.option("--epochs", type=_within("epochs"), help="Times that training goes over all photos.")
@click.option("--batch", type=_within("batch"), help="Photos per step of training.")
@click.option("--rate", type=_within("rate"), help="Adam's learning rate.")
@click.option("--seed", type=_within("seed"), help="Start of the random numbers.")
@click.option("--strict", is_flag=True, help="Stop rather than leave a picture out.")
@click.option(
    "--runner",
    type=click.Choice(["local", "beam"]),
    default="local",
    show_default=True,
    help="What embeds the photos: one process, or a pipeline of Apache Beam.",
)
def command(folder: Path, out: Path, strict: bool, runner: str, **options: Any) -> None:
    """Train the head on FOLDER, which has a folder of photographs for each class, and write a project.

    Preprocessing, backbone and training are the same as on the page; the page imports the result, and
    `onthefly verify` reproduces it. Settings that are not given are the site's. Pictures in sub-folders of a
    class's folder belong to that class; files that are left out are listed.
    """
    # Only here: --help needs no NumPy.
    from onthefly_studio.cache import Cache
    from onthefly_studio.cli.report import ConsoleReporter
    from onthefly_studio.project.embed import embedder
    from onthefly_studio.project.folders import unreadable
    from onthefly_studio.project.format.write import write
    from onthefly_studio.project.train import of_site, photographs, require_room, teach
    from onthefly_studio.reference.training import HeadSettings
    from onthefly_studio.text import printable

    # What can be refused is refused before anything takes its time.
    _require_place(out)
    site = _site(options)
    if runner == "beam":
        from onthefly_studio.project import beam

        extras.require("beam", "--runner beam")
    reporter = ConsoleReporter()
    found = photographs(folder)
    target = None if site is None else of_site(site, cache=Cache(), reporter=reporter)
    settings = _settings(target.settings if target else HeadSettings(), options)
    feature_bytes = 4 * len(found.pictures) * (target.backbone.features if target else 1)
    require_room(len(found.pictures), settings, feature_bytes)
    if strict:
        found.without(unreadable(found.pictures)).require_all()
    target = target or _of_backbone(options, reporter)
    make = beam.embedder if runner == "beam" else embedder
    embed = make(target.model, target.backbone, target.preprocess)
    project, left_out = teach(found, target, settings, embed, reporter)
    moment = datetime.now(timezone.utc)
    _write(out, write(project, model_name=printable(folder.absolute().name), time_stamp=moment))
    for line in left_out.lines():
        reporter.note(line)
    assert project.head is not None
    last = project.head.history[-1]
    click.echo(
        f"{out} is written: {len(project.examples)} photos, {len(project.head.classes)} classes, for sites "
        f"with {target.backbone.name} ({target.backbone.precision}, {target.backbone.model_hash}); "
        f"in the last epoch loss {last.loss:.4f}, accuracy {last.accuracy:.3f}."
    )
    if counts := left_out.counts():
        click.echo(counts)


def _settings(given: HeadSettings, options: dict[str, Any]) -> HeadSettings:
    names = ("hidden", "epochs", "batch", "rate", "seed")
    return replace(given, **{name: options[name] for name in names if options[name] is not None})


def _site(options: dict[str, Any]) -> Path | None:
    """The built site to take the backbone from, where it is one."""
    from onthefly_studio.site.publish import is_ours

    site: Path | None = options["site"]
    backbone = options["backbone"]
    building = {name for name in ("input_range", "precision", "fit") if options[name] is not None}
    if site and (backbone or building):
        raise ConfigError(
            "A site has its own backbone, precision and fit.",
            where="--site",
            hint="Give either --site or --backbone.",
        )
    if site is None and backbone is None and not building and is_ours(DEFAULT_SITE):
        return DEFAULT_SITE
    return site


def _of_backbone(options: dict[str, Any], reporter: Any) -> Target:
    """The target of a site that would be built; its settings are the standard ones."""
    from onthefly_studio.cache import Cache
    from onthefly_studio.project.train import of_backbone

    return of_backbone(
        options["backbone"] or "auto",
        options["precision"] or "float16",
        options["fit"] or "crop",
        cache=Cache(),
        reporter=reporter,
        offline=options["offline"],
        input_range=options["input_range"] or DEFAULT,
    )


def _require_place(out: Path) -> None:
    """Check that a file can be written there, and that the page will take it."""
    from onthefly_studio.cache import disk_reason

    if out.suffix.lower() != ".zip":
        raise ConfigError(
            "The page imports files that end in .zip.", where=f"--out {out}", hint=f"--out {out}.zip"
        )
    if out.is_dir():
        raise OutputError(
            "There is a folder with this name.",
            where=str(out),
            hint="Give the file to write, such as --out project.zip.",
        )
    place = next(folder for folder in out.absolute().parents if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        raise _unwritten(out, disk_reason(error)) from error


def _unwritten(out: Path, why: str) -> OutputError:
    return OutputError(
        f"The project cannot be written ({why}).",
        where=str(out),
        hint="Free up space or allow writing there, or choose another place with --out.",
    )


def _write(out: Path, contents: bytes) -> None:
    """Put a file in its place, whole or not at all."""
    from onthefly_studio.cache import disk_reason

    fresh = out.with_name(f".{out.name}.new")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(contents)
        file_system.replace(fresh, out)
    except OSError as error:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise _unwritten(out, disk_reason(error)) from error
