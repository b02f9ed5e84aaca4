"""The first stage: from the value of `--backbone` to weights on this machine.

What is fetched is trusted the first time and has to stay the same ever after (`trust.py`). For what the cache
already holds, no network library is imported.

A handle's way, from top to bottom:

    obtain (here)           which kind of source a value is for
    hub.py, url.py, …       what is special to that kind
    remote.py               a model at an address: here already, in another program's cache, or fetched
      foreign_caches.py     what tensorflow_hub and kagglehub have downloaded
      download.py           over https into a part file, resumed where it was cut off
      trust.py              is it what it was the first time?
      archive_cache.py      unpacked into the cache (unpack.py)
      model_folder.py       which format the folder holds

A ready-made TensorFlow.js graph goes through graph_url.py and graph_address.py (where to ask for it), and
then the same way, or if there is no archive of it, file by file through graph_folder.py.

**To add a source**, write one module in this folder and put it into `KINDS`. The module has what
`source.SourceKind` lists: `KIND`, `NAMES`, `ACCEPTS`, `takes` and `obtain`. `embedded.py` is the shortest.
It returns a `Source` that names a folder or file in one of the formats that `tensorflow/child.py` reads
(`Source.origin`), with the hash that identifies it. For an archive behind an address, `remote.nearest` does
all of the work. Messages, `onthefly validate` and `site.json` follow from the list; the README's table of
backbones is for people, and is written by hand.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from onthefly_studio.cache import Cache
from onthefly_studio.errors import ConfigError
from onthefly_studio.graph.input_range import DEFAULT, InputRange
from onthefly_studio.report import Reporter
from onthefly_studio.sources import (
    archive,
    auto,
    embedded,
    folder,
    graph_url,
    hub,
    keras,
    other_formats,
    url,
)
from onthefly_studio.sources.addresses import ARCHIVES
from onthefly_studio.sources.source import Context, Source, SourceKind, describe_backbone, existing_path

__all__ = ["ACCEPTED", "KINDS", "Source", "describe_backbone", "names_of", "obtain"]

KINDS: tuple[SourceKind, ...] = (auto, hub, keras, embedded, graph_url, url, archive, folder)
"""Every kind of source, in the order in which a value is put to them."""

_NAMES = [name for kind in KINDS for name in kind.NAMES]
_CHOICES = [*_NAMES, *(words for kind in KINDS for words in kind.ACCEPTS)]
ACCEPTED = f"{', '.join(_CHOICES[:-1])}, or {_CHOICES[-1]}"
"""What `--backbone` takes, in words that follow `Pass `."""


def names_of(kind: str) -> tuple[str, ...]:
    """The values of `--backbone` that stand by name for weights of a kind, as `site.json` has it."""
    return tuple(name for each in KINDS if kind == each.KIND for name in each.NAMES)


def obtain(
    backbone: str,
    *,
    cache: Cache,
    reporter: Reporter,
    offline: bool = False,
    force: bool = False,
    input_range: InputRange = DEFAULT,
) -> Source:
    """Find or fetch the weights that a value of `--backbone` names.

    Args:
        backbone: `auto`, `hub`, `keras` or `keras:NETWORK`, `embedded`, a URL, or the path of a
            `.tar.gz` or a folder.
        cache: where downloads, their hashes and unpacked models are kept.
        reporter: told of downloads, of a module found elsewhere, and of `auto`'s falling back.
        offline: open no connection; what the caches do not hold is an error (`auto`: embedded).
        force: let `auto` ask a place although it did not answer within the last hour.
        input_range: what the model reads pictures in, for one that the user brings.

    Raises:
        ConfigError: the value names nothing that is accepted, or another range than it has.
        SourceError: the source cannot be reached, read or trusted.
        OutputError: the cache cannot be written.
    """
    if input_range != DEFAULT and backbone in _NAMES:
        raise ConfigError(
            f"The weights of `{backbone}` read pictures in [0, 1].",
            where=f"--input-range {input_range}",
            hint="Omit it: it is for a model of your own, given by its path or address.",
        )
    context = Context(cache, reporter, offline, force, ACCEPTED)
    for kind in KINDS:
        if kind.takes(backbone):
            return replace(kind.obtain(backbone, context), input_range=input_range)
    raise _not_accepted(backbone, existing_path(backbone))


def _not_accepted(backbone: str, path: Path | None) -> ConfigError:
    import difflib  # 8 ms, for a message only

    near = difflib.get_close_matches(backbone.lower(), _NAMES, n=1, cutoff=0.5)
    hint = f"Pass {ACCEPTED}."
    if path and path.exists():
        what = "The file is not a .tar.gz or .tgz."
        if path.is_file() and (found := other_formats.of_file(path)):
            what, hint = (
                f"The file is not a .tar.gz or .tgz, but {found.what}.",
                f"{found.hint}. Or pass {ACCEPTED}.",
            )
    elif "/" in backbone or os.sep in backbone or backbone.lower().endswith(ARCHIVES):
        what = "There is no such file or folder."
    else:
        what = "There is no such backbone." + (f" Did you mean `{near[0]}`?" if near else "")
    return ConfigError(what, where=f"--backbone {backbone!r}", hint=hint)
