"""The whole build: obtain, convert and check, bundle, render, publish.

Each stage is keyed by the content it depends on, so a build redoes only what changed; the site is keyed by
what the stages made. A build with nothing to do says so without importing TensorFlow or opening a connection.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from onthefly_studio import __version__
from onthefly_studio.cache import Cache, sha256_file, sha256_text, sha256_tree
from onthefly_studio.config import Published, SiteConfig
from onthefly_studio.contract import BACKENDS
from onthefly_studio.errors import ConfigError
from onthefly_studio.graph.check import GOLDEN_LIMIT
from onthefly_studio.graph.convert import Converted, convert, require_converter
from onthefly_studio.places import LICENCES, TEMPLATES
from onthefly_studio.reference.golden import SIZE
from onthefly_studio.report import Reporter
from onthefly_studio.site import description, publish, render, theme
from onthefly_studio.site.assets import Assets, Bundled, bundling
from onthefly_studio.site.description import Asset, Backbone, Checked, Golden, Model, Preprocess, Site, Wasm
from onthefly_studio.site.offline import manifest, service_worker
from onthefly_studio.site.policy import headers_file
from onthefly_studio.site.theme import Logo
from onthefly_studio.sources import Source, describe_backbone, obtain

if TYPE_CHECKING:
    from onthefly_studio.project.starter import Starter

TRAVELLING = ("LICENSE", "NOTICE")


@dataclass(frozen=True)
class Built:
    """A finished build."""

    out: Path
    site: Site
    bytes: int
    """Size of the site's own files, measured while nobody else could be replacing them."""
    up_to_date: bool


def build(
    config: SiteConfig,
    *,
    cache: Cache,
    reporter: Reporter,
    root: Path,
    offline: bool = False,
    force: bool = False,
) -> Built:
    """Build the site.

    Args:
        config: the settings.
        cache: where downloads, conversions and bundles are kept.
        reporter: told of each stage that has work to do.
        root: relative paths in the settings are taken from here.
        offline: open no connection.
        force: build again though nothing changed, and ask the network again.

    Raises:
        OnTheFlyError: any of the stages'; the old output is then as it was.
    """
    out = root / config.out
    publish.prepare(out, cache)
    logo = theme.logo(Path(config.logo)) if config.logo else None
    starter = _starter(config)
    source = obtain(
        config.backbone,
        cache=cache,
        reporter=reporter,
        offline=offline,
        force=force,
        input_range=config.input_range,
    )
    require_converter(source, config.precision, cache)  # before the bundler starts
    with bundling(config.lang, cache, reporter) as bundled:
        converted = convert(source, config.precision, cache=cache, reporter=reporter)
        if starter:
            starter.require_fits(converted.model_hash, config.fit)
        bundles = bundled()
    key = _build_key(config, source, converted, bundles, logo, starter)
    if not force and (current := _up_to_date(out, key)) is not None:
        return current
    if not render.speaks(config.lang):
        reporter.note(f"The page has no words in the language {config.lang}; it will be in English.")
    reporter.step("publish", f"write {config.out}")
    if edited := publish.edited(out):
        reporter.note(f"Edited since the last build, and now overwritten: {publish.named(edited)}.")
    with publish.replacing(out, cache) as fresh:
        site = _write(fresh, config, source, converted, bundles, key, logo, starter)
        size = publish.size(fresh)
    return Built(out, site, size, up_to_date=False)


def _starter(config: SiteConfig) -> Starter | None:
    """The starter project, where there is one."""
    if not config.starter:
        return None
    from onthefly_studio.project.starter import read_starter  # a build without one needs none of that code

    return read_starter(Path(config.starter))


def _build_key(
    config: SiteConfig,
    source: Source,
    converted: Converted,
    bundles: Bundled,
    logo: Logo | None,
    starter: Starter | None,
) -> str:
    """Everything the bytes of a site depend on: what the stages before made, not how.

    So it is the same in a checkout and for an installed command.
    """
    settings = config.model_dump(mode="json", exclude={"out", "logo", "starter"})
    here = Path(__file__).parent
    code = [*here.glob("*.py"), *(here / "site").glob("*.py")]
    about = describe_backbone(source, converted.features)
    files = hashlib.sha256()
    for name, path in bundles.files().items():
        files.update(f"{name}\0{sha256_file(path)}\n".encode())
    return sha256_text(
        json.dumps({**settings, "classes": _classes(config)}, sort_keys=True),
        json.dumps(about, sort_keys=True),
        hashlib.sha256(logo.contents).hexdigest() if logo else "",
        starter.sha256 if starter else "",
        sha256_tree(converted.folder),
        files.hexdigest(),
        sha256_tree(TEMPLATES),
        sha256_tree(LICENCES, [LICENCES / name for name in TRAVELLING]),
        sha256_tree(here, code),
    )


def _up_to_date(out: Path, key: str) -> Built | None:
    """The site in `out`, where it was built from this very key and is untouched since."""
    try:
        if not publish.is_ours(out):
            return None
        site = description.read(out)
        if site.build == key and publish.is_intact(out):
            return Built(out, site, publish.size(out), up_to_date=True)
    except (OSError, ConfigError):  # of another version; or another build replaces it at this moment
        pass
    return None


def _write(
    folder: Path,
    config: SiteConfig,
    source: Source,
    converted: Converted,
    bundles: Bundled,
    key: str,
    logo: Logo | None,
    starter: Starter | None,
) -> Site:
    """Write the whole site into an empty folder; returns what `site.json` says."""
    assets = bundles.assets
    for name, path in bundles.files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / name)
    files = converted.model_files()
    model_folder = folder / "model" / converted.model_hash
    model_folder.mkdir(parents=True)
    for file in [*files, *filter(None, [converted.plan])]:
        shutil.copyfile(file, model_folder / file.name)
    for name in ("golden.json", "golden.bin"):
        shutil.copyfile(converted.folder / name, folder / name)
    for name in TRAVELLING:
        shutil.copyfile(LICENCES / name, folder / name)
    site = _site(config, source, converted, assets, folder, model_folder, key)
    if starter:
        url = _publish_asset(folder, "project.zip", starter.contents)
        site = site.model_copy(update={"classes": starter.classes, "starter": _asset(folder, folder / url)})
    icon = _publish_asset(folder, f"logo{logo.suffix}", logo.contents) if logo else assets["icon"]["url"]
    styles = [assets["style"]["url"]]
    if config.accent:
        styles.append(_publish_asset(folder, "theme.css", theme.css(config.accent).encode()))
    version = key[:16]
    page = render.page(site, assets["app"]["url"], styles, icon, version)
    (folder / "index.html").write_text(page, "utf-8", newline="\n")
    site.write(folder)
    (folder / "_headers").write_text(headers_file(), "utf-8", newline="\n")
    (folder / ".nojekyll").write_bytes(b"")  # else GitHub Pages leaves out files that begin with _
    # Else git on Windows checks texts out with other line ends, and they are not what their sums say.
    (folder / ".gitattributes").write_text("* -text\n", "utf-8", newline="\n")
    (folder / "manifest.webmanifest").write_text(manifest(site, icon), "utf-8", newline="\n")
    script = service_worker(folder / "sw.js", site, folder, version)
    (folder / "sw.js").write_text(script, "utf-8", newline="\n")
    publish.write_sums(folder)
    return site


def _publish_asset(folder: Path, name: str, contents: bytes) -> str:
    """Write a file whose name carries its hash; returns its URL."""
    stem, suffix = name.rsplit(".", 1)
    url = f"assets/{stem}.{hashlib.sha256(contents).hexdigest()[:10]}.{suffix}"
    (folder / url).write_bytes(contents)
    return url


def _asset(root: Path, path: Path) -> Asset:
    url = path.relative_to(root).as_posix()
    return Asset(url=url, sha256=sha256_file(path), bytes=path.stat().st_size)


def _site(
    config: SiteConfig,
    source: Source,
    converted: Converted,
    assets: Assets,
    root: Path,
    model_folder: Path,
    key: str,
) -> Site:
    """What the site says of itself."""
    graph, *shards = (_asset(root, model_folder / file.name) for file in converted.model_files())
    plan = _asset(root, model_folder / converted.plan.name) if converted.plan else None
    return Site(
        **{name: getattr(config, name) for name in Published.model_fields},
        generator=f"{description.GENERATOR}{__version__}",
        classes=_classes(config),
        preprocess=Preprocess(size=SIZE, fit=config.fit),
        backbone=Backbone.model_validate(describe_backbone(source, converted.features)),
        model=Model(hash=model_folder.name, graph=graph, shards=shards, plan=plan, no_plan=converted.no_plan),
        golden=Golden(
            index=_asset(root, root / "golden.json"),
            features=_asset(root, root / "golden.bin"),
            limit=GOLDEN_LIMIT,
        ),
        workers={name: Asset.model_validate(assets["workers"][name]) for name in BACKENDS},
        wasm=Wasm.model_validate(assets["wasm"]),
        build=key,
        checked_with=converted.checked_with,
        check=[Checked(image=row.image, error=row.error, limit=row.limit) for row in converted.rows],
    )


def _classes(config: SiteConfig) -> list[str]:
    """The names that a visitor starts with: the publisher's, or numbers in the page's language."""
    if "classes" in config.model_fields_set:
        return config.classes
    pattern = render.words(config.lang)["class"]
    return [pattern.replace("{number}", str(i)) for i in range(1, len(config.classes) + 1)]
