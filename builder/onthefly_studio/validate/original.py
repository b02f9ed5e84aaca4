"""Finding the model that a site was made from, by the hash in its site.json. Opens no connection."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from onthefly_studio.cache import Cache
from onthefly_studio.errors import ConfigError, OnTheFlyError
from onthefly_studio.graph.input_range import DEFAULT, known
from onthefly_studio.report import Silent
from onthefly_studio.sources import Source, archive_cache, names_of, obtain
from onthefly_studio.sources.model_folder import holds_saved_model

Origin = dict[str, str]
"""Where the model lies, as `sources.Source.origin` and the child process have it."""


class NotAtHand(Exception):
    """The original is not on this machine; its text says so and how to get it."""


def find(backbone: dict[str, Any], cache: Cache, given: str | None = None) -> Origin:
    """The model with the very hash that the site was made from.

    Args:
        backbone: of `site.json`.
        cache: where downloads and unpacked models are kept.
        given: a value of `--backbone` that names it, from the user.

    Raises:
        NotAtHand: it is not on this machine.
        ConfigError: what the user named is something else.
    """
    own = known(backbone.get("inputRange", DEFAULT))
    origin = _find(backbone, cache, given)
    return origin if own == DEFAULT else {**origin, "input_range": own}


def _find(backbone: dict[str, Any], cache: Cache, given: str | None) -> Origin:
    sha256, kind = str(backbone["sha256"]), str(backbone["kind"])
    if given is not None:
        source = obtain(given, cache=cache, reporter=Silent(), offline=True)
        if source.sha256 != sha256:
            raise ConfigError(
                f"This is not what the site was made from: its sha256 is {source.sha256}, not {sha256}.",
                where=f"--original {given}",
                hint="Give exactly the archive or folder that the site was built from.",
            )
        return source.origin
    for value in [*names_of(kind), backbone.get("url"), backbone.get("name")]:
        if found := _obtained(value, cache, sha256):
            return found.origin
    if unpacked := _unpacked(cache, sha256):
        return {"saved_model" if holds_saved_model(unpacked) else "graph_model": str(unpacked)}
    if kind == "embedded":
        why = "the site carries another version's embedded weights; validate it with that version"
    elif "url" in backbone:
        why = f"the original is not in the cache; run `onthefly build --backbone {backbone['url']}` once"
    else:
        why = f"the original ({backbone.get('name', kind)}) is not available; give it with --original"
    raise NotAtHand(f"{why} (sha256 {sha256[:16]}…)")


def _obtained(value: object, cache: Cache, sha256: str) -> Source | None:
    """What a value of `--backbone` names, if it is here and has this hash."""
    if not isinstance(value, str):
        return None
    try:
        source = obtain(value, cache=cache, reporter=Silent(), offline=True)
    except OnTheFlyError:
        return None
    return source if source.sha256 == sha256 else None


def _unpacked(cache: Cache, sha256: str) -> Path | None:
    """A model of this hash that some build unpacked or fetched, still byte for byte what came."""
    try:
        return archive_cache.unpacked(sha256, sha256, cache)
    except OnTheFlyError:
        return None
